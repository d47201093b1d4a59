//! The host: what wires the crates together, and what a host of its own would do otherwise.

use std::fs::DirBuilder;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use invite::core::Principal;
use invite::mailer::Sender;
use invite::{
    AccessModel, Acting, Among, Called, Directory, DirectoryError, EmailAddress, Entropy as _, GroupId,
    InvalidEmail, InvitationFilter, InvitationId, Invitations, Invitee, Key, Keyring, LinkFilter, LinkId,
    OrganizationHandle, Page, PageRequest, Person, RequestId, RoleName, SystemEntropy, UserId, WhichLinks,
};
use invite_memory::EmlMailer;
use invite_sqlite::SqliteStorage;

use crate::args::Given;
use crate::failure::Failure;

/// Where links lead. A real host has a page there, which reads the token out of the fragment.
const BASE_URL: &str = "https://team.example/join";
/// Below which pages lie that somebody goes on to after accepting.
const CONTINUE_URL: &str = "https://team.example/";
const SENDER: &str = "Team <no-reply@team.example>";
const KEY_ID: u32 = 1;

/// The service on the data folder.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) invite: Invitations,
    folder: PathBuf,
}

impl Host {
    /// Opens the data folder that an earlier command made.
    pub(crate) async fn open(given: &Given) -> Result<Self, Failure> {
        let folder = folder(given);
        if !folder.join("team.db").is_file() {
            let message = format!("there is no team in {}", folder.display());
            return Err(Failure::input(
                message,
                "name its folder with --data DIR, or begin with `team create` (see `team help create`)",
            ));
        }
        let key = read_key(&folder.join("key"))?.ok_or_else(|| {
            Failure::input(
                format!("{} is missing", folder.join("key").display()),
                "put it back: every link mailed so far is dead without it. If it is lost, write a new one \
                 there (`openssl rand -hex 32`) and send all invitations again",
            )
        })?;
        Self::start(folder, key).await
    }

    /// Opens the data folder, and makes it if it is not there yet.
    pub(crate) async fn open_or_make(given: &Given) -> Result<Self, Failure> {
        let folder = folder(given);
        if folder.join("team.db").is_file() {
            return Self::open(given).await;
        }
        private_folder()
            .create(&folder)
            .map_err(|why| Failure::broken(format!("cannot make {}", folder.display()), &why))?;
        // The key first: a database without its key is one whose key was lost.
        let path = folder.join("key");
        let key = match read_key(&path)? {
            Some(key) => key,
            None => make_key(&folder, &path)?,
        };
        Self::start(folder, key).await
    }

    async fn start(folder: PathBuf, key: Key) -> Result<Self, Failure> {
        let storage = SqliteStorage::open(folder.join("team.db"))?;
        storage.migrate().await?;
        let invite = Invitations::builder(storage, AccessModel::preset(), Keyring::new(KEY_ID, key))
            .base_url(BASE_URL)
            .continue_url(CONTINUE_URL)
            .directory(IdsAreNames)
            .build()?;
        Ok(Self { invite, folder })
    }

    /// The folder of the mails that were sent.
    pub(crate) fn mail_folder(&self) -> PathBuf {
        self.folder.join("mail")
    }

    /// Writes mails into the folder.
    pub(crate) fn mailer(&self) -> Result<EmlMailer, Failure> {
        let sender = Sender::parse(SENDER).map_err(|why| Failure::broken("the sender", &why))?;
        Ok(EmlMailer::new(self.mail_folder(), sender))
    }

    /// Who acts, in the organization that is meant.
    pub(crate) async fn acting(&self, given: &Given) -> Result<Acting, Failure> {
        let user = user(given)?;
        if let Some(organization) = given.one("org") {
            return Ok(self.invite.organization(organization).by(user));
        }
        let memberships = self.invite.memberships(user.clone(), &PageRequest::default()).await?;
        match memberships.items.as_slice() {
            [one] => Ok(self.invite.organization(one.organization.clone()).by(user)),
            [] => Err(Failure::input(
                format!("{user} is a member of no organization here"),
                "say which one is meant with --org ID, act as somebody else with --as USER, or begin with `team create`",
            )),
            many => {
                let ids = many.iter().map(|one| one.organization.as_str()).collect::<Vec<_>>().join(", ");
                let message = format!("{user} is a member of several organizations");
                Err(Failure::input(message, format!("say which one with --org: {ids}")))
            }
        }
    }

    /// What a rule said, and the roles that there are if one was named that there is not.
    pub(crate) fn naming_roles(&self, why: impl Into<Failure>) -> Failure {
        let mut why = why.into();
        if let Failure::Refused { code: "unknown-role", remedy, .. } = &mut why {
            remedy.push_str(&format!("; the roles are: {}", self.roles()));
        }
        why
    }

    /// The roles that there are to grant.
    pub(crate) fn roles(&self) -> String {
        let roles = self.invite.model().roles().map(|role| role.name());
        roles.filter(|role| **role != RoleName::OWNER).map(RoleName::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// People's addresses lie in it, so nobody else looks in.
fn private_folder() -> DirBuilder {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
}

fn folder(given: &Given) -> PathBuf {
    PathBuf::from(given.one("data").unwrap_or("team-data"))
}

/// Who acts. A real host knows from its sign-in.
pub(crate) fn user(given: &Given) -> Result<UserId, Failure> {
    let named = given.one("as").map(str::to_owned);
    let named = named.or_else(|| std::env::var("TEAM_USER").ok()).filter(|user| !user.is_empty());
    let named = named.ok_or_else(|| {
        Failure::input("it was not said who acts", "add --as USER, or set TEAM_USER to a user")
    })?;
    UserId::parse(named).map_err(|why| Failure::input(why.to_string(), "give another one with --as USER"))
}

/// Who acts, with the addresses that this host vouches for. A real host vouches for what it has verified.
pub(crate) fn principal(given: &Given) -> Result<invite::Principal, Failure> {
    let mut principal = Principal::new(user(given)?);
    for address in given.all("vouch") {
        let bad = |why: InvalidEmail| {
            Failure::input(format!("--vouch {address}: {why}"), "give an address, like bob@example.com")
        };
        principal = principal.vouching(EmailAddress::parse(address).map_err(bad)?);
    }
    Ok(principal.into())
}

/// The invitation that is meant: by its id, or the newest one to an address.
pub(crate) async fn invitation(acting: &Acting, named: &str) -> Result<InvitationId, Failure> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let address = EmailAddress::parse(named).map_err(|why| {
        let message = format!("`{named}` is neither the id of an invitation nor an address: {why}");
        Failure::input(message, "take one of both from `team invitations`")
    })?;
    let mut request = PageRequest::first(PageRequest::MAX_ROWS);
    loop {
        let page = acting.invitations(&InvitationFilter::default(), &request).await?;
        let mut found = page.items.iter().map(|entry| &entry.invitation);
        if let Some(invitation) = found.find(|invitation| invitation.invitee.address() == Some(&address)) {
            return Ok(invitation.id);
        }
        let Some(cursor) = page.next_cursor else { break };
        request = request.after(cursor);
    }
    Err(Failure::input(format!("nobody invited {named}"), "see `team invitations` for who was invited"))
}

impl Host {
    /// The organization that somebody asked to join.
    pub(crate) async fn asked(&self, user: &UserId, id: RequestId) -> Result<OrganizationHandle, Failure> {
        let read = async |request: &PageRequest| self.invite.requests_by(user.clone(), request).await;
        let (asked, _) = up_to(usize::MAX, read).await?;
        let found = asked.into_iter().find(|entry| entry.request.id == id);
        let organization = found.map(|entry| entry.organization).ok_or_else(|| {
            Failure::input(format!("{user} has made no request {id}"), "see `team requests` for their ids")
        })?;
        Ok(self.invite.organization(organization))
    }
}

/// The invite link that is meant: by its id, or by its name, if one link that did not end has it.
pub(crate) async fn link(acting: &Acting, named: &str) -> Result<LinkId, Failure> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let filter = LinkFilter { which: WhichLinks::Kept, ..LinkFilter::default() };
    let read = async |request: &PageRequest| acting.links(&filter, request).await;
    let (links, _) = up_to(usize::MAX, read).await?;
    let found = links.iter().filter(|link| link.settings.name() == named).collect::<Vec<_>>();
    match found.as_slice() {
        [one] => Ok(one.id),
        [] => Err(Failure::input(
            format!("there is no link called `{named}`"),
            "take an id or a name from `team links`",
        )),
        _ => Err(Failure::input(
            format!("several links are called `{named}`"),
            "say which one by its id, from `team links`",
        )),
    }
}

/// An address or a user, as it was typed.
pub(crate) fn invitee(named: &str) -> Result<Invitee, Failure> {
    let bad = |why: String, remedy: &str| Failure::input(format!("{named}: {why}"), remedy);
    if named.contains('@') {
        let address =
            EmailAddress::parse(named).map_err(|why| bad(why.to_string(), "correct the address"))?;
        return Ok(address.into());
    }
    let user = UserId::parse(named).map_err(|why| bad(why.to_string(), "name an address or a user"))?;
    Ok(user.into())
}

/// A group's id, as it was typed.
pub(crate) fn group(named: &str) -> Result<GroupId, Failure> {
    GroupId::parse(named).map_err(|why| Failure::input(why.to_string(), "take one from `team groups`"))
}

/// The ids of the groups that were named with `--group`.
pub(crate) fn groups(given: &Given) -> Result<Vec<GroupId>, Failure> {
    given.all("group").map(group).collect()
}

/// The first rows of a list, page by page, and whether there are more.
pub(crate) async fn up_to<T>(
    limit: usize,
    read: impl AsyncFn(&PageRequest) -> Result<Page<T>, invite::Error>,
) -> Result<(Vec<T>, bool), Failure> {
    let (mut rows, mut request) = (Vec::new(), PageRequest::first(PageRequest::MAX_ROWS));
    loop {
        let page = read(&request).await?;
        rows.extend(page.items);
        match page.next_cursor {
            Some(cursor) if rows.len() < limit => request = request.after(cursor),
            next => {
                let more = next.is_some() || rows.len() > limit;
                rows.truncate(limit);
                return Ok((rows, more));
            }
        }
    }
}

fn read_key(path: &Path) -> Result<Option<Key>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(Failure::broken(format!("cannot read {}", path.display()), &why)),
    };
    let bad = |why: &dyn std::error::Error| {
        let message = format!("{} holds no key: {why}", path.display());
        Failure::input(message, "put the right file back: it has 64 hexadecimal digits")
    };
    Key::parse(text.trim()).map(Some).map_err(|why| bad(&why))
}

/// Makes a key that only its owner can read. Of two processes that do so at once, the first one's key holds.
fn make_key(folder: &Path, path: &Path) -> Result<Key, Failure> {
    let mut bytes = [0; 32];
    SystemEntropy.fill(&mut bytes).map_err(|why| Failure::broken("cannot make a key", &why))?;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let broken = |why: &std::io::Error| Failure::broken(format!("cannot write {}", path.display()), why);
    // A temporary file is made with 0600, and appears under its name whole or not at all.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|why| broken(&why))?;
    writeln!(file, "{digits}").and_then(|()| file.as_file().sync_all()).map_err(|why| broken(&why))?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(there) if there.error.kind() == ErrorKind::AlreadyExists => {}
        Err(why) => return Err(broken(&why.error)),
    }
    read_key(path)?.ok_or_else(|| Failure::input("the key was deleted", "try again"))
}

/// This program has no users of its own: whoever is named with `--as` is one, and the id is the name.
#[derive(Debug)]
struct IdsAreNames;

#[async_trait::async_trait]
impl Directory for IdsAreNames {
    async fn name(&self, user: &UserId) -> Result<Option<String>, DirectoryError> {
        Ok(Some(user.as_str().to_owned()))
    }

    async fn called(&self, name: &str) -> Result<Called, DirectoryError> {
        Ok(UserId::parse(name).map_or(Called::Nobody, Called::One))
    }

    async fn complete(
        &self,
        typed: &str,
        among: Among<'_>,
        limit: usize,
    ) -> Result<Vec<Person>, DirectoryError> {
        let users = match among {
            Among::These(users) => users,
            Among::Everybody => &[],
        };
        let person = |user: &UserId| Person { user: user.clone(), name: user.as_str().to_owned() };
        let matching = users.iter().filter(|user| user.as_str().starts_with(typed));
        Ok(matching.map(person).take(limit).collect())
    }

    async fn address(&self, _user: &UserId) -> Result<Option<EmailAddress>, DirectoryError> {
        Ok(None)
    }

    async fn account(&self, _address: &EmailAddress) -> Result<Option<UserId>, DirectoryError> {
        Ok(None)
    }

    async fn has_account(&self, _address: &EmailAddress) -> Result<Option<bool>, DirectoryError> {
        Ok(None)
    }
}
