//! What must hold after every command, whatever it was.

use std::borrow::ToOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::format;
use std::string::String;
use std::vec::Vec;

use chrono::{DateTime, Utc};

use super::Rows;
use crate::*;

/// A decision on what its operation reads is the decision on everything there is.
pub(super) fn same_decision<T: serde::Serialize, R: Refusal>(
    one: &Result<T, Stop<R>>,
    all: &Result<T, Stop<R>>,
) {
    let text = |decided: &Result<T, Stop<R>>| match decided {
        Ok(outcome) => serde_json::to_string(outcome).unwrap(),
        Err(stop) => format!("{stop:?}"),
    };
    assert_eq!(text(one), text(all), "a decision depends on its reads alone");
}

/// An outcome is kept as JSON for a repeat of the command (LIF-12).
pub(super) fn outcome_comes_back<O: Operation>(outcome: &O::Outcome) {
    let json = serde_json::to_string(outcome).unwrap();
    let back: O::Outcome = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), json, "an outcome comes back from JSON");
}

/// What the draft showed is what the store holds.
pub(super) fn rows_are_as_folded(folded: &Slice, rows: &Rows) {
    if let Some(organization) = folded.organization() {
        assert_eq!(Some(organization), rows.header.as_ref());
    }
    for (id, row) in &rows.invitations {
        if let Ok(shown) = folded.invitation(*id) {
            assert_eq!(shown, Some(row));
        }
        if let Ok(open) = folded.open_of(&row.invitee) {
            let open = open.map(|row| row.id).collect::<BTreeSet<_>>();
            let stored = rows.open().filter(|other| other.invitee == row.invitee).map(|row| row.id);
            assert_eq!(open, stored.collect());
        }
    }
    for (user, row) in &rows.members {
        if let Ok(shown) = folded.member(user) {
            assert_eq!(shown, Some(row));
        }
        if let Some(email) = &row.email
            && let Ok(shown) = folded.member_with(email)
        {
            assert_eq!(shown, Some(row));
        }
        if let Ok((sent, false)) = folded.sent_by(user) {
            let sent = sent.filter(|row| row.inviter.user() == Some(user)).map(|row| row.id);
            let stored = rows.open().filter(|row| row.inviter.user() == Some(user)).map(|row| row.id);
            assert_eq!(sent.collect::<BTreeSet<_>>(), stored.collect());
        }
    }
    for (id, row) in &rows.groups {
        if let Ok(shown) = folded.group(id) {
            assert_eq!(shown, Some(row));
        }
    }
    for (id, row) in &rows.links {
        if let Ok(shown) = folded.link(*id) {
            assert_eq!(shown, Some(row));
        }
    }
    if let Ok(kept) = folded.kept_links() {
        let stored = rows.links.values().filter(|link| link.is_kept()).map(|link| link.id);
        assert_eq!(kept.map(|link| link.id).collect::<BTreeSet<_>>(), stored.collect());
    }
    for ((invitee, kind), at) in &rows.suppressions {
        if let Ok(since) = folded.suppressed_since(invitee, *kind) {
            assert_eq!(since, Some(*at));
        }
    }
    for (subject, at) in &rows.limits {
        if let Ok(kept) = folded.limit(subject) {
            assert_eq!(kept, Some(*at));
        }
    }
}

/// A command counts at least the facts about what it names and the mails; what ends or changes along with these
/// is of the kinds left out here.
pub(super) fn rows_are_counted<O: Operation>(operation: &O, facts: &[(Actor, Event)], written: &Commit) {
    let along = |event: &Event| match event {
        Event::InvitationEnded { ending, .. } => match ending {
            Ending::Expired => true,
            Ending::Revoked { because } => *because != RevokedBecause::Asked,
            Ending::Accepted { .. } | Ending::Included { .. } | Ending::Declined { .. } => false,
        },
        Event::MemberAccessEnded { .. } => true,
        Event::LinkEnded { ending, .. } => *ending == LinkEnding::CreatorRemoved,
        Event::RequestEnded { ending, .. } => {
            matches!(ending, RequestEnding::Expired | RequestEnding::Settled { .. })
        }
        Event::SeatReserved { .. } | Event::InvitationHandedOver { .. } | Event::LinkHandedOver { .. } => {
            true
        }
        _ => false,
    };
    let named = facts.iter().filter(|(_, event)| !along(event)).count();
    let (counted, made) = (operation.rows(), named + written.deliveries.len());
    assert!(counted >= made, "{} counts {counted} and makes {made}: {facts:?}", O::NAME);
}

/// The same facts folded into everything there is make the same rows.
pub(super) fn net_change_is_fold_of_facts(
    all: Slice,
    now: DateTime<Utc>,
    facts: &[(Actor, Event)],
    written: &Commit,
) {
    let folded = fold(Draft::new(all, now, written.id), facts.iter().cloned()).into_commit();
    let Commit { deliveries, commands, events, .. } = written.clone();
    assert_eq!(folded.events.len(), events.len());
    assert_eq!(Commit { deliveries, commands, events, ..folded }, *written);
}

/// Counters, places and owners follow from the rows.
pub(super) fn invariants(rows: &Rows) {
    let Some(header) = &rows.header else {
        assert_eq!(*rows, Rows::default(), "no rows without an organization");
        return;
    };
    let mut seats = BTreeMap::<SeatClass, SeatCount>::new();
    for class in rows.members.values().filter_map(|member| member.seat.clone()) {
        seats.entry(class).or_default().used += 1;
    }
    // SEA-3: a class is reserved once for an invitee.
    let reserved = rows.open().filter_map(|row| Some((row.seat.clone()?, row.invitee.clone())));
    for (class, _) in reserved.collect::<BTreeSet<_>>() {
        seats.entry(class).or_default().reserved += 1;
    }
    let active = rows.members.values().filter(|member| member.status == MemberStatus::Active);
    let owners = active.filter(|member| member.is_owner()).count();
    let counts = Counts {
        members: rows.members.len() as u32,
        owners: owners as u32,
        pending: rows.open().count() as u32,
        groups: rows.groups.values().filter(|group| group.status != GroupStatus::Closed).count() as u32,
        links: rows.links.values().filter(|link| link.is_kept()).count() as u32,
        requests: rows.asked().count() as u32,
        seats,
    };
    assert_eq!(header.counts, counts, "counters are a recount of the rows");
    let closed = header.status == OrganizationStatus::Closed;
    assert!(owners > 0 || closed, "an owner remains (AUT-8)");
    assert_eq!(header.version, rows.events.len() as u64, "one record an event (STO-7)");
    assert_eq!(header.last_at, rows.events.last().unwrap().at);

    let mut places = BTreeMap::new();
    for row in rows.open() {
        for scope in row.grants.scopes() {
            let other = places.insert((scope.clone(), row.invitee.clone()), row.id);
            assert_eq!(other, None, "one open invitation a place (CON-3)");
        }
    }
    assert_eq!(rows.places, places, "places are those of open invitations");

    let mut in_groups = BTreeMap::new();
    for member in rows.members.values() {
        for (scope, access) in member.grants.iter() {
            let Some(group) = scope.group().cloned() else { continue };
            let (user, role, joined_at) = (member.user.clone(), access.role_name().clone(), member.joined_at);
            let key = (group.clone(), user.clone());
            in_groups.insert(key, GroupMember { group, user, role, joined_at });
        }
    }
    assert_eq!(rows.group_members, in_groups, "who is in which group follows from what members hold");
    for row in rows.groups.values() {
        let scope = Scope::Group(row.id.clone());
        let named = rows.group_members.keys().any(|(group, _)| *group == row.id)
            || rows.places.keys().any(|(of, _)| *of == scope)
            || rows
                .links
                .values()
                .any(|link| link.is_kept() && link.settings.grants.access(&scope).is_some());
        let closing = header.closing.contains(&row.id);
        assert!(!closing || row.status == GroupStatus::Closed, "what is closing was closed");
        assert!(
            !named || row.status != GroupStatus::Closed || closing,
            "what names a closed group is settled"
        );
    }
    let mut uses = BTreeMap::<LinkId, u32>::new();
    for record in rows.events.iter().filter(|record| record.kind == "link-used") {
        assert!(record.user.is_some(), "the log tells who joined by a link");
        *uses.entry(record.link.expect("the log tells by which link")).or_default() += 1;
    }
    for link in rows.links.values() {
        assert_eq!(link.uses, uses.get(&link.id).copied().unwrap_or_default(), "uses are a recount (CON-4)");
        assert!(link.earlier_nonces.len() <= EARLIER_NONCES);
        assert!(!link.settings.grants.is_empty());
    }

    // C2: the last time that somebody ceased to be a member, unless they were erased with it or since.
    let (mut left, mut erased) = (BTreeMap::new(), BTreeSet::new());
    for record in &rows.events {
        let Some(user) = &record.user else { continue };
        let gone = match record.kind {
            "member-left" | "member-removed" => true,
            "member-access-ended" => record.data.after.is_none(),
            _ => false,
        };
        if record.kind == "member-erased" {
            erased.insert((user, record.commit));
            left.remove(user);
        } else if gone && !erased.contains(&(user, record.commit)) {
            left.insert(user.clone(), record.at);
        }
    }
    let kept = |(user, at): (&UserId, &DateTime<Utc>)| rows.former.get(user) == Some(at);
    assert!(left.iter().all(kept) && left.len() == rows.former.len(), "{left:?}, {:?}", rows.former);

    let mut classes = BTreeMap::<&Invitee, BTreeSet<&SeatClass>>::new();
    for row in rows.open() {
        classes.entry(&row.invitee).or_default().extend(&row.seat);
        assert!(row.earlier_nonces.len() <= EARLIER_NONCES);
        assert!(!row.grants.is_empty());
    }
    assert!(classes.values().all(|of| of.len() <= 1), "one person reserves one seat: {classes:?}");
    for member in rows.members.values() {
        assert!(!member.grants.is_empty(), "a member holds something");
        if member.status == MemberStatus::Suspended {
            assert_eq!(member.seat, None, "who is suspended takes no seat");
            let names =
                [Some(Invitee::User(member.user.clone())), member.email.clone().map(Invitee::Address)];
            let open = rows.open().find(|row| names.contains(&Some(row.invitee.clone())));
            assert_eq!(open, None, "nothing is open for who is suspended");
        }
    }
}

/// STO-7: no address in full, no nonce and no message in what is recorded.
pub(super) fn records_tell_no_secret(rows: &Rows) {
    // Those of the last commit: the others were looked at before.
    let last = rows.events.last().map(|record| record.commit);
    for record in rows.events.iter().rev().take_while(|record| Some(record.commit) == last) {
        let text = format!("{} {record:?}", serde_json::to_string(&record.data).unwrap());
        for (at, _) in text.match_indices('@') {
            assert!(text[..at].ends_with('…'), "{} tells an address: {text}", record.kind);
        }
        let invitation = record.invitation.and_then(|id| rows.invitations.get(&id));
        let link = record.link.and_then(|id| rows.links.get(&id));
        let mut secrets = invitation.and_then(|row| row.message.clone()).into_iter().collect::<BTreeSet<_>>();
        let of_invitation =
            invitation.into_iter().flat_map(|row| row.earlier_nonces.iter().chain([&row.nonce]));
        let of_link = link.into_iter().flat_map(|row| row.earlier_nonces.iter().chain([&row.nonce]));
        for nonce in of_invitation.chain(of_link) {
            let bytes = nonce.as_bytes();
            secrets.insert(data_encoding::HEXLOWER.encode(bytes));
            secrets.insert(data_encoding::BASE64URL_NOPAD.encode(bytes));
            secrets.insert(data_encoding::BASE64_NOPAD.encode(bytes));
            secrets.insert(serde_json::to_string(bytes).unwrap());
        }
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{} tells {secret}: {text}", record.kind);
        }
    }
}

/// What remains of an invitation (PRI-6).
fn erased_row(row: &Invitation) -> Invitation {
    Invitation {
        invitee: Invitee::Erased(row.id.as_uuid()),
        name: None,
        mail_to: None,
        message: None,
        locale: None,
        metadata: Metadata::new(),
        continue_to: None,
        ..row.clone()
    }
}

/// What remains of a join request (PRI-6).
fn erased_request(row: &JoinRequest) -> JoinRequest {
    let ended = row.ended.clone().map(|(ending, at)| match ending {
        RequestEnding::Denied { by, .. } => (RequestEnding::Denied { by, reason: None }, at),
        ending => (ending, at),
    });
    let invitee = Invitee::Erased(row.id.as_uuid());
    JoinRequest { invitee, email: None, name: None, message: None, ended, ..row.clone() }
}

/// PRI-6: what was erased tells of nobody, in no row and no record, and no mail of it is left.
pub(super) fn what_is_erased_tells_of_nobody(rows: &Rows) {
    let erased = rows.invitations.values().filter(|row| row.invitee.is_erased()).map(|row| row.id);
    let erased = erased.collect::<BTreeSet<_>>();
    for id in &erased {
        let row = &rows.invitations[id];
        assert!(!row.is_open() && *row == erased_row(row));
    }
    assert!(rows.deliveries.values().all(|mail| !erased.contains(&mail.invitation)));
    let requests = rows.requests.values().filter(|row| row.invitee.is_erased()).map(|row| row.id);
    let requests = requests.collect::<BTreeSet<_>>();
    for id in &requests {
        let row = &rows.requests[id];
        assert!(!row.is_open() && *row == erased_request(row));
    }
    for record in &rows.events {
        let of_request = record.request.is_some_and(|id| requests.contains(&id));
        if of_request || record.invitation.is_some_and(|id| erased.contains(&id)) {
            let text = serde_json::to_string(&record.data).unwrap();
            assert!(!text.contains('…') && !text.contains("\"reason\""), "{text}");
        }
    }
}

/// LIF-1, LIF-3: no operation changes a row in an ending state, but for resending an expired one.
pub(super) fn what_ended_stays_ended(before: &Rows, after: &Rows, facts: &[(Actor, Event)]) {
    for row in before.invitations.values().filter(|row| !row.is_open()) {
        let revived = facts.iter().any(|(_, event)| {
            matches!(event, Event::InvitationResent { id, .. } if *id == row.id)
                && row.stored_state() == InvitationState::Expired
        });
        let erased =
            facts.iter().any(|(_, event)| matches!(event, Event::InvitationErased { id } if *id == row.id));
        let now = &after.invitations[&row.id];
        if erased {
            assert!(!row.invitee.is_erased(), "erased once");
            assert_eq!(now.clone(), erased_row(row), "state, grants, times and inviter stay (PRI-6)");
        }
        assert!(now == row || revived || erased, "{row:?} was changed by {facts:?}");
    }
    assert!(
        before.invitations.keys().all(|id| after.invitations.contains_key(id)),
        "invitations stay on record"
    );
    for row in before.links.values() {
        let now = after.links.get(&row.id).expect("links stay on record");
        assert!(row.is_kept() || now == row, "{row:?} was changed by {facts:?}");
        // LNK-4: what was superseded never works again, however often the link is switched.
        assert!(!row.earlier_nonces.contains(&now.nonce), "an old token came back");
    }
    for row in before.requests.values() {
        let now = after.requests.get(&row.id).expect("requests stay on record");
        let erased =
            facts.iter().any(|(_, event)| matches!(event, Event::RequestErased { id } if *id == row.id));
        if erased && !row.is_open() {
            assert!(!row.invitee.is_erased(), "erased once");
            assert!(*now == erased_request(row), "way, grants, times and whoever asked stay (PRI-6)");
        }
        assert!(row.is_open() || now == row || erased, "{row:?} was changed by {facts:?}");
    }
    for row in before.groups.values() {
        let now = after.groups.get(&row.id).expect("groups stay on record");
        assert!(row.status != GroupStatus::Closed || now == row, "{row:?} was changed by {facts:?}");
    }
}

/// CON-4, LNK-4, LNK-5, LNK-6: whoever joined by a link joined by one that worked, into groups that take people by links.
pub(super) fn links_are_used_within_their_settings(
    before: &Rows,
    facts: &[(Actor, Event)],
    now: DateTime<Utc>,
) {
    let mut uses = BTreeMap::<LinkId, u32>::new();
    for (actor, event) in facts {
        let Event::LinkUsed { id, user, revision } = event else { continue };
        let (row, used) = (&before.links[id], uses.entry(*id).or_default());
        let approved = approved(facts).map(|id| &before.requests[&id]);
        let asked = approved.filter(|request| request.invitee.user() == Some(user)).last();
        match asked {
            // What was set when they asked applies to them (B5).
            Some(request) => {
                assert_eq!(request.way, RequestWay::Link { link: *id, revision: *revision });
            }
            None => {
                assert_eq!(row.state_at(now), LinkState::Open);
                assert!(!row.settings.by_request);
                assert_eq!((actor.user(), *revision), (Some(user), row.revision), "B5");
            }
        }
        assert!(row.settings.max_uses.is_none_or(|most| row.uses + *used < most), "CON-4");
        *used += 1;
        let joined = facts.iter().find_map(|(_, event)| match event {
            Event::MemberJoined { member } if member.user == *user => Some((member.grants.clone(), true)),
            Event::MemberAccessChanged { user: of, grants, .. } if of == user => {
                Some((grants.clone(), false))
            }
            _ => None,
        });
        let (grants, new) = joined.expect("a use is somebody who joins");
        // Whose access is over is no member any more, written down or not (F14).
        let held = before.members.get(user).map(|member| member.grants.running(now));
        let held = held.filter(|grants| !grants.is_empty());
        assert_eq!(new, held.is_none());
        for id in
            grants.scopes().filter(|scope| held.as_ref().is_none_or(|held| held.access(scope).is_none()))
        {
            let Some(group) = id.group().map(|id| &before.groups[id]) else { continue };
            assert_eq!(group.status, GroupStatus::Active, "LIF-8");
            assert_ne!(group.settings.join_policy, JoinPolicy::InviteOnly, "LNK-6");
        }
    }
}

/// C3: whoever is included is a member then, and had not left.
pub(super) fn only_the_willing_are_included(before: &Rows, after: &Rows, facts: &[(Actor, Event)]) {
    for (actor, event) in facts {
        let Event::Included { invitation } = event else { continue };
        let user = event.user().expect("somebody is included");
        assert_ne!(before.header.as_ref().unwrap().settings.includes(), Inclusion::Off);
        let member = &after.members[user];
        assert!(member.holds_in_all(&invitation.grants));
        assert_eq!(invitation.inviter, *actor);
        for kind in [SuppressionKind::Inclusion, SuppressionKind::Invitations] {
            for name in [&invitation.invitee, &Invitee::User(user.clone())] {
                let key = (name.clone(), kind);
                assert!(!before.suppressions.contains_key(&key), "{key:?}");
            }
        }
    }
}

/// The requests that are approved.
fn approved(facts: &[(Actor, Event)]) -> impl Iterator<Item = RequestId> {
    facts.iter().filter_map(|(_, event)| match event {
        Event::RequestEnded { id, ending: RequestEnding::Approved { .. } } => Some(*id),
        _ => None,
    })
}

/// AUT-9: nobody decides about their own request, nor the proposer or whoever answers for the link where the model
/// says so.
pub(super) fn nobody_decides_about_themselves(
    model: &AccessModel,
    before: &Rows,
    facts: &[(Actor, Event)],
    now: DateTime<Utc>,
) {
    for (actor, event) in facts {
        let Event::RequestEnded { id, ending } = event else { continue };
        let (RequestEnding::Approved { by, .. } | RequestEnding::Denied { by, .. }) = ending else {
            continue;
        };
        assert_eq!(by, actor);
        let row = &before.requests[id];
        assert_eq!(row.state_at(now), RequestState::Pending);
        let Actor::User(user) = actor else { continue };
        assert_ne!(row.invitee, Invitee::User(user.clone()));
        let email = before.members.get(user).and_then(|member| member.email.clone());
        assert_ne!(row.invitee.address(), email.as_ref().or(Some(&super::address("nobody@nowhere.example"))));
        if model.approvers != Approvers::AllButRequester {
            assert_ne!(row.by, *user);
        }
        if let (Approvers::AllButInviter, RequestWay::Link { link, .. }) = (model.approvers, &row.way) {
            assert_ne!(before.links[link].creator, *actor);
        }
    }
}

/// LIF-8: nothing is sent or accepted for an organization or a group that does not work.
pub(super) fn nothing_goes_on_unless_active(before: &Rows, after: &Rows) {
    let status = before.header.as_ref().map(|row| row.status);
    if let Some(OrganizationStatus::Suspended | OrganizationStatus::Closed) = status {
        for (id, delivery) in &after.deliveries {
            assert_eq!(before.deliveries.get(id), Some(delivery), "no mail is queued");
        }
        assert!(after.members.keys().all(|user| before.members.contains_key(user)));
        assert!(after.group_members.keys().all(|key| before.group_members.contains_key(key)));
        for (user, member) in &after.members {
            assert!(before.members[user].status <= member.status, "{user} was restored");
        }
        assert!(after.groups.keys().all(|id| before.groups.contains_key(id)));
        assert!(after.requests.keys().all(|id| before.requests.contains_key(id)), "nobody asks");
        for link in after.links.values() {
            let was = before.links.get(&link.id).expect("no link is made");
            assert_eq!(was.uses, link.uses);
            assert!(was.switch == link.switch || link.switch == Switch::Off);
        }
    }
    let works = |id: &GroupId| before.groups.get(id).is_none_or(|group| group.status == GroupStatus::Active);
    for key in after.group_members.keys().filter(|(group, _)| !works(group)) {
        assert!(before.group_members.contains_key(key), "{key:?} came into a group that does not work");
    }
    for key in after.places.keys().filter(|(scope, _)| !scope.group().is_none_or(works)) {
        assert!(before.places.contains_key(key), "{key:?} is invited to a group that does not work");
    }
}

/// SEA-1, SEA-5: whoever takes a seat finds room for it, also after the plan was lowered.
pub(super) fn seats_within_limits(before: &Rows, after: &Rows) {
    let Some(header) = &after.header else { return };
    for (class, count) in &header.counts.seats {
        let taken = before.header.as_ref().map_or(0, |row| row.counts.seat(class).taken());
        if count.taken() > taken {
            let limit = header.plan.seat_limit(class);
            assert!(
                limit.is_some_and(|limit| limit.allows(count.taken())),
                "{class}: {count:?} of {limit:?}"
            );
        }
    }
}

/// AUT-2: whatever somebody holds or is invited to hold, the one who granted it held at that moment.
pub(super) fn nobody_grants_what_they_do_not_hold(
    model: &AccessModel,
    operation: &str,
    before: &Rows,
    after: &Rows,
    facts: &[(Actor, Event)],
) {
    let held = |actor: &Actor| match actor {
        Actor::System => None,
        Actor::User(user) => {
            let member = before.members.get(user).filter(|member| member.status == MemberStatus::Active);
            Some(member.map(|member| member.grants.clone()).unwrap_or_default())
        }
    };
    let accepted = facts.iter().find_map(|(_, event)| match event {
        Event::InvitationEnded { id, ending: Ending::Accepted { user }, .. } => {
            Some((&after.invitations[id], user))
        }
        _ => None,
    });
    // Whoever approves a request grants what comes of it.
    let used = facts.iter().filter(|_| approved(facts).next().is_none()).find_map(|(_, event)| match event {
        Event::LinkUsed { id, user, .. } => Some((&before.links[id], user)),
        _ => None,
    });
    let created = facts.iter().find_map(|(_, event)| match event {
        Event::GroupCreated { group } => Some(&group.id),
        _ => None,
    });
    for (actor, event) in facts {
        let (what, granted) = match event {
            Event::InvitationCreated { invitation } | Event::Included { invitation } => {
                (invitation.kind.clone(), invitation.grants.clone())
            }
            // To end earlier is not to grant.
            Event::InvitationEdited { id, grants, expires_at, .. }
                if before
                    .invitations
                    .get(id)
                    .is_some_and(|row| row.grants == *grants && *expires_at <= row.expires_at) =>
            {
                continue;
            }
            Event::InvitationEdited { id, grants, .. } => {
                (after.invitations[id].kind.clone(), grants.clone())
            }
            Event::InvitationResent { id, .. } | Event::InvitationHandedOver { id, .. } => {
                let row = &after.invitations[id];
                (row.kind.clone(), row.grants.clone())
            }
            Event::LinkCreated { link } => (InvitationKind::Membership, link.settings.grants.clone()),
            Event::LinkEdited { settings, .. } => (InvitationKind::Membership, settings.grants.clone()),
            Event::LinkSwitched { id, switch: Switch::On } | Event::LinkHandedOver { id, .. } => {
                (InvitationKind::Membership, after.links[id].settings.grants.clone())
            }
            Event::GroupCreated { group } => (InvitationKind::Membership, on_joining(group)),
            Event::GroupChanged { id, settings } => {
                let was = &before.groups[id].settings;
                // What was set before, and gets nobody in who did not get in before.
                if was.join_access == settings.join_access && settings.join_policy <= was.join_policy {
                    continue;
                }
                (InvitationKind::Membership, on_joining(&after.groups[id]))
            }
            Event::VerifiedDomainsChanged { verified } => {
                let was = &before.header.as_ref().unwrap().verified;
                let news = verified.iter().filter(|(domain, set)| was.get(*domain) != Some(*set));
                (InvitationKind::Membership, news.flat_map(|(_, set)| set.grants.clone()).collect())
            }
            Event::MemberJoined { member } => (InvitationKind::Membership, member.grants.clone()),
            Event::MemberRestored { user, .. } => {
                let grants = after.members[user].grants.clone();
                let kind = match grants.is_owner() {
                    true => InvitationKind::Ownership { former: FormerOwner::Stays },
                    false => InvitationKind::Membership,
                };
                (kind, grants)
            }
            Event::MemberAccessChanged { user, grants, .. } => {
                // Somebody may join and be given more in one command.
                let had = before.members.get(user).map(|member| member.grants.clone()).unwrap_or_default();
                let news = grants
                    .clone()
                    .into_iter()
                    .filter(|grant| had.access(grant.scope()) != Some(grant.access()));
                (InvitationKind::Membership, news.collect())
            }
            _ => continue,
        };
        let granters = match (event, accepted) {
            (Event::MemberJoined { .. } | Event::MemberAccessChanged { .. }, Some((row, user))) => {
                match row.kind {
                    // A new owner holds everything, and the former one what an owner offered.
                    InvitationKind::Ownership { .. } => {
                        assert!(before.places.values().any(|id| *id == row.id));
                        continue;
                    }
                    InvitationKind::Membership => {
                        assert_eq!(event.user(), Some(user), "nobody else changes by an acceptance");
                        let inviter = match model.inviter_policy {
                            InviterPolicy::Keep => None,
                            _ => held(&row.inviter),
                        };
                        [Some(row.grants.clone()), inviter]
                    }
                }
            }
            (Event::MemberJoined { .. } | Event::MemberAccessChanged { .. }, None) if used.is_some() => {
                let (link, user) = used.unwrap();
                assert_eq!(event.user(), Some(user), "nobody else changes by a link");
                let creator =
                    if model.link_policy == InviterPolicy::Keep { None } else { held(&link.creator) };
                [Some(link.settings.grants.clone()), creator]
            }
            (Event::MemberAccessChanged { user, .. }, None) if operation == JoinGroup::NAME => {
                assert_eq!(actor.user(), Some(user), "everybody joins for themselves");
                let groups = granted.scopes().filter_map(Scope::group).map(|id| &before.groups[id]);
                let open = groups.filter(|group| {
                    group.status == GroupStatus::Active && group.settings.join_policy == JoinPolicy::Open
                });
                [Some(open.flat_map(on_joining).collect()), None]
            }
            (Event::MemberAccessChanged { user, .. }, None) if created.is_some() => {
                assert_eq!(actor.user(), Some(user), "nobody else manages it");
                let role = Access::role(model.creators_role.as_ref().expect("there is a role for creators"));
                let (_, given) = granted.iter().next().expect("the creator manages it");
                let role = Access { until: given.until, ..role };
                [created.map(|id| Grant::new(Scope::Group(id.clone()), role).into()), None]
            }
            (Event::MemberJoined { .. } | Event::MemberAccessChanged { .. }, None)
                if operation == JoinByDomain::NAME =>
            {
                assert_eq!(actor.user(), event.user(), "everybody joins for themselves");
                let set = before.header.iter().flat_map(|header| header.verified.values());
                let direct = set.filter(|set| set.joining == DomainJoining::Directly);
                [Some(direct.flat_map(|set| set.grants.clone()).collect()), None]
            }
            (Event::MemberJoined { member }, None) if member.joined_by == JoinedBy::Creating => continue,
            (Event::LinkHandedOver { to, .. }, _) => [held(actor), held(to)],
            // An owner steps down from everything.
            _ => [held(actor), None],
        };
        for granter in granters.into_iter().flatten() {
            if let InvitationKind::Ownership { .. } = what {
                assert!(granter.is_owner(), "only owners offer ownership");
                continue;
            }
            let extra = effective(model, &granted).find(|right| !has(model, &granter, right));
            assert_eq!(extra, None, "{}: {granter:?} grants {granted:?}", event.kind());
        }
        if what == InvitationKind::Membership
            && !matches!(event, Event::MemberJoined { member } if member.joined_by == JoinedBy::Creating)
        {
            assert!(!granted.is_owner(), "ownership is offered, never granted");
        }
    }
}

/// What those get who come into a group by themselves or by request.
fn on_joining(group: &Group) -> Grants {
    let scope = || Scope::Group(group.id.clone());
    group.settings.join_access.iter().map(|access| Grant::new(scope(), access.clone())).collect()
}

/// A permission somewhere, on a resource of a kind, until a time if not for ever.
type Right = (Scope, Permission, ResourceKind, String, Option<DateTime<Utc>>);

/// Every right that grants come to, over the resources that tests name and one that nobody names.
fn effective<'a>(model: &'a AccessModel, grants: &'a Grants) -> impl Iterator<Item = Right> + 'a {
    let resources = ["a", "b", "c", "elsewhere"];
    grants.iter().flat_map(move |(scope, access)| {
        model.permissions_of(access).into_iter().flat_map(move |permission| {
            model.resource_kinds().iter().flat_map(move |kind| {
                let permission = permission.clone();
                let reached = resources.into_iter().filter(|one| access.restriction(kind).includes(one));
                let right = move |one: &str| {
                    (scope.clone(), permission.clone(), kind.clone(), one.to_owned(), access.ends_at())
                };
                reached.map(right).collect::<Vec<_>>()
            })
        })
    })
}

/// Written without the code under test: some access that holds there includes the permission and the resource.
fn has(model: &AccessModel, grants: &Grants, (scope, permission, kind, resource, until): &Right) -> bool {
    grants.iter().any(|(held, access)| {
        let lasts = access.ends_at().is_none_or(|end| until.is_some_and(|asked| asked <= end));
        lasts
            && (*held == Scope::Organization || held == scope)
            && model.permissions_of(access).contains(permission)
            && access.resources().get(kind).is_none_or(|restriction| match restriction {
                Restriction::All => true,
                Restriction::Only(these) => these.contains(resource),
            })
    })
}
