# Kills the process $1 and its children at once. It is stopped first, so that it has no others by then; and they are killed
# before it, so that none notices its end.

kill -s STOP "$1" || exit
children=$(cat "/proc/$1/task/$1/children" 2>/dev/null || ps -A -o ppid= -o pid= | sed -n "s/^ *$1  *//p")
# Those that have ended meanwhile are no matter.
# shellcheck disable=SC2086
kill -s KILL $children "$1" || kill -s KILL "$1"
