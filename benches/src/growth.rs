//! What a large organization costs more than a small one, for commands that name a fixed number of rows.

use std::time::{Duration, Instant};

use invite::{
    Acting, Error, Grant, InvitationFilter, InvitationId, InvitationState, Invitees, MemberFilter, NewMember,
    PageRequest, Principal, Settings, UserId,
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
const OPERATIONS: [&str; 20] = [
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
];

type Times = [Vec<Duration>; OPERATIONS.len()];

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

    let (mut of_small, mut of_large) = (Times::default(), Times::default());
    // In turns, so that both see the same machine.
    for round in 0..ROUNDS {
        one_round(&small.0, &small.1, round, &mut of_small).await?;
        one_round(&large.0, &large.1, round, &mut of_large).await?;
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
    for first in (0..members).step_by(STEP) {
        let members = (first..members.min(first + STEP)).map(|n| {
            UserId::parse(format!("member-{n}")).map(|user| NewMember::new(user, Grant::role("member")))
        });
        acme.organization().as_system().add_members(members.collect::<Result<Vec<_>, _>>()?).await?;
    }
    let list = addresses(pending);
    let lines = list.lines().collect::<Vec<_>>();
    for step in lines.chunks(STEP) {
        acme.invite(step.join("\n"), Grant::role("member")).await?;
    }
    Ok(())
}

async fn one_round(acme: &Acting, service: &invite::Invitations, round: usize, times: &mut Times) -> Outcome {
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
    Ok(())
}

async fn first(acme: &Acting, invitees: impl Into<Invitees>) -> Result<InvitationId, Error> {
    let invited = acme.invite(invitees, Grant::role("member")).await?;
    invited.invitations().next().ok_or(Error::Interrupted)
}
