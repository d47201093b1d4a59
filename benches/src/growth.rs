//! What a large organization costs more than a small one, for commands that name a fixed number of rows.

use std::time::{Duration, Instant};

use invite::{
    Access, Acting, Error, Grant, Grants, GroupId, GroupSettings, InvitationFilter, InvitationId,
    InvitationState, Invitees, LinkId, LinkSettings, MemberFilter, NewMember, PageRequest, Principal, Scope,
    Settings, Token, UserId,
};

use crate::Outcome;
use crate::correctness::token_of;
use crate::host::{Stores, addresses, organization};
use crate::report::{Bound, Report, median};

/// Members and pending invitations. The small organization fills a page too.
const SMALL: [usize; 2] = [100, 100];
const LARGE: [usize; 2] = [100_000, 10_000];
const STEP: usize = 1_000;
const ROUNDS: usize = 100;

/// What is timed, in the order of one round.
const OPERATIONS: [&str; 32] = [
    "invite",
    "remind",
    "resend",
    "edit",
    "copy link",
    "preview",
    "accept",
    "may",
    "change access",
    "remove",
    "revoke",
    "decline",
    "add member",
    "leave",
    "change settings",
    "seats",
    "roster",
    "members",
    "pending",
    "events",
    "join by link",
    "ask to join",
    "approve",
    "create group",
    "join group",
    "change access in group",
    "suspend",
    "restore",
    "waiting",
    "candidates",
    "members by group",
    "members by link",
];

type Times = [Vec<Duration>; OPERATIONS.len()];

/// In which all members are.
const EVERYBODY: &str = "everybody";

/// The ways in that are no invitation.
struct Ways {
    link: LinkId,
    joining: Token,
    asking: Token,
}

pub(crate) async fn run(report: &mut Report, stores: &Stores) -> Outcome {
    println!("{}: growth, on files in {}", stores.name(), stores.place().display());
    let (small, large) = (stores.service().await?, stores.service().await?);
    let small = (organization(&small, "acme").await?, small);
    let large = (organization(&large, "acme").await?, large);
    let begin = Instant::now();
    fill(&large.0, LARGE).await?;
    report.note(
        &format!("{}: seconds to fill the large organization", stores.name()),
        begin.elapsed().as_secs_f64(),
    );

    fill(&small.0, SMALL).await?;
    let (ways_of_small, ways_of_large) = (ways(&small.0).await?, ways(&large.0).await?);

    let (mut of_small, mut of_large) = (Times::default(), Times::default());
    // In turns, so that both see the same machine.
    for round in 0..ROUNDS {
        one_round(&small.0, &small.1, &ways_of_small, round, &mut of_small).await?;
        one_round(&large.0, &large.1, &ways_of_large, round, &mut of_large).await?;
    }
    for ((operation, small), large) in OPERATIONS.into_iter().zip(of_small).zip(of_large) {
        let ratio = median(large.clone()).as_secs_f64() / median(small.clone()).as_secs_f64();
        report.line(&format!("{}: {operation}, small organization", stores.name()), 1, small);
        report.line(&format!("{}: {operation}, 100,000 members and 10,000 pending", stores.name()), 1, large);
        let target = format!("{}-growth-{}", stores.name(), operation.replace(' ', "-"));
        report.target(&target, ratio, Bound::AtMost(1.3));
    }
    Ok(())
}

async fn fill(acme: &Acting, [members, pending]: [usize; 2]) -> Outcome {
    acme.create_group(EVERYBODY, GroupSettings::named("Everybody")).await?;
    let in_group = Grant::role("client").in_group(GroupId::parse(EVERYBODY)?);
    let grants = Grants::from([Grant::role("member"), in_group]);
    for first in (0..members).step_by(STEP) {
        let members = (first..members.min(first + STEP))
            .map(|n| UserId::parse(format!("member-{n}")).map(|user| NewMember::new(user, grants.clone())));
        acme.organization().as_system().add_members(members.collect::<Result<Vec<_>, _>>()?).await?;
    }
    let list = addresses(pending);
    let lines = list.lines().collect::<Vec<_>>();
    for step in lines.chunks(STEP) {
        acme.invite(step.join("\n"), Grant::role("member")).await?;
    }
    Ok(())
}

async fn ways(acme: &Acting) -> Outcome<Ways> {
    let settings = || LinkSettings::new("Clients", Grant::role("client"));
    let link = acme.create_link(settings()).await?.link;
    let asking = acme.create_link(settings().by_request()).await?.link;
    let joining = token_of(&acme.show_link(link).await?)?;
    Ok(Ways { link, joining, asking: token_of(&acme.show_link(asking).await?)? })
}

async fn one_round(
    acme: &Acting,
    service: &invite::Invitations,
    ways: &Ways,
    round: usize,
    times: &mut Times,
) -> Outcome {
    let mut times = times.iter_mut();
    let mut note = |begin: Instant| times.next().map(|times| times.push(begin.elapsed())).unwrap_or_default();
    let (user, address) = (format!("new-{round}"), format!("new-{round}@example.com"));
    let principal = || Principal::user(user.as_str()).vouched(address.as_str());
    let organization = acme.organization();

    let begin = Instant::now();
    let id = first(acme, address.as_str()).await?;
    note(begin);
    let begin = Instant::now();
    acme.remind(id).await?;
    note(begin);
    let begin = Instant::now();
    acme.resend(id).await?;
    note(begin);
    let begin = Instant::now();
    acme.edit(id, Grant::role("client")).await?;
    note(begin);
    let begin = Instant::now();
    let link = acme.copy_link(id).await?;
    note(begin);
    let token = token_of(&link)?;
    let begin = Instant::now();
    service.preview(&token, Some(principal())).await?;
    note(begin);
    let begin = Instant::now();
    service.accept(&token, principal()).await?;
    note(begin);
    let begin = Instant::now();
    organization.may(user.as_str(), "posts.view").await?;
    note(begin);
    let begin = Instant::now();
    acme.change_access(user.as_str(), Grant::role("member")).await?;
    note(begin);
    let begin = Instant::now();
    acme.remove(user.as_str()).await?;
    note(begin);
    let revoked = first(acme, "revoked@example.com").await?;
    let begin = Instant::now();
    acme.revoke(revoked).await?;
    note(begin);
    let declined = first(acme, address.as_str()).await?;
    let begin = Instant::now();
    organization.decline(declined, principal()).await?;
    note(begin);
    let begin = Instant::now();
    let added = NewMember::new(UserId::parse(&user)?, Grant::role("member"));
    organization.as_system().add_members([added]).await?;
    note(begin);
    let begin = Instant::now();
    organization.by(user.as_str()).leave().await?;
    note(begin);
    let begin = Instant::now();
    acme.change_settings(Settings::named(format!("Acme {round}"))).await?;
    note(begin);
    let begin = Instant::now();
    organization.seats().await?;
    note(begin);
    let page = PageRequest::first(50);
    let begin = Instant::now();
    organization.roster(&page).await?;
    note(begin);
    let begin = Instant::now();
    organization.members(&MemberFilter::default(), &page).await?;
    note(begin);
    let pending = InvitationFilter { state: Some(InvitationState::Pending), ..InvitationFilter::default() };
    let begin = Instant::now();
    organization.invitations(&pending, &page).await?;
    note(begin);
    let begin = Instant::now();
    organization.events(0, 50).await?;
    note(begin);

    let joiner = format!("joiner-{round}");
    let begin = Instant::now();
    service.join(&ways.joining, Principal::user(joiner.as_str())).await?;
    note(begin);
    let begin = Instant::now();
    let asked = service.ask_to_join(&ways.asking, principal()).await?;
    note(begin);
    let begin = Instant::now();
    acme.approve(asked.request).await?;
    note(begin);
    let group = GroupId::parse(format!("group-{round}"))?;
    let open = GroupSettings::named("Project").open_with(Access::role("client"));
    let begin = Instant::now();
    acme.create_group(group.clone(), open).await?;
    note(begin);
    let begin = Instant::now();
    organization.join_group(group.clone(), principal()).await?;
    note(begin);
    let scope = Scope::Group(group.clone());
    let begin = Instant::now();
    acme.change_access_in(user.as_str(), scope.clone(), Access::role("member")).await?;
    note(begin);
    let begin = Instant::now();
    acme.suspend_member(joiner.as_str()).await?;
    note(begin);
    let begin = Instant::now();
    acme.restore_member(joiner.as_str()).await?;
    note(begin);
    acme.invite(UserId::parse(&joiner)?, Grant::role("client").in_group(group)).await?;
    let begin = Instant::now();
    service.waiting(Principal::user(joiner.as_str())).await?;
    note(begin);
    let begin = Instant::now();
    acme.candidates("", &scope, 8).await?;
    note(begin);
    let everybody = MemberFilter { group: Some(GroupId::parse(EVERYBODY)?), ..MemberFilter::default() };
    let begin = Instant::now();
    organization.members(&everybody, &page).await?;
    note(begin);
    let by_link = MemberFilter { link: Some(ways.link), ..MemberFilter::default() };
    let begin = Instant::now();
    organization.members(&by_link, &page).await?;
    note(begin);
    Ok(())
}

async fn first(acme: &Acting, invitees: impl Into<Invitees>) -> Result<InvitationId, Error> {
    let invited = acme.invite(invitees, Grant::role("member")).await?;
    invited.invitations().next().ok_or(Error::Interrupted)
}
