//! What must hold however many callers there are. A benchmark of a service that breaks it measures nothing.

use std::sync::Arc;

use invite::{
    Acting, Error, FormerOwner, Grant, InvitationFilter, InvitationId, InvitationState, Invitations,
};
use invite::{Link, MemberFilter, NewMember, PageRequest, Plan, Principal, Token, UserId};
use tokio::sync::Barrier;

use crate::Outcome;
use crate::host::{Stores, organization, with_plan};
use crate::report::Report;

const TIMES: usize = 5;
const RACES: usize = 100;

/// Two services on one store, as in two processes: what is done at once is shared out among them, so that versions
/// conflict as well as wait for one another.
type Services = [Invitations; 2];

/// Runs every case five times on one store that is in use.
pub(crate) async fn run(report: &mut Report, stores: &Stores) -> Outcome {
    let services = &stores.services().await?;
    let (mut seats, mut accepted, mut invited, mut revoked, mut resent, mut owners) = (0, 0, 0, 0, 0, 0);
    for time in 0..TIMES {
        let named = |case: &str| format!("{case}-{time}");
        seats += usize::from(ten_seats(services, &named("seats")).await?);
        accepted += usize::from(one_invitation(services, &named("accepted")).await?);
        invited += usize::from(one_address(services, &named("invited")).await?);
        revoked += accept_against_revoke(services, &named("revoked")).await?;
        resent += resend_against_accept(services, &named("resent")).await?;
        owners += usize::from(two_owners(services, &named("owners")).await?);
    }
    let name = stores.name();
    report.correct(&format!("{name}: 10 seats, 50 accepts at once: 10 members"), TIMES, seats);
    report.correct(&format!("{name}: one invitation accepted 20 times at once: one member"), TIMES, accepted);
    report.correct(&format!("{name}: one address invited 20 times at once: one pending"), TIMES, invited);
    report.correct(&format!("{name}: accept against revoke: never both"), TIMES * RACES, revoked);
    report.correct(&format!("{name}: resend against accept: the old link is dead"), TIMES * RACES, resent);
    report.correct(&format!("{name}: two owners leave at once: one remains"), TIMES, owners);
    Ok(())
}

/// SEA-1
async fn ten_seats(services: &Services, id: &str) -> Outcome<bool> {
    let plan = Plan::seats("team", 10).seat_policy(invite::SeatPolicy::TakeOnAccept);
    let acme = with_plan(&services[0], id, plan).await?;
    let mut invitations = Vec::new();
    for n in 0..50 {
        invitations.push(invite_one(&acme, &format!("user-{n}")).await?);
    }
    let accepts = invitations.into_iter().enumerate().map(|(n, invitation)| {
        let acme = through(services, n, id);
        async move { accept(&acme, invitation, &format!("user-{n}")).await }
    });
    let accepted = at_once(accepts.collect::<Vec<_>>()).await?.into_iter().filter(|ok| *ok).count();
    Ok(accepted == 10 && members(&acme).await? == 11)
}

/// CON-1, IDN-10
async fn one_invitation(services: &Services, id: &str) -> Outcome<bool> {
    let acme = organization(&services[0], id).await?;
    let invitation = invite_one(&acme, "bob").await?;
    let accepts = (0..20).map(|n| {
        let acme = through(services, n, id);
        async move { accept(&acme, invitation, "bob").await }
    });
    let accepted = at_once(accepts.collect::<Vec<_>>()).await?.into_iter().filter(|ok| *ok).count();
    Ok(accepted == 1 && members(&acme).await? == 2)
}

/// CON-3
async fn one_address(services: &Services, id: &str) -> Outcome<bool> {
    let acme = organization(&services[0], id).await?;
    let invites = (0..20).map(|n| {
        let acme = through(services, n, id);
        async move { invite_one(&acme, "bob").await.is_ok() }
    });
    let invited = at_once(invites.collect::<Vec<_>>()).await?.into_iter().filter(|ok| *ok).count();
    let filter = InvitationFilter { state: Some(InvitationState::Pending), ..InvitationFilter::default() };
    let pending = acme.organization().invitations(&filter, &PageRequest::first(50)).await?.items.len();
    Ok(invited == 1 && pending == 1)
}

/// CON-2. How often of [`RACES`] exactly one of the two happened, and the member is there if it was the acceptance.
async fn accept_against_revoke(services: &Services, id: &str) -> Outcome<usize> {
    let acme = organization(&services[0], id).await?;
    let mut held = 0;
    for n in 0..RACES {
        let (user, barrier) = (format!("user-{n}"), Arc::new(Barrier::new(2)));
        let invitation = invite_one(&acme, &user).await?;
        let revoke = tokio::spawn({
            let (acme, barrier) = (through(services, 1, id), Arc::clone(&barrier));
            async move {
                barrier.wait().await;
                acme.revoke(invitation).await.is_ok_and(|revoked| revoked.len() == 1)
            }
        });
        barrier.wait().await;
        let accepted = accept(&acme, invitation, &user).await;
        let revoked = revoke.await?;
        let is_member = acme.organization().member(user.as_str()).await?.is_some();
        held += usize::from(accepted != revoked && accepted == is_member);
    }
    Ok(held)
}

/// LIF-2. How often of [`RACES`] the old link did not work once the resend was acknowledged.
async fn resend_against_accept(services: &Services, id: &str) -> Outcome<usize> {
    let acme = organization(&services[0], id).await?;
    let mut held = 0;
    for n in 0..RACES {
        let user = format!("user-{n}");
        let invitation = invite_one(&acme, &user).await?;
        let old = token_of(&acme.copy_link(invitation).await?)?;
        let resend = tokio::spawn({
            let acme = through(services, 1, id);
            async move { acme.resend(invitation).await.is_ok() }
        });
        let by_old = |user: &str| {
            services[0].accept(&old, Principal::user(user).vouched(format!("{user}@example.com")))
        };
        let accepted = by_old(&user).await.is_ok();
        let resent = resend.await?;
        let later = by_old(&user).await.is_ok();
        held += usize::from(accepted != resent && !later);
    }
    Ok(held)
}

/// AUT-8
async fn two_owners(services: &Services, id: &str) -> Outcome<bool> {
    let acme = organization(&services[0], id).await?;
    acme.organization()
        .as_system()
        .add_members([NewMember::new(UserId::parse("eve")?, Grant::role("admin"))])
        .await?;
    let offered = acme.offer_ownership("eve", FormerOwner::Stays).await?;
    acme.organization().accept(offered.invitation, Principal::user("eve")).await?;
    let leaves = ["ada", "eve"].into_iter().zip(services).map(|(user, service)| {
        let acme = service.organization(id).by(user);
        async move { acme.leave().await.is_ok() }
    });
    let left = at_once(leaves.collect::<Vec<_>>()).await?.into_iter().filter(|ok| *ok).count();
    Ok(left == 1 && members(&acme).await? == 1)
}

/// Ada, who acts through one service or the other.
fn through(services: &Services, nth: usize, organization: &str) -> Acting {
    let [one, other] = services;
    if nth.is_multiple_of(2) { one } else { other }.organization(organization).by("ada")
}

async fn invite_one(acme: &Acting, user: &str) -> Result<InvitationId, Error> {
    let invited = acme.invite(format!("{user}@example.com"), Grant::role("member")).await?;
    invited.invitations().next().ok_or(Error::Interrupted)
}

async fn accept(acme: &Acting, invitation: InvitationId, user: &str) -> bool {
    let principal = Principal::user(user).vouched(format!("{user}@example.com"));
    acme.organization().accept(invitation, principal).await.is_ok()
}

/// The token out of a link, as the host's page reads it.
pub(crate) fn token_of(link: &Link) -> Outcome<Token> {
    Ok(Token::parse(link.reveal().split_once('#').map_or("", |(_, fragment)| fragment))?)
}

async fn members(acme: &Acting) -> Outcome<usize> {
    let page = acme.organization().members(&MemberFilter::default(), &PageRequest::first(100)).await?;
    Ok(page.items.len())
}

/// Starts all of them at one moment, each in a task of its own.
pub(crate) async fn at_once<F>(futures: Vec<F>) -> Outcome<Vec<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(futures.len()));
    let tasks = futures.into_iter().map(|future| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            future.await
        })
    });
    let mut outputs = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        outputs.push(task.await?);
    }
    Ok(outputs)
}
