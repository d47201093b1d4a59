//! The courier: sends what the outbox holds.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Attempt, DeliveryKind, DeliveryState, Ending, Fault, Group, GroupStatus, Invitation,
    InvitationKind, Invitee, Member, Organization, OrganizationId, Purpose, Reads, Scope, Suppression,
    SuppressionKind, UserId, Wanted, wanted,
};
use invite_mailer::{
    AboutUrl, InvalidMessage, InvitationMail, Link, MailError, MailKind, MailScope, Mailer, Message,
    MessageId, TemplateError,
};
use invite_storage::{Completion, Failure, Leased, Leases, StorageError};

use crate::directory::DirectoryError;
use crate::entropy::NoEntropy;
use crate::error::Error;
use crate::service::Invitations;

/// For how long a delivery is leased: longer than any mail system takes to answer.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// The first pause before another try; each further one doubles it, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(4);
/// After so many tries, about a day with the pauses between them, the courier gives up and says so.
const MOST_TRIES: u32 = 16;
/// How many deliveries are leased at once: few, for they are sent one after the other.
const BATCH: u32 = 8;
/// A delivery whose lease has less than this left is not begun: another courier may take it meanwhile.
const MARGIN: TimeDelta = TimeDelta::minutes(2);
/// What was leased longer ago than this is looked at again before it is sent (MAI-7).
const FRESH: TimeDelta = TimeDelta::seconds(2);
/// How long the task sleeps at the most when nothing is known to be due.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Sends what is due: leases, renders, sends, records. Any number of couriers in any number of processes share
/// the work.
///
/// Every mail is sent at least once if it goes on being wanted: a courier that dies between sending and recording
/// sends it again, under the same message id (MAI-4). One mail that fails takes no other along (MAI-5).
#[derive(Clone)]
pub struct Courier {
    service: Invitations,
    mailer: Arc<dyn Mailer>,
    most_tries: u32,
}

/// What a courier did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CourierReport {
    /// Handed over to the mail system.
    pub sent: usize,
    /// Failed, and to be tried again.
    pub retried: usize,
    /// Failed for good.
    pub failed: usize,
    /// Not sent, because it was not wanted any more (MAI-7).
    pub dropped: usize,
    /// Put off, because the organization is suspended (LIF-8).
    pub postponed: usize,
    /// Not sent, because a stored row cannot be understood. The log names it; once it is repaired, the mail is sent.
    pub unreadable: usize,
}

impl CourierReport {
    /// How many deliveries were taken up.
    #[must_use]
    pub fn total(&self) -> usize {
        self.sent + self.retried + self.failed + self.dropped + self.postponed + self.unreadable
    }
}

/// Why one mail was not sent.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    #[error("there is no address to mail to")]
    NoAddress,
}

impl NotSent {
    /// Whether another try is of no use.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Mail(error) => error.is_permanent(),
            // A host mends its templates, and then all that failed by them goes out.
            Self::Directory(_) | Self::Template(_) => false,
            Self::Message(_) | Self::NoAddress => true,
        }
    }
}

/// What became of one delivery.
enum Outcome {
    Sent,
    Dropped,
    Postponed,
    Retried,
    Failed,
    /// Another courier has taken it since, or may: what that one records counts.
    Lost,
}

impl Courier {
    pub(crate) fn new(service: Invitations, mailer: Arc<dyn Mailer>) -> Self {
        Self { service, mailer, most_tries: MOST_TRIES }
    }

    /// After how many tries to give up on a mail; 16 by default, which takes about a day.
    #[must_use]
    pub fn most_tries(mut self, tries: u32) -> Self {
        self.most_tries = tries.max(1);
        self
    }

    /// Sends what is due now, at most `limit` mails, and says what became of them. For a host's own job runner.
    ///
    /// # Errors
    /// [`Error`] when storage fails. What was leased by then is sent later.
    pub async fn run_once(&self, limit: u32) -> Result<CourierReport, Error> {
        let mut report = CourierReport::default();
        let mut left = limit;
        while left > 0 {
            let now = self.service.inner.engine().now()?;
            let storage = &self.service.inner.engine().storage;
            let Leases { leased, unreadable } = storage.lease(now, now + LEASE, left.min(BATCH)).await?;
            if leased.is_empty() && unreadable.is_empty() {
                break;
            }
            for error in unreadable {
                left = left.saturating_sub(1);
                report.unreadable += 1;
                tell_unreadable(&error);
            }
            for one in &leased {
                left = left.saturating_sub(1);
                match self.deliver(one, now).await {
                    Ok(Outcome::Sent) => report.sent += 1,
                    Ok(Outcome::Dropped) => report.dropped += 1,
                    Ok(Outcome::Postponed) => report.postponed += 1,
                    Ok(Outcome::Retried) => report.retried += 1,
                    Ok(Outcome::Failed) => report.failed += 1,
                    Ok(Outcome::Lost) => {}
                    // One row that cannot be understood is no matter of the others (MAI-5).
                    Err(Error::Storage(error)) if error.is_corrupt() => {
                        report.unreadable += 1;
                        tell_unreadable(&error);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(report)
    }

    /// Goes on sending what becomes due, until `shutdown` is ready. A failure of storage is logged and tried again.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            let pause = match self.run_once(BATCH).await {
                Ok(report) if report.total() > 0 => Duration::ZERO,
                Ok(_) => self.until_due().await,
                Err(error) => {
                    tracing::warn!(error = %error, "the courier could not work");
                    LONGEST_SLEEP
                }
            };
            tokio::select! {
                () = &mut shutdown => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// How long until something is due, as far as is known now: a new one may come earlier.
    async fn until_due(&self) -> Duration {
        let engine = self.service.inner.engine();
        let (Ok(now), Ok(Some(due))) = (engine.now(), engine.storage.due().await) else {
            return LONGEST_SLEEP;
        };
        (due - now).to_std().unwrap_or(Duration::ZERO).clamp(Duration::from_millis(50), LONGEST_SLEEP)
    }

    async fn deliver(&self, leased: &Leased, leased_at: DateTime<Utc>) -> Result<Outcome, Error> {
        let now = self.service.inner.engine().now()?;
        if leased.delivery.leased_until.is_none_or(|until| until - now < MARGIN) {
            return Ok(Outcome::Lost);
        }
        let fresh;
        let leased = if now - leased_at > FRESH {
            fresh = self.look_again(leased).await?;
            &fresh
        } else {
            leased
        };
        let Leased { delivery, organization, invitation, suppressions } = leased;
        let (groups, member) = self.around(leased).await?;
        match wanted(delivery, organization, invitation, suppressions, &groups, member.as_ref(), now) {
            Wanted::Yes => {}
            Wanted::Later(at) => return self.put_off(leased, at).await,
            Wanted::No => return self.complete(leased, DeliveryState::Dropped, None).await,
        }
        let span = tracing::info_span!("deliver", organization = %organization.id, delivery = %delivery.id);
        match self.send(leased, &groups, now).await {
            Ok(()) => {
                span.in_scope(|| tracing::info!(invitee = %invitation.invitee, "sent"));
                self.complete(leased, DeliveryState::Sent, Some(now)).await
            }
            Err(why) => {
                // Leases do not count: mail that was put off was not tried.
                let tries = u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
                let again = !why.is_permanent() && tries < self.most_tries;
                span.in_scope(|| tracing::warn!(error = %why, again, "not sent"));
                let retry_at = if again { Some(now + self.pause(tries)?) } else { None };
                let attempt = Some(Attempt { at: now, error: Some(why.to_string()) });
                let kept = self.fail(leased, &Failure { attempt, retry_at }).await?;
                Ok(match (kept, again) {
                    (false, _) => Outcome::Lost,
                    (true, true) => Outcome::Retried,
                    (true, false) => Outcome::Failed,
                })
            }
        }
    }

    /// The groups that the invitation of a delivery names, and the membership that it tells of, as they are now.
    async fn around(&self, leased: &Leased) -> Result<(Vec<Group>, Option<Member>), Error> {
        let Leased { organization, invitation, .. } = leased;
        let groups = groups_of(&self.service, &organization.id, invitation).await?;
        let Some((Ending::Included { user }, _)) = &invitation.ended else { return Ok((groups, None)) };
        let reads = Reads::new().member(user.clone());
        let draft = self.service.inner.engine().look(&organization.id, &reads).await?;
        Ok((groups, draft.member(user).map_err(Fault::from)?.cloned()))
    }

    /// The same delivery, with its invitation, organization and suppressions as they are now.
    async fn look_again(&self, leased: &Leased) -> Result<Leased, Error> {
        let Leased { delivery, organization, invitation, .. } = leased;
        let reads = Reads::new().invitation(invitation.id);
        let draft = self.service.inner.engine().look(&organization.id, &reads).await?;
        let invitation = draft.invitation(invitation.id).map_err(Fault::from)?.unwrap_or(invitation).clone();
        let mut suppressions = Vec::new();
        for kind in SuppressionKind::ALL.into_iter().chain([SuppressionKind::Everywhere]) {
            if let Some(at) = draft.suppressed_since(&invitation.invitee, kind).map_err(Fault::from)? {
                suppressions.push(Suppression { invitee: invitation.invitee.clone(), kind, at });
            }
        }
        let organization = draft.organization().unwrap_or(organization).clone();
        Ok(Leased { delivery: delivery.clone(), organization, invitation, suppressions })
    }

    async fn complete(
        &self,
        leased: &Leased,
        state: DeliveryState,
        sent_at: Option<DateTime<Utc>>,
    ) -> Result<Outcome, Error> {
        let attempt = sent_at.map(|at| Attempt { at, error: None });
        let completion = Completion { state, attempt, mailed_at: sent_at };
        let storage = &self.service.inner.engine().storage;
        let kept = storage.complete(&leased.lease(), &completion).await?;
        Ok(match (kept, sent_at) {
            (false, _) => Outcome::Lost,
            (true, Some(_)) => Outcome::Sent,
            (true, None) => Outcome::Dropped,
        })
    }

    async fn put_off(&self, leased: &Leased, at: DateTime<Utc>) -> Result<Outcome, Error> {
        let kept = self.fail(leased, &Failure { attempt: None, retry_at: Some(at) }).await?;
        Ok(if kept { Outcome::Postponed } else { Outcome::Lost })
    }

    async fn fail(&self, leased: &Leased, failure: &Failure) -> Result<bool, Error> {
        Ok(self.service.inner.engine().storage.fail(&leased.lease(), failure).await?)
    }

    async fn send(&self, leased: &Leased, groups: &[Group], now: DateTime<Utc>) -> Result<(), NotSent> {
        let Leased { delivery, organization, invitation, .. } = leased;
        let inner = &self.service.inner;
        // Mail goes to the address on the invitation and to no other (IDN-6). Of a user who was included by their id
        // there is none: the notice goes to the address that the host has verified as theirs.
        let to = match (&invitation.mail_to, &invitation.invitee, delivery.kind) {
            (Some(to), ..) => Some(to.clone()),
            (None, Invitee::User(user), DeliveryKind::Included) => inner.directory.address(user).await?,
            _ => None,
        };
        let Some(to) = to else { return Err(NotSent::NoAddress) };
        let issue = |purpose: Purpose| {
            let token = inner.engine().keyring.issue(
                purpose,
                &organization.id,
                invitation.id.as_uuid(),
                &invitation.nonce,
            );
            inner.base_url.link(&token)
        };
        let unsubscribe = issue(Purpose::Unsubscribe);
        let link = issue(invitation.mailed_purpose());
        let mail = mail_of(&self.service, organization, invitation, groups, delivery.kind, link).await?;
        let rendered = inner.templates.render(&mail.with_unsubscribe(unsubscribe.clone()))?;
        let mut message = Message::new(MessageId::from(delivery.id), now, to, rendered)?;
        if let Some(name) = &invitation.name {
            message = message.with_to_name(name);
        }
        let message = message.with_unsubscribe(&unsubscribe)?;
        Ok(self.mailer.send(&message).await?)
    }

    /// The pause before the next try: doubled each time, and somewhere between half of it and all of it, so that
    /// what failed together is not tried together.
    fn pause(&self, tries: u32) -> Result<TimeDelta, NoEntropy> {
        let doubled = FIRST_PAUSE * 2_i32.saturating_pow(tries.saturating_sub(1).min(20));
        let longest = doubled.min(LONGEST_PAUSE);
        let mut random = [0; 2];
        self.service.inner.engine().entropy.fill(&mut random)?;
        // Whole milliseconds: a store keeps no more than microseconds.
        let half = longest.num_milliseconds() / 2;
        let more = half * i64::from(u16::from_be_bytes(random)) / i64::from(u16::MAX);
        Ok(TimeDelta::milliseconds(half + more))
    }
}

fn tell_unreadable(error: &StorageError) {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    tracing::error!(error = %text, "a mail cannot be sent");
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("service", &self.service).finish_non_exhaustive()
    }
}

/// The groups that an invitation names, as they are now.
pub(crate) async fn groups_of(
    service: &Invitations,
    organization: &OrganizationId,
    invitation: &Invitation,
) -> Result<Vec<Group>, Error> {
    let reads = Reads::new().groups_in(&invitation.grants);
    if reads.is_empty() {
        return Ok(Vec::new());
    }
    let draft = service.inner.engine().look(organization, &reads).await?;
    let mut groups = Vec::new();
    for id in &reads.groups {
        groups.extend(draft.group(id).map_err(Fault::from)?.cloned());
    }
    Ok(groups)
}

/// What a mail says about an invitation.
pub(crate) async fn mail_of(
    service: &Invitations,
    organization: &Organization,
    invitation: &Invitation,
    groups: &[Group],
    kind: DeliveryKind,
    link: Link,
) -> Result<InvitationMail, DirectoryError> {
    let kind = match (&invitation.kind, kind) {
        (InvitationKind::Ownership { .. }, _) => MailKind::Ownership,
        (InvitationKind::Membership, DeliveryKind::Reminder) => MailKind::Reminder,
        (InvitationKind::Membership, DeliveryKind::Included) => MailKind::Included,
        (InvitationKind::Membership, _) => MailKind::Invitation,
    };
    let settings = &organization.settings;
    let mut scope = scope_of(settings.name(), settings.description(), settings.about_url());
    if let Some(access) = invitation.grants.access(&Scope::Organization) {
        scope = scope.with_role(access.role_name().as_str());
    }
    let mut mail = InvitationMail::new(kind, scope, link).with_metadata(invitation.metadata.clone());
    for group in groups.iter().filter(|group| group.status != GroupStatus::Closed) {
        let Some(access) = invitation.grants.access(&Scope::Group(group.id.clone())) else { continue };
        let settings = &group.settings;
        let scope = scope_of(settings.name(), settings.description(), settings.about_url());
        mail = mail.with_group(scope.with_role(access.role_name().as_str()));
    }
    if let Actor::User(inviter) = &invitation.inviter
        && let Some(name) = name_of(service, inviter).await?
    {
        mail = mail.with_inviter(&name);
    }
    if let Some(role) = invitation.former_role() {
        mail = mail.with_former_role(role.as_str());
    }
    if let Some(name) = &invitation.name {
        mail = mail.with_invitee(name);
    }
    if let Some(message) = &invitation.message {
        mail = mail.with_message(message);
    }
    if let (Some(end), true) = (invitation.expires_at.time(), kind != MailKind::Included) {
        mail = mail.with_expires_at(end);
    }
    if let Some(locale) = &invitation.locale {
        mail = mail.with_locale(locale);
    }
    Ok(mail)
}

/// An organization or a group, as a mail shows it (E7).
fn scope_of(name: &str, description: Option<&str>, about_url: Option<&str>) -> MailScope {
    let mut scope = MailScope::new(name);
    if let Some(description) = description {
        scope = scope.with_description(description);
    }
    if let Some(url) = about_url.and_then(|url| AboutUrl::parse(url).ok()) {
        scope = scope.with_about_url(url);
    }
    scope
}

async fn name_of(service: &Invitations, user: &UserId) -> Result<Option<String>, DirectoryError> {
    service.inner.directory.name(user).await
}
