# Stops what runs in the folder $1 and removes it, once nobody holds the other end of the standard input open.
# What runs in a folder has its number in NAME.pid there, and names the folder in its arguments.

runs() {
    { tr '\0' ' ' <"/proc/$1/cmdline" || ps -o args= -p "$1"; } 2>/dev/null | grep -qF "$2"
}

clean() {
    for file in "$1"/*.pid; do
        pid=
        read -r pid <"$file" || [ -n "$pid" ] || continue
        tries=0
        while runs "$pid" "$1"; do
            case $tries in
                0) kill -QUIT "$pid" ;;
                100) kill -KILL "$pid" ;;
                200) break ;;
            esac
            tries=$((tries + 1))
            sleep 0.1
        done
    done
    # A server that was killed leaves the mark by which another one would know that its sessions are still there.
    mark="$1/data/postmaster.pid"
    [ ! -e "$mark" ] || ipcrm -m "$(sed -n '7s/.* //p' "$mark")"
    # Somebody may still write.
    tries=0
    until rm -rf "$1" && [ ! -e "$1" ] || [ $tries = 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
}

trap : HUP INT TERM

# Left by those who died together with their janitor.
for other in "${1%/*}"/invite-postgres-*; do
    owner=${other##*/invite-postgres-}
    owner=${owner%%-*}
    case $owner in
        '' | *[!0-9]*) continue ;;
    esac
    kill -0 "$owner" || [ -e "/proc/$owner" ] || clean "$other"
done

read -r _
clean "$1"
