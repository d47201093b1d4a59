//! What must hold however many callers there are. A benchmark of a service that breaks it measures nothing.

use std::pin::Pin;
use std::sync::Arc;

use invite::{
    Acting, Error, FormerOwner, Grant, InvitationFilter, InvitationId, InvitationState, Invitations,
};
use invite::{Link, MemberFilter, NewMember, PageRequest, Plan, Principal, Token, UserId};
use tokio::sync::Barrier;

use crate::Outcome;
use crate::cycles::Others;
use crate::host::{Stores, organization, with_plan};
use crate::report::Report;

const TIMES: usize = 5;
const RACES: usize = 100;

/// Two services on one store, as in two processes: what is done at once is shared out among them, so that versions
/// conflict as well as wait for one another.
type Services = [Invitations; 2];

/// Runs every case five times on one store that is in use: life cycles go on in other organizations of it.
pub(crate) async fn run(report: &mut Report, stores: &Stores) -> Outcome {
    let services = &stores.services().await?;
    let others = Others::start(services).await?;
    let (mut seats, mut accepted, mut invited, mut owners) = (0, 0, 0, 0);
    let (mut revoked, mut resent) = (Races::default(), Races::default());
    for time in 0..TIMES {
        let named = |case: &str| format!("{case}-{time}");
        seats += usize::from(ten_seats(services, &named("seats")).await?);
        accepted += usize::from(one_invitation(services, &named("accepted")).await?);
        invited += usize::from(one_address(services, &named("invited")).await?);
        accept_against_revoke(services, &named("revoked"), &mut revoked).await?;
        resend_against_accept(services, &named("resent"), &mut resent).await?;
        owners += usize::from(two_owners(services, &named("owners")).await?);
    }
    let (name, others) = (stores.name(), others.stop().await?);
    report.note(&format!("{name}: life cycles in other organizations during what follows"), others as f64);
    report.correct(&format!("{name}: 10 seats, 50 accepts at once: 10 members"), TIMES, seats);
    report.correct(&format!("{name}: one invitation accepted 20 times at once: one member"), TIMES, accepted);
    report.correct(&format!("{name}: one address invited 20 times at once: one pending"), TIMES, invited);
    report.correct(&format!("{name}: accept against revoke: never both"), TIMES * RACES, revoked.held);
    report.shares(&format!("{name}: accept against revoke: who was first"), revoked.shares("revoke"));
    report.correct(
        &format!("{name}: resend against accept: the old link is dead"),
        TIMES * RACES,
        resent.held,
    );
    report.shares(&format!("{name}: resend against accept: who was first"), resent.shares("resend"));
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

/// What came of two commands at once.
#[derive(Debug, Default)]
struct Races {
    /// How often the rule held.
    held: usize,
    /// How often the acceptance was first.
    accepts: usize,
    /// How often the other command was.
    others: usize,
}

impl Races {
    fn shares<'a>(&self, other: &'a str) -> [(usize, &'a str); 2] {
        [(self.accepts, "accept"), (self.others, other)]
    }

    /// Notes who was first, and whether all that must hold did.
    fn note(&mut self, accepted: bool, other: bool, holds: bool) {
        self.accepts += usize::from(accepted);
        self.others += usize::from(other);
        self.held += usize::from(accepted != other && holds);
    }
}

/// CON-2. Exactly one of the two happens, and the member is there if it was the acceptance.
async fn accept_against_revoke(services: &Services, id: &str, races: &mut Races) -> Outcome {
    let acme = organization(&services[0], id).await?;
    for n in 0..RACES {
        let user = format!("user-{n}");
        let invitation = invite_one(&acme, &user).await?;
        let (here, there, name) = (acme.clone(), through(services, 1, id), user.clone());
        let accepting = async move { accept(&here, invitation, &name).await };
        let revoking = async move { there.revoke(invitation).await.is_ok_and(|revoked| revoked.len() == 1) };
        let [accepted, revoked] = in_turn(n, accepting, revoking).await?;
        let is_member = acme.organization().member(user.as_str()).await?.is_some();
        races.note(accepted, revoked, accepted == is_member);
    }
    Ok(())
}

/// LIF-2. The old link does not work once the resend is acknowledged.
async fn resend_against_accept(services: &Services, id: &str, races: &mut Races) -> Outcome {
    let acme = organization(&services[0], id).await?;
    for n in 0..RACES {
        let user = format!("user-{n}");
        let invitation = invite_one(&acme, &user).await?;
        let old = token_of(&acme.copy_link(invitation).await?)?;
        let principal = Principal::user(user.as_str()).vouched(format!("{user}@example.com"));
        let by_old = || {
            let (service, old, principal) = (services[0].clone(), old.clone(), principal.clone());
            async move { service.accept(&old, principal).await.is_ok() }
        };
        let there = through(services, 1, id);
        let resending = async move { there.resend(invitation).await.is_ok() };
        let [accepted, resent] = in_turn(n, by_old(), resending).await?;
        races.note(accepted, resent, !by_old().await);
    }
    Ok(())
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

/// Both at one moment, as far as that goes: in one race the one is nearer to the start, in the next the other.
async fn in_turn(
    nth: usize,
    one: impl Future<Output = bool> + Send + 'static,
    other: impl Future<Output = bool> + Send + 'static,
) -> Outcome<[bool; 2]> {
    let (one, other): (Racer, Racer) = (Box::pin(one), Box::pin(other));
    let is_turned = nth.is_multiple_of(2);
    let outputs = at_once(if is_turned { vec![other, one] } else { vec![one, other] }).await?;
    let [first, second] = outputs.try_into().map_err(|_| "another number of racers than two")?;
    Ok(if is_turned { [second, first] } else { [first, second] })
}

type Racer = Pin<Box<dyn Future<Output = bool> + Send>>;

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
