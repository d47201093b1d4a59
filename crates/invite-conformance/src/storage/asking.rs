//! What random histories make true of join requests.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::*;

use super::reference::Reference;
use super::rows::{group, link_id, request_id};

/// One fact: a request is made, or one that is open ends, or what is set about domains changes. `somebody` are the users
/// to choose from.
pub(super) fn fact(
    reference: &Reference,
    id: &OrganizationId,
    of: usize,
    somebody: impl Fn(usize) -> UserId,
    grants: Grants,
    now: DateTime<Utc>,
    n: [usize; 4],
) -> Event {
    let ids = reference.request_ids(id);
    let open = ids.iter().filter(|of| reference.request(id, **of).is_some_and(JoinRequest::is_open));
    let open = open.copied().collect::<Vec<_>>();
    match (n[0] % 4, open.get(n[1] % open.len().max(1))) {
        (0, _) if n[1].is_multiple_of(4) => {
            let domain = Domain::parse("example.com").unwrap();
            let verified = [VerifiedDomain::joins(grants.clone()), VerifiedDomain::asks(grants)];
            let verified = verified.into_iter().take(n[2] % 3).map(|set| (domain.clone(), set));
            Event::VerifiedDomainsChanged { verified: verified.collect() }
        }
        (0 | 1, Some(id)) => Event::RequestEnded { id: *id, ending: ending(n[2], somebody(n[3])) },
        _ => {
            let by = somebody(n[1]);
            let ways = [
                RequestWay::Link { link: link_id(0), revision: 1 },
                RequestWay::Group(group("red")),
                RequestWay::Domain(Domain::parse("example.com").unwrap()),
                RequestWay::Proposal,
            ];
            let way = ways[n[2] % 4].clone();
            let invitee = if way == RequestWay::Proposal { somebody(n[3]) } else { by.clone() };
            let number = u32::try_from(ids.len() * 2 + of).unwrap();
            let request = JoinRequest {
                id: request_id(number),
                way,
                invitee: invitee.into(),
                by,
                email: None,
                name: Some(format!("Request {number}")),
                grants,
                message: Some(format!("{n:?}")),
                created_at: now,
                expires_at: now + TimeDelta::hours(1 + n[3] as i64),
                ended: None,
            };
            Event::RequestMade { request: Box::new(request) }
        }
    }
}

fn ending(n: usize, by: UserId) -> RequestEnding {
    match n % 6 {
        0 => RequestEnding::Approved { by: Actor::User(by), invitation: None },
        1 => RequestEnding::Denied { by: Actor::User(by), reason: Some("no".into()) },
        2 => RequestEnding::Denied { by: Actor::System, reason: None },
        3 => RequestEnding::Withdrawn,
        4 => RequestEnding::Expired,
        _ => RequestEnding::Settled { because: SettledBecause::JoinedOtherwise },
    }
}
