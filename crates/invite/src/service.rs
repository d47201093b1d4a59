//! The service.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Accept, AccessModel, AccountKnown, Actor, AskToJoin, CommonFreeMail, ContinueUrls,
    CreateOrganizationRefused, Decline, Erase, EraseRefused, Erased, FreeMail, InvalidId, JoinByLink,
    Operation, OrganizationId, Plan, Preview, PreviewRefused, PreviewToken, Questions, Rate, Settings, Stop,
    Token, TooManyQuestions, Unsubscribe, UserId,
};
use invite_mailer::{BaseUrl, BuiltInTemplates, Mailer, Templates};
use invite_storage::{Membership, RequestEntry, Storage};

use crate::clock::{Clock, SystemClock};
use crate::command::Command;
use crate::courier::Courier;
use crate::directory::{Directory, NoDirectory};
use crate::engine::Engine;
use crate::entropy::{Entropy, SystemEntropy};
use crate::error::{AnyRefusal, BuildError, Error, InvalidInput};
use crate::handle::{OrganizationHandle, into_id};
use crate::keyring::Keyring;
use crate::pages::{Page, PageRequest, page};
use crate::principal::Principal;
use crate::queue::Queues;

/// The service: what a host calls. Cheap to clone; clones are the same service.
///
/// See the [crate's documentation](crate) for a program.
#[derive(Clone)]
pub struct Invitations {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) queues: Arc<Queues>,
    pub(crate) base_url: BaseUrl,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) templates: Arc<dyn Templates>,
    questions: Option<Mutex<Questions>>,
}

impl Inner {
    /// Counts what somebody asks of the directory.
    pub(crate) fn ask(&self, who: &Actor, count: usize, now: DateTime<Utc>) -> Result<(), TooManyQuestions> {
        let Some(questions) = &self.questions else { return Ok(()) };
        questions.lock().unwrap_or_else(PoisonError::into_inner).ask(who, count, now)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.queues.engine
    }
}

impl Invitations {
    /// Starts a service on a store, with the host's access model and keys.
    pub fn builder(
        storage: impl Storage,
        model: AccessModel,
        keyring: impl Into<Keyring>,
    ) -> InvitationsBuilder {
        InvitationsBuilder {
            storage: Arc::new(storage),
            model,
            keyring: keyring.into(),
            base_url: None,
            continue_urls: Vec::new(),
            directory: Arc::new(NoDirectory),
            templates: Arc::new(BuiltInTemplates),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            free_mail: Arc::new(CommonFreeMail),
            directory_rate: Rate::per(1_000, TimeDelta::hours(1)),
        }
    }

    /// The access model.
    #[must_use]
    pub fn model(&self) -> &AccessModel {
        &self.inner.engine().model
    }

    /// A handle on an organization. Whether there is one of that id shows when it is used.
    pub fn organization<I>(&self, id: I) -> OrganizationHandle
    where
        I: TryInto<OrganizationId>,
        I::Error: Into<InvalidId>,
    {
        OrganizationHandle::new(self.clone(), into_id(id))
    }

    /// Creates an organization with its first owner, and gives a handle on it.
    ///
    /// For settings beyond the name, or an idempotency key, see [`OrganizationHandle::create`].
    ///
    /// # Errors
    /// [`Error`]
    pub async fn create_organization<I, U>(
        &self,
        id: I,
        name: impl Into<String>,
        owner: U,
        plan: Plan,
    ) -> Result<OrganizationHandle, Error<CreateOrganizationRefused>>
    where
        I: TryInto<OrganizationId>,
        I::Error: Into<InvalidId>,
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let handle = self.organization(id);
        let owner = into_id(owner)?;
        handle.create(Settings::named(name), owner, plan).await?;
        Ok(handle)
    }

    /// Accepts an invitation, or an offer of ownership, by a token out of a link.
    pub fn accept(&self, token: &Token, principal: impl Into<Principal>) -> Command<Accept> {
        let token = token.clone();
        let organization = token.organization().clone();
        self.answer(Ok(organization), principal, |principal| Ok(Accept::token(token, principal)))
    }

    /// Declines an invitation by a token out of a link.
    pub fn decline(&self, token: &Token, principal: impl Into<Principal>) -> Command<Decline> {
        let token = token.clone();
        let organization = token.organization().clone();
        self.answer(Ok(organization), principal, |principal| Ok(Decline::token(token, principal)))
    }

    /// Joins by an invite link (B4).
    pub fn join(&self, token: &Token, principal: impl Into<Principal>) -> Command<JoinByLink> {
        let token = token.clone();
        let organization = token.organization().clone();
        self.answer(Ok(organization), principal, |principal| Ok(JoinByLink::new(token, principal)))
    }

    /// Asks to join by an invite link that needs approval (B2). A name, and a word to those who decide, go through
    /// [`Command::with`].
    pub fn ask_to_join(&self, token: &Token, principal: impl Into<Principal>) -> Command<AskToJoin> {
        let token = token.clone();
        let organization = token.organization().clone();
        self.answer(Ok(organization), principal, |principal| Ok(AskToJoin::link(token, principal)))
    }

    /// What a token is, and what to do next. Changes nothing, so a mail scanner may follow a link as often as it
    /// likes (LNK-1). `principal` is who is signed in, if anybody is.
    ///
    /// # Errors
    /// [`Error::Refused`] with the same refusal for everything that we did not issue (PRI-1).
    pub async fn preview(
        &self,
        token: &Token,
        principal: Option<Principal>,
    ) -> Result<Preview, Error<PreviewRefused>> {
        let engine = self.inner.engine();
        let mut asked = PreviewToken::new(token.clone());
        if let Some(principal) = principal {
            asked = asked.by(principal.checked()?);
        }
        let draft = engine.look(token.organization(), &asked.reads()).await?;
        let host = engine.host();
        let known = match asked.mailed_address(&host, &draft).map_err(stopped)? {
            Some(address) => match self.inner.directory.has_account(&address).await? {
                Some(true) => AccountKnown::Yes,
                Some(false) => AccountKnown::No,
                None => AccountKnown::Unsaid,
            },
            None => AccountKnown::Unsaid,
        };
        asked.decide(&host, &draft, known).map_err(stopped)
    }

    /// Stops mail by the token of an unsubscribe link. Ends no invitation (IDN-3).
    pub fn unsubscribe(&self, token: &Token) -> Command<Unsubscribe> {
        let organization = Ok(token.organization().clone());
        let operation = Ok(Unsubscribe::new(token.clone()));
        Command::new(&self.inner.queues, organization, Ok(Actor::System), operation)
    }

    /// A user's memberships in all organizations, the longest standing first, with what they hold now (F22). One that is
    /// past its time is left out, written down or not, so that a page may be shorter than asked for (F14).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn memberships<U>(&self, user: U, request: &PageRequest) -> Result<Page<Membership>, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let user: UserId = into_id(user)?;
        let storage = &self.inner.engine().storage;
        let now = self.inner.engine().now()?;
        let read = async |seek| storage.memberships(&user, &seek).await;
        let Page { items, next_cursor } = page::<_, AnyRefusal>("memberships", &user, request, read).await?;
        let as_of_now = |row: Membership| Some(Membership { member: row.member.clone().as_of(now)?, ..row });
        Ok(Page { items: items.into_iter().filter_map(as_of_now).collect(), next_cursor })
    }

    /// What a user asked for, or proposed, in all organizations and whatever became of it, the newest first.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn requests_by<U>(&self, user: U, request: &PageRequest) -> Result<Page<RequestEntry>, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let user: UserId = into_id(user)?;
        let storage = &self.inner.engine().storage;
        page("requests-by", &user, request, async |seek| storage.requests_by(&user, &seek).await).await
    }

    /// Erases what is kept about a person in all organizations, a step at a time (PRI-6): one command in the first
    /// organization behind `after` that holds something; see [`Erase`] for what it does, and for what is kept.
    ///
    /// `None` when no organization is left. Else the next call goes on from the [`after`](ErasedIn::after) of what came
    /// of it; a host that was interrupted goes on from the last one it knows, or from the beginning.
    ///
    /// ```
    /// # use invite::{Erase, Invitations, Invitee};
    /// # async fn erase_all(invite: Invitations, person: impl Into<Invitee>) -> Result<(), invite::Error> {
    /// let (person, mut after) = (Erase::new(person), None);
    /// while let Some(step) = invite.erase(&person, after.as_ref()).await? {
    ///     after = step.after;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error`]
    pub async fn erase(
        &self,
        person: &Erase,
        after: Option<&OrganizationId>,
    ) -> Result<Option<ErasedIn>, Error<EraseRefused>> {
        let names = person.person().iter().cloned().collect::<Vec<_>>();
        let holders = self.inner.engine().storage.holders(&names, after, 1).await?;
        let Some(organization) = holders.into_iter().next() else {
            if person.drops_blocks() {
                self.inner.engine().storage.block_everywhere(&names, None).await?;
            }
            return Ok(None);
        };
        if person.drops_blocks() {
            // Under the names too that the organization knows of them, and afterwards not any more.
            let draft = self.inner.engine().look(&organization, &person.reads(&Actor::System)).await?;
            let names = person.names(&draft).into_iter().collect::<Vec<_>>();
            self.inner.engine().storage.block_everywhere(&names, None).await?;
        }
        let erased = self.organization(organization.clone()).erase(person.clone()).await?;
        let after = if erased.more { after.cloned() } else { Some(organization.clone()) };
        Ok(Some(ErasedIn { organization, erased, after }))
    }

    /// A courier that sends what is due with this mailer. Any number of them, in any number of processes, share
    /// the work.
    pub fn courier(&self, mailer: impl Mailer) -> Courier {
        Courier::new(self.clone(), Arc::new(mailer))
    }

    /// Forgets idempotency keys that are past their time, at most `limit`. Says how many there were.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn maintain(&self, limit: u32) -> Result<u32, Error> {
        let now = self.inner.engine().now()?;
        Ok(self.inner.engine().storage.forget_commands(now, limit).await?)
    }

    /// A command of a principal, who acts for themselves.
    pub(crate) fn answer<O: invite_core::Operation>(
        &self,
        organization: Result<OrganizationId, InvalidInput>,
        principal: impl Into<Principal>,
        operation: impl FnOnce(invite_core::Principal) -> Result<O, InvalidInput>,
    ) -> Command<O> {
        let principal = principal.into().checked();
        let actor = principal.as_ref().map(|principal| Actor::User(principal.user().clone()));
        let actor = actor.map_err(Clone::clone);
        Command::new(&self.inner.queues, organization, actor, principal.and_then(operation))
    }
}

/// What came of a step of erasing a person everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasedIn {
    /// The organization.
    pub organization: OrganizationId,
    /// What was erased there.
    pub erased: Erased,
    /// Where to go on: behind this organization, or here again.
    pub after: Option<OrganizationId>,
}

impl fmt::Debug for Invitations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitations").field("base_url", &self.inner.base_url).finish_non_exhaustive()
    }
}

pub(crate) fn stopped<R>(stop: Stop<R>) -> Error<R> {
    match stop {
        Stop::Refused(reason) => Error::Refused(reason),
        Stop::UnknownOrganization => Error::UnknownOrganization,
        Stop::Fault(fault) => Error::Fault(fault),
        Stop::MoreDue => Error::Busy,
    }
}

/// Puts a service together. Made by [`Invitations::builder`].
#[must_use]
pub struct InvitationsBuilder {
    storage: Arc<dyn Storage>,
    model: AccessModel,
    keyring: Keyring,
    base_url: Option<String>,
    continue_urls: Vec<String>,
    directory: Arc<dyn Directory>,
    templates: Arc<dyn Templates>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    free_mail: Arc<dyn FreeMail>,
    directory_rate: Option<Rate>,
}

impl InvitationsBuilder {
    /// The page of the host that links lead to, which reads the token out of the fragment. `https`, or `http` on
    /// this machine. Links are built from this alone (WEB-1).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Also a page that invitations and links may lead on to, with everything below it (F20, WEB-3). Beside those of
    /// the access model; none, by default. See [`ContinueUrls`].
    pub fn continue_url(mut self, page: impl Into<String>) -> Self {
        self.continue_urls.push(page.into());
        self
    }

    /// The host's directory: for names in mails and previews; for who is meant by a name in a list, and for
    /// [candidates](crate::Acting::candidates); for the address of somebody who is included by their id, to which their
    /// notice goes and which rules on domains ask for. Without one, mails name the organization alone, and nobody is
    /// found by name.
    pub fn directory(mut self, directory: impl Directory) -> Self {
        self.directory = Arc::new(directory);
        self
    }

    /// How often a user may have names looked up or completed: each name and each
    /// [question](crate::Acting::candidates) is one. 1,000 an hour, by default; counted in each process for itself (PRI-2).
    pub fn directory_rate(mut self, rate: Rate) -> Self {
        self.directory_rate = Some(rate);
        self
    }

    /// The host's own templates, instead of the built-in ones.
    pub fn templates(mut self, templates: impl Templates) -> Self {
        self.templates = Arc::new(templates);
        self
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Another source of random numbers than the operating system. For tests.
    pub fn entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// The host's own list of domains that give addresses to everybody, instead of [`CommonFreeMail`]. Nobody verifies
    /// such a domain (F15).
    pub fn free_mail(mut self, free_mail: impl FreeMail + 'static) -> Self {
        self.free_mail = Arc::new(free_mail);
        self
    }

    /// Builds the service. It touches nothing: a store is migrated explicitly.
    ///
    /// # Errors
    /// [`BuildError`]
    pub fn build(self) -> Result<Invitations, BuildError> {
        let Self {
            storage,
            model,
            keyring,
            base_url,
            continue_urls,
            directory,
            templates,
            clock,
            entropy,
            free_mail,
            directory_rate,
        } = self;
        let base_url = BaseUrl::parse(&base_url.ok_or(BuildError::NoBaseUrl)?)?;
        let urls = continue_urls.iter().try_fold(ContinueUrls::new(), |urls, page| urls.allow(page))?;
        let model = model.and_continue_urls(urls);
        let queues = Queues::new(Engine { storage, model, keyring: keyring.0, clock, entropy, free_mail });
        let questions = directory_rate.map(|rate| Mutex::new(Questions::new(rate)));
        Ok(Invitations { inner: Arc::new(Inner { queues, base_url, directory, templates, questions }) })
    }
}

impl fmt::Debug for InvitationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvitationsBuilder").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
