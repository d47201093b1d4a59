//! What is stored, without ids, which differ from one run to the next.

use std::collections::{BTreeMap, BTreeSet};

use invite::core::{InvitationState, JoinedBy};
use invite::storage::{EventEntry, InvitationEntry};
use invite::{
    GroupFilter, GroupStatus, InvitationFilter, InviteLink, JoinRequest, LinkFilter, Member, MemberFilter,
    Organization, PageRequest, RequestFilter, Scope,
};
use tests::World;

/// What is stored, a line for each fact. Two stores in which the same was done look the same.
pub(crate) type Seen = Vec<String>;

/// Looks at all there is, and requires that it fits together.
pub(crate) async fn look(world: &World) -> Seen {
    let mut seen = Seen::new();
    for id in ["acme", "globex"] {
        let organization = world.invite.organization(id);
        let Ok(header) = organization.get().await else { continue };
        let page = PageRequest::first(PageRequest::MAX_ROWS);
        let members = organization.members(&MemberFilter::default(), &page).await.unwrap().items;
        let invitations = organization.invitations(&InvitationFilter::default(), &page).await.unwrap().items;
        let events = organization.events(0, 1_000).await.unwrap();
        let groups = organization.groups(&GroupFilter::default(), &page).await.unwrap().items;
        let links = organization.links(&LinkFilter::default(), &page).await.unwrap().items;
        let requests = organization.requests(&RequestFilter::default(), &page).await.unwrap().items;
        for group in &groups {
            let filter = MemberFilter { group: Some(group.id.clone()), ..MemberFilter::default() };
            let listed = organization.members(&filter, &page).await.unwrap().items;
            let scope = Scope::Group(group.id.clone());
            let holding = members.iter().filter(|member| member.grants.access(&scope).is_some());
            assert_eq!(listed, holding.cloned().collect::<Vec<_>>(), "members in {}", group.id);
        }
        assert_eq!(header.counts.links as usize, links.iter().filter(|row| row.is_kept()).count());
        assert_eq!(header.counts.requests as usize, requests.iter().filter(|row| row.is_open()).count());
        let open = groups.iter().filter(|row| row.status != GroupStatus::Closed).count();
        assert_eq!(header.counts.groups as usize, open);
        require_consistent(&header, &members, &invitations, &events);
        let Organization { status, plan, settings, counts, verified, .. } = &header;
        seen.push(format!("{id}: {status:?} {plan:?} {settings:?} {counts:?} {verified:?}"));
        seen.extend(groups.iter().map(|group| format!("{id}: {group:?}")));
        seen.extend(links.iter().map(|link| format!("{id}: {}", of_link(link))));
        seen.extend(requests.iter().map(|row| format!("{id}: {}", of_request(row))));
        seen.extend(members.iter().map(|member| format!("{id}: {}", of_member(member))));
        seen.extend(invitations.iter().map(|entry| format!("{id}: {}", of_invitation(entry))));
        seen.extend(events.iter().map(|event| format!("{id}: {} by {:?}", event.kind, event.actor)));
    }
    seen.sort();
    seen
}

fn of_member(member: &Member) -> String {
    let Member { user, status, email, grants, seat, joined_by, joined_at, metadata } = member;
    let joined_by = match joined_by {
        JoinedBy::Accepting(_) => "accepting".to_owned(),
        other => format!("{other:?}"),
    };
    format!("member {user} {status:?} {email:?} {grants:?} {seat:?} {joined_by} {joined_at} {metadata:?}")
}

fn of_link(row: &InviteLink) -> String {
    let InviteLink {
        id: _,
        settings,
        revision,
        switch,
        creator,
        created_at,
        uses,
        nonce: _,
        earlier_nonces,
        ended,
    } = row;
    let earlier = earlier_nonces.len();
    format!("link {settings:?} {revision} {switch:?} {creator:?} {created_at} {uses} {earlier} {ended:?}")
}

fn of_request(row: &JoinRequest) -> String {
    let state = row.ended.as_ref().map(|(ending, _)| ending.state());
    let JoinRequest { id: _, way: _, invitee, by, email, name, grants, message, .. } = row;
    let JoinRequest { created_at, expires_at, .. } = row;
    format!(
        "request {invitee:?} {by} {email:?} {name:?} {grants:?} {message:?} {created_at} {expires_at} {state:?}"
    )
}

fn of_invitation(entry: &InvitationEntry) -> String {
    let row = &entry.invitation;
    let mail = entry.delivery.as_ref().map(|mail| (mail.kind, mail.state, mail.attempts.len()));
    format!(
        "invitation {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {mail:?}",
        row.invitee.key(),
        row.kind,
        row.stored_state(),
        row.grants,
        row.inviter,
        row.expires_at,
        row.seat,
        row.mail_to,
        row.revision,
    )
}

/// Counts are counted, seats are taken once a person, and the log has no gap (SEA-3, STO-7).
fn require_consistent(
    header: &Organization,
    members: &[Member],
    invitations: &[InvitationEntry],
    events: &[EventEntry],
) {
    let counts = &header.counts;
    let open = invitations.iter().map(|entry| &entry.invitation);
    let open = open.filter(|row| row.stored_state() == InvitationState::Pending).collect::<Vec<_>>();
    assert_eq!(counts.members as usize, members.len());
    assert_eq!(counts.owners as usize, members.iter().filter(|member| member.is_owner()).count());
    assert_eq!(counts.pending as usize, open.len());
    let mut seats = BTreeMap::<_, (u32, BTreeSet<String>)>::new();
    for seat in members.iter().filter_map(|member| member.seat.clone()) {
        seats.entry(seat).or_default().0 += 1;
    }
    for row in &open {
        if let Some(seat) = row.seat.clone() {
            seats.entry(seat).or_default().1.insert(row.invitee.key());
        }
    }
    for (class, (used, reserved)) in &seats {
        let counted = counts.seat(class);
        assert_eq!((counted.used, counted.reserved as usize), (*used, reserved.len()), "{class}");
    }
    let taken = counts.seats.values().map(|seat| seat.taken()).sum::<u32>() as usize;
    assert_eq!(taken, seats.values().map(|(used, reserved)| *used as usize + reserved.len()).sum::<usize>());
    let gapless = events.iter().zip(1_u64..).all(|(event, sequence)| event.sequence == sequence);
    assert!(gapless && events.len() as u64 == header.version, "one record for each event, without gaps");
}

/// Sends what is due, and adds what arrived: each mail, and how many copies of it.
pub(crate) async fn look_after_mail(world: &World) -> Seen {
    world.deliver().await;
    let mut mails = BTreeMap::<_, usize>::new();
    for message in world.mailer.sent() {
        let id = message.id().to_string();
        *mails.entry((message.to().canonical().to_owned(), message.subject().to_owned(), id)).or_default() +=
            1;
    }
    let mut seen = look(world).await;
    seen.extend(mails.iter().map(|((to, subject, _), copies)| format!("mail {to} {subject:?} × {copies}")));
    seen
}
