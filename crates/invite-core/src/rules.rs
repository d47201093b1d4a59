//! Rules that many operations share.

use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, TimeDelta, Utc};

use crate::authority::{Ungrantable, check_grants};
use crate::operation::Fault;
use crate::refusal::{
    AddressNeeded, ContinueUrlNotAllowed, DomainNotAllowed, GroupArchived, GroupClosed, InvalidExpiry,
    InvalidStart, MemberSuspended, NotBegun, OrganizationClosed, OrganizationSuspended, Refusal, TooLarge,
    TooManyInvitations, TooManyOpen, TooManyPending, UnknownGroup,
};
use crate::seats::end_if_due;
use crate::{
    AccessModel, Actor, Authority, DomainRules, Draft, EmailAddress, Expiry, Grants, Group, GroupId,
    GroupStatus, Host, Invitation, LimitSubject, Member, Organization, OrganizationStatus, Scope, Stop,
    bounded,
};

/// Why nothing goes on in an organization (LIF-8).
pub(crate) enum NotOpen {
    Suspended(OrganizationSuspended),
    Closed(OrganizationClosed),
}

/// The organization, whatever its status.
pub(crate) fn organization<R>(draft: &Draft) -> Result<&Organization, Stop<R>> {
    draft.organization().ok_or(Stop::UnknownOrganization)
}

/// Requires that the organization works (LIF-8).
pub(crate) fn require_open<R: Refusal + From<NotOpen>>(draft: &mut Draft) -> Result<(), Stop<R>> {
    let answer = open(organization::<R>(draft)?.status).map_err(R::from);
    Ok(draft.rule("LIF-8", answer)?)
}

/// Whether an organization of this status works.
pub(crate) fn open(status: OrganizationStatus) -> Result<(), NotOpen> {
    match status {
        OrganizationStatus::Active => Ok(()),
        OrganizationStatus::Suspended => Err(NotOpen::Suspended(OrganizationSuspended {})),
        OrganizationStatus::Closed => Err(NotOpen::Closed(OrganizationClosed {})),
    }
}

/// Requires that the organization was not closed: what may still be done while it is suspended.
pub(crate) fn require_not_closed<R: Refusal + From<OrganizationClosed>>(
    draft: &Draft,
) -> Result<(), Stop<R>> {
    match organization::<R>(draft)?.status {
        OrganizationStatus::Closed => Err(Stop::Refused(OrganizationClosed {}.into())),
        _ => Ok(()),
    }
}

/// The same, but the host still takes people out of a closed organization: whoever is deleted leaves it too (F22).
pub(crate) fn require_not_closed_to<R: Refusal + From<OrganizationClosed>>(
    actor: &Actor,
    draft: &Draft,
) -> Result<(), Stop<R>> {
    match actor {
        Actor::System => organization::<R>(draft).map(drop),
        Actor::User(_) => require_not_closed(draft),
    }
}

/// Why nothing can be granted in a group (LIF-8, LIF-10).
pub(crate) enum NoGroup {
    Unknown(UnknownGroup),
    Archived(GroupArchived),
    Closed(GroupClosed),
}

/// A group, whatever its status.
pub(crate) fn group<'a, R>(draft: &'a Draft, id: &GroupId) -> Result<&'a Group, Stop<R>>
where
    R: Refusal + From<UnknownGroup>,
{
    draft.group(id)?.ok_or_else(|| Stop::Refused(UnknownGroup { group: id.clone() }.into()))
}

/// Requires that every group that the grants name exists and works (LIF-8).
pub(crate) fn require_groups<R>(draft: &mut Draft, grants: &Grants) -> Result<(), Stop<R>>
where
    R: Refusal + From<NoGroup>,
{
    let mut answer = Ok(());
    for group in grants.scopes().filter_map(Scope::group) {
        answer = answer.and(works(draft.group(group)?, group));
    }
    Ok(draft.rule("LIF-10", answer.map_err(R::from))?)
}

/// Requires that what is granted exists, and can be granted at all (AUT-3).
pub(crate) fn require_known<R>(host: &Host<'_>, draft: &mut Draft, grants: &Grants) -> Result<(), Stop<R>>
where
    R: Refusal + From<Ungrantable>,
{
    let known = check_grants(host.model, &organization::<R>(draft)?.plan, grants, draft.now());
    Ok(draft.rule("AUT-3", known.map_err(R::from))?)
}

/// Requires that a group exists and works (LIF-8).
pub(crate) fn require_group_works<R>(draft: &Draft, group: &GroupId) -> Result<(), Stop<R>>
where
    R: Refusal + From<NoGroup>,
{
    Ok(works(draft.group(group)?, group).map_err(R::from)?)
}

/// Grants without those in groups that were closed since, unless that is all of them, and these groups (LIF-10).
pub(crate) fn without_closed<R>(draft: &Draft, grants: &Grants) -> Result<(Grants, Vec<GroupId>), Stop<R>> {
    let (mut kept, mut dropped) = (grants.clone(), Vec::new());
    for group in grants.scopes().filter_map(Scope::group) {
        if draft.group(group)?.is_some_and(|row| row.status == GroupStatus::Closed) {
            dropped.push(group.clone());
            kept = kept.without(&Scope::Group(group.clone()));
        }
    }
    Ok(if kept.is_empty() { (grants.clone(), Vec::new()) } else { (kept, dropped) })
}

fn works(row: Option<&Group>, id: &GroupId) -> Result<(), NoGroup> {
    let group = id.clone();
    match row.map(|row| row.status) {
        Some(GroupStatus::Active) => Ok(()),
        Some(GroupStatus::Archived) => Err(NoGroup::Archived(GroupArchived { group })),
        Some(GroupStatus::Closed) => Err(NoGroup::Closed(GroupClosed { group })),
        None => Err(NoGroup::Unknown(UnknownGroup { group })),
    }
}

/// The authority of whoever acts.
pub(crate) fn authority<'a, R>(
    host: &Host<'a>,
    draft: &'a Draft,
    actor: &Actor,
) -> Result<Authority<'a>, Stop<R>> {
    let organization = organization::<R>(draft)?;
    Ok(match actor {
        Actor::System => Authority::system(host.model, organization),
        Actor::User(user) => {
            let grants = draft.member(user)?.and_then(Member::in_force);
            Authority::of(host.model, organization, grants, draft.now())
        }
    })
}

/// Requires that somebody is not suspended, if they are a member (AUT-7).
pub(crate) fn require_active<R>(draft: &mut Draft, active: bool) -> Result<(), Stop<R>>
where
    R: Refusal + From<MemberSuspended>,
{
    Ok(draft.require("AUT-7", active, || R::from(MemberSuspended {}))?)
}

/// Requires that the rules permit the address, if there is one (IDN-8).
pub(crate) fn require_domain(
    rules: &DomainRules,
    address: Option<&EmailAddress>,
) -> Result<(), DomainNotAllowed> {
    match address {
        Some(address) if !rules.permits(address) => Err(DomainNotAllowed { domain: address.domain().into() }),
        _ => Ok(()),
    }
}

/// Requires that the rules permit the address, and that there is one where they keep any domain out (IDN-8).
pub(crate) fn require_permitted<R>(rules: &DomainRules, address: Option<&EmailAddress>) -> Result<(), R>
where
    R: From<DomainNotAllowed> + From<AddressNeeded>,
{
    match address {
        None if rules.restrict() => Err(AddressNeeded {}.into()),
        _ => Ok(require_domain(rules, address)?),
    }
}

/// Requires that one more invitation or reminder fits the limits on rate (ABU-1).
pub(crate) fn require_rate<R>(draft: &mut Draft, actor: &Actor) -> Result<(), Stop<R>>
where
    R: Refusal + From<TooManyInvitations>,
{
    let plan = &organization::<R>(draft)?.plan;
    let inviter = actor.user().cloned().map(LimitSubject::Inviter);
    let limits = [(Some(LimitSubject::Organization), plan.organization_rate), (inviter, plan.inviter_rate)];
    let mut again = None;
    for (subject, rate) in limits {
        if let (Some(subject), Some(rate)) = (subject, rate)
            && let Err(again_at) = rate.advance(draft.limit(&subject)?, draft.now())
        {
            again = again.max(Some(again_at));
        }
    }
    let answer = again.map_or(Ok(()), |again_at| Err(R::from(TooManyInvitations { again_at })));
    Ok(draft.rule("ABU-1", answer)?)
}

/// Requires that one more invitation may be pending. To be asked after it was made in the draft.
pub(crate) fn require_pending<R>(draft: &mut Draft) -> Result<(), Stop<R>>
where
    R: Refusal + From<TooManyPending>,
{
    let row = organization::<R>(draft)?;
    let answer = match row.plan.pending {
        crate::Limit::AtMost(limit) if row.counts.pending > limit => Err(R::from(TooManyPending { limit })),
        _ => Ok(()),
    };
    if answer.is_err() && draft.has_more_due() {
        return Err(Stop::MoreDue);
    }
    Ok(draft.rule("ABU-1", answer)?)
}

/// Requires that an invitee has no more open invitations than a command loads. To be asked after one was made.
pub(crate) fn require_few_open<R>(draft: &mut Draft, invitee: &crate::Invitee) -> Result<(), Stop<R>>
where
    R: Refusal + From<TooManyOpen>,
{
    let limit = crate::Reads::MAX_OPEN;
    let few = draft.open_of(invitee)?.count() <= limit;
    if !few && draft.has_more_due() {
        return Err(Stop::MoreDue);
    }
    Ok(draft.require("ABU-3", few, || R::from(TooManyOpen { limit }))?)
}

/// Requires that a page to continue to is short enough (ABU-3), and allowed (WEB-3).
pub(crate) fn require_continue_to<R>(
    host: &Host<'_>,
    draft: &mut Draft,
    url: Option<&String>,
) -> Result<(), Stop<R>>
where
    R: Refusal + From<TooLarge> + From<ContinueUrlNotAllowed>,
{
    let Some(url) = url else { return Ok(()) };
    let cap = host.model.caps.url_bytes;
    let too_large = || R::from(TooLarge::new("bytes of the page to continue to", cap));
    draft.require("ABU-3", url.len() <= cap, too_large)?;
    let allowed = host.model.continue_urls.check(url);
    let allowed = allowed.map_err(|what| R::from(ContinueUrlNotAllowed { what: what.into() }));
    Ok(draft.rule("WEB-3", allowed)?)
}

/// Requires that an invitation has begun (F14).
pub(crate) fn require_begun<R: Refusal + From<NotBegun>>(
    draft: &mut Draft,
    row: &Invitation,
) -> Result<(), Stop<R>> {
    let ahead = row.begins_after(draft.now());
    let answer = ahead.map_or(Ok(()), |starts_at| Err(R::from(NotBegun { starts_at })));
    Ok(draft.rule("F14", answer)?)
}

/// When an invitation made now begins: now, or as asked, ahead and within a century (F14).
pub(crate) fn begin(now: DateTime<Utc>, asked: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, InvalidStart> {
    let Some(start) = asked else { return Ok(now) };
    let wait = bounded(start).map_err(|_| InvalidStart {})? - now;
    if wait <= TimeDelta::zero() || wait > TimeDelta::days(36_525) { Err(InvalidStart {}) } else { Ok(start) }
}

/// When an invitation that begins or is resent at a time ends: as asked, or as the organization or the model sets (LIF-4).
pub(crate) fn expiry(
    model: &AccessModel,
    organization: &Organization,
    now: DateTime<Utc>,
    asked: Option<Expiry>,
) -> Result<Expiry, InvalidExpiry> {
    let end = match asked {
        Some(Expiry::Never) => return Ok(Expiry::Never),
        Some(Expiry::At(end)) => end,
        None => {
            let set = organization.settings.expiry_seconds;
            let life = set.map_or(model.expiry, |seconds| TimeDelta::seconds(seconds.into()));
            now.checked_add_signed(life).ok_or(InvalidExpiry {})?
        }
    };
    let end = bounded(end).map_err(|_| InvalidExpiry {})?;
    let life = end - now;
    if life < TimeDelta::minutes(1) || life > TimeDelta::days(36_525) {
        return Err(InvalidExpiry {});
    }
    Ok(Expiry::At(end))
}

/// The open invitations of an invitee for any of the scopes (CON-3).
pub(crate) fn open_at_places<'a>(
    draft: &'a Draft,
    invitee: &crate::Invitee,
    grants: &crate::Grants,
) -> Result<Vec<&'a Invitation>, crate::NotLoaded> {
    let same_place = |row: &&Invitation| row.grants.scopes().any(|scope| grants.access(scope).is_some());
    Ok(draft.open_of(invitee)?.filter(same_place).collect())
}

/// The same, after those past their expiry were ended.
pub(crate) fn pending_at_places<'a>(
    model: &AccessModel,
    draft: &'a mut Draft,
    invitee: &crate::Invitee,
    grants: &Grants,
) -> Result<Vec<&'a Invitation>, Fault> {
    let open = open_at_places(draft, invitee, grants)?.iter().map(|row| row.id).collect::<Vec<_>>();
    for id in open {
        end_if_due(model, draft, id)?;
    }
    Ok(open_at_places(draft, invitee, grants)?)
}
