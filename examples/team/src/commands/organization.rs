//! The organization: making it, its plan, its seats.

use invite::{Limit, Plan, SeatPolicy, SeatUse};

use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::said::Said;
use crate::table::{Table, count};

const SEATS_OPTION: Opt =
    Opt::many("seats", "CLASS=N", "how many seats of a class: team=5, client=unlimited");
const TAKE_OPTION: Opt = Opt::value(
    "take-seats",
    "WHEN",
    "invite: a pending invitation reserves its seat (so unless said); accept: seats are taken on acceptance",
);
const PENDING_OPTION: Opt = Opt::value("pending", "N", "how many invitations may be pending at once");

pub(crate) const CREATE: Spec = Spec {
    name: "create",
    arguments: &["ID"],
    summary: "create an organization with a plan; whoever acts becomes its owner",
    options: &[
        Opt::value("name", "NAME", "its name, as people read it"),
        SEATS_OPTION,
        TAKE_OPTION,
        PENDING_OPTION,
    ],
    notes: "Seat classes are `team`, for whoever may publish, and `client`, for everybody else. The owner takes \
            none. A class that the plan does not name has no seats.\n\n\
            Example: team create acme --name \"Acme Ltd\" --seats team=5 --seats client=unlimited --as ada",
};

pub(crate) const PLAN: Spec = Spec {
    name: "plan",
    arguments: &[],
    summary: "change the plan, as a host's billing does; what is not named stays",
    options: &[SEATS_OPTION, TAKE_OPTION, PENDING_OPTION],
    notes: "The system does this, and asks nobody's permission.\n\nExample: team plan --seats team=10",
};

pub(crate) const SEATS: Spec = Spec {
    name: "seats",
    arguments: &[],
    summary: "show the seats: taken, reserved by invitations, left",
    options: &[],
    notes: "",
};

pub(crate) const MAINTAIN: Spec = Spec {
    name: "maintain",
    arguments: &[],
    summary: "write down what is decided already: what expired, and what closed groups leave",
    options: &[Opt::value("limit", "N", "at most so many rows in one commit; 100 without it")],
    notes: "A real host does this from time to time, as the system. No decision waits for it, but seats in closed \
            groups are free only then.",
};

pub(crate) async fn create(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let user = host::user(given)?;
    let name = given.one("name").unwrap_or(id);
    if given.one("seats").is_none() {
        return Err(Failure::input(
            "a plan without seats lets nobody in",
            "add --seats, as in --seats team=5",
        ));
    }
    let plan = changed(Plan::new(), given)?;
    let host = Host::open_or_make(given).await?;
    let organization = host.invite.create_organization(id, name, user.clone(), plan).await?;
    Ok(format!("{name} was created, and {user} owns it.\n\n{}", table(&organization.seats().await?)).into())
}

pub(crate) async fn plan(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let organization = acting.organization();
    let plan = changed(organization.get().await?.plan, given)?;
    organization.as_system().change_plan(plan).await?;
    Ok(format!("The plan was changed.\n\n{}", table(&organization.seats().await?)).into())
}

pub(crate) async fn seats(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let host = Host::open(given).await?;
    Ok(table(&host.acting(given).await?.seats().await?).into())
}

pub(crate) async fn maintain(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let limit = given.limit(100)?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let (mut ended, mut settled) = (0, 0);
    loop {
        let tidied = acting.organization().maintain(limit).await?;
        ended += tidied.ended;
        settled += tidied.settled;
        if !tidied.more {
            break;
        }
    }
    let ended = count(ended, "invitation was", "invitations were");
    let settled = count(settled, "member, invitation or link", "members, invitations and links");
    Ok(format!("{ended} ended, and what was closed was taken out of {settled}.\n").into())
}

/// Seats as a table.
pub(crate) fn table(seats: &[SeatUse]) -> String {
    let mut table = Table::new(["seats", "limit", "taken", "reserved", "left"]);
    for seat in seats {
        let (limit, left) = (limit(seat), left(seat));
        table.row([seat.class.to_string(), limit, seat.used.to_string(), seat.reserved.to_string(), left]);
    }
    table.or("there are no classes of seats")
}

pub(crate) fn limit(seat: &SeatUse) -> String {
    match seat.limit {
        Some(Limit::AtMost(limit)) => limit.to_string(),
        Some(Limit::Unlimited) => "unlimited".into(),
        None => "not in plan".into(),
    }
}

pub(crate) fn left(seat: &SeatUse) -> String {
    seat.left().map_or("any number".into(), |left| left.to_string())
}

/// The plan with what was given.
fn changed(plan: Plan, given: &Given) -> Result<Plan, Failure> {
    let mut plan = plan;
    for seats in given.all("seats") {
        let bad = || {
            Failure::input(format!("`{seats}` is no number of seats"), "write --seats team=5, or =unlimited")
        };
        let (class, limit) = seats.split_once('=').filter(|(class, _)| !class.is_empty()).ok_or_else(bad)?;
        let limit = match limit {
            "unlimited" => Limit::Unlimited,
            number => Limit::AtMost(number.parse().map_err(|_| bad())?),
        };
        plan = plan.and_seats(class, limit);
    }
    let policies = [("invite", SeatPolicy::ReserveOnInvite), ("accept", SeatPolicy::TakeOnAccept)];
    if let Some(policy) = given.choice("take-seats", &policies)? {
        plan = plan.seat_policy(policy);
    }
    if let Some(pending) = given.number("pending")? {
        plan = plan.pending(Limit::AtMost(pending));
    }
    Ok(plan)
}
