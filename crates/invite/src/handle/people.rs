//! People: whom somebody means by a name, and whom they may have in mind.

use std::collections::{BTreeMap, BTreeSet};

use invite_core::{
    Actor, Called, Candidates, CandidatesRefused, Circle, EmailAddress, Invitees, ListOptions, Look,
    LookRefused, NameFragments, Nearness, OrganizationId, PastedList, Reads, RevealAccounts, Scope, UserId,
    Who, parse_list,
};
use invite_storage::Seek;

use super::Acting;
use crate::directory::{Among, Person};
use crate::error::Error;
use crate::service::stopped;

/// How many matches beyond those who are near the directory is asked for.
const MOST_OTHERS: usize = 64;
/// How many people are looked at together.
const AT_ONCE: usize = 64;
/// The longest text that is completed, in bytes.
const LONGEST_TYPED: usize = 200;

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The user: to be invited by this id.
    pub user: UserId,
    /// The name that the directory shows.
    pub name: String,
    /// How near they are to whoever asks.
    pub nearness: Nearness,
}

impl Acting {
    /// Reads a list of addresses and user names, separated by comma, semicolon or line, to be
    /// [invited](Self::invite) (E2). The host's directory says who has a name; one that is nobody's, or several people's,
    /// is refused in its place when the list is invited (PAR-2).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may invite nowhere in the organization, or who ask too often (PRI-2).
    pub async fn invitees(&self, text: &str) -> Result<Invitees, Error<LookRefused>> {
        match parse_list(text, &ListOptions::new().names(NameFragments::UserNames)) {
            Ok(list) => self.look_up(&list).await,
            Err(why) => Ok(why.into()),
        }
    }

    /// The same for a list that was read with options of one's own.
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may invite nowhere in the organization, or who ask too often (PRI-2).
    pub async fn look_up(&self, list: &PastedList) -> Result<Invitees, Error<LookRefused>> {
        self.look(Look::for_people()).await?;
        let inner = &self.organization.service.inner;
        let (model, now) = (&inner.engine().model, inner.engine().now()?);
        let reveals = model.reveals_accounts() == RevealAccounts::ToInviters;
        // A longer list is refused when it is invited.
        let entries = list.accepted().take(model.caps().items).map(|(_, entry)| &entry.who);
        let asked = entries.filter(|who| reveals || matches!(who, Who::UserName(_))).collect::<Vec<_>>();
        inner
            .ask(self.actor.as_ref().map_err(Clone::clone)?, asked.len(), now)
            .map_err(|why| Error::Refused(why.into()))?;
        let draft = inner.engine().look(self.organization.id()?, &Reads::new()).await?;
        let restricted = draft.organization().is_some_and(|row| row.settings.domain_rules().restrict());
        let (mut called, mut accounts, mut addresses) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for who in asked {
            match who {
                Who::UserName(name) => {
                    let one = inner.directory.called(name).await?;
                    if let (Called::One(user), true) = (&one, restricted) {
                        let address = inner.directory.address(user).await?;
                        addresses.extend(address.map(|address| (user.clone(), address)));
                    }
                    called.insert(name.clone(), one);
                }
                Who::Address(address) => {
                    let account = inner.directory.account(address).await?;
                    accounts.extend(account.map(|user| (address.clone(), user)));
                }
            }
        }
        Ok(Invitees::looked_up(list, &called, &accounts).with_addresses(&addresses))
    }

    /// Whom they may mean by what was typed so far, to be invited to a scope: for a field that completes names (C2, E2).
    ///
    /// First those they work or worked with: who shares a group with them, then an organization, then who shared one
    /// while both were members of it. A group counts only while both are in it; an organization where they may see its
    /// members, or might when they left. Nobody else counts, and nobody who is suspended; of each circle only the last to
    /// come or go: 32 of each, in 8 organizations and 4 groups of each. Then those whom the host's directory finds by name.
    /// Nothing typed offers the former alone.
    ///
    /// At most `limit` of them, at most 20. Not who is there already, was invited there by user id, or blocked
    /// invitations. Names alone are matched: what holds an `@` matches nobody, and no address is returned (PRI-2).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not invite there, or who ask too often.
    pub async fn candidates(
        &self,
        typed: &str,
        scope: &Scope,
        limit: usize,
    ) -> Result<Vec<Candidate>, Error<CandidatesRefused>> {
        let inner = &self.organization.service.inner;
        let actor = self.actor.as_ref().map_err(Clone::clone)?;
        self.free(scope, []).await?;
        inner.ask(actor, 1, inner.engine().now()?).map_err(|why| Error::Refused(why.into()))?;
        let typed = typed.trim();
        if typed.contains('@') || typed.len() > LONGEST_TYPED {
            return Ok(Vec::new());
        }
        let near = match actor {
            Actor::User(user) => self.near(user).await?,
            Actor::System => Vec::new(),
        };
        let users = near.iter().map(|(user, _)| user.clone()).collect::<Vec<_>>();
        let known = match users.len() {
            0 => Vec::new(),
            count => inner.directory.complete(typed, Among::These(&users), count).await?,
        };
        let others = match typed {
            "" => Vec::new(),
            typed => inner.directory.complete(typed, Among::Everybody, MOST_OTHERS).await?,
        };
        let ranked = ranked(near, known, others);
        let limit = limit.clamp(1, 20);
        let mut offered = Vec::new();
        for some in ranked.chunks(AT_ONCE) {
            let free = self.free(scope, some.iter().map(|one| one.user.clone())).await?;
            offered.extend(some.iter().filter(|one| free.contains(&one.user)).cloned());
            if offered.len() >= limit {
                break;
            }
        }
        offered.truncate(limit);
        Ok(offered)
    }

    /// Which of these can be invited.
    async fn free(
        &self,
        scope: &Scope,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<BTreeSet<UserId>, Error<CandidatesRefused>> {
        let engine = self.organization.service.inner.engine();
        let actor = self.actor.as_ref().map_err(Clone::clone)?;
        let asked = Candidates::new(scope.clone()).among(users);
        let draft = engine.look(self.organization.id()?, &asked.reads(actor)).await?;
        Ok(asked.decide(&engine.host(), actor, &draft).map_err(stopped)?.into_iter().collect())
    }

    /// Those a user works or worked with, the nearest first.
    async fn near(&self, user: &UserId) -> Result<Vec<(UserId, Nearness)>, Error<CandidatesRefused>> {
        let engine = self.organization.service.inner.engine();
        let most = u32::try_from(Circle::ORGANIZATIONS).unwrap_or(u32::MAX);
        let memberships = engine.storage.memberships(user, &Seek { after: None, limit: most }).await?;
        // Where they act counts most.
        let id: &OrganizationId = self.organization.id()?;
        let draft = engine.look(id, &Reads::new().member(user.clone())).await?;
        let member = draft.member(user).map_err(|why| Error::Fault(why.into()))?.cloned();
        let here = draft.organization().map(|organization| organization.status).zip(member);
        let here = here.map(|(status, member)| (id.clone(), status, member)).into_iter();
        let elsewhere = memberships.into_iter().map(|row| (row.organization, row.status, row.member));
        let here = here.chain(elsewhere.filter(|(other, ..)| other != id)).collect::<Vec<_>>();
        let left = engine.storage.former_memberships(user, most).await?;
        let left = left.into_iter().map(|row| (row.organization, row.former)).collect::<Vec<_>>();
        let circles = Circle::of(&engine.model, engine.now()?, &here, &left);
        let (nearness, circles): (Vec<_>, Vec<_>) = circles.into_iter().unzip();
        let found = engine.storage.circles(&circles, Circle::PEOPLE).await?;
        let people = nearness.into_iter().zip(found);
        let people = people.flat_map(|(nearness, users)| users.into_iter().map(move |one| (one, nearness)));
        let mut seen = BTreeSet::from([user.clone()]);
        Ok(people.filter(|(one, _)| seen.insert(one.clone())).collect())
    }
}

/// Each once, the nearest first, and no name that is an address.
fn ranked(near: Vec<(UserId, Nearness)>, known: Vec<Person>, others: Vec<Person>) -> Vec<Candidate> {
    let mut names = known.into_iter().map(|Person { user, name }| (user, name)).collect::<BTreeMap<_, _>>();
    let mut seen = BTreeSet::new();
    let near = near.into_iter().filter_map(|(user, nearness)| {
        let name = names.remove(&user)?;
        Some(Candidate { user, name, nearness })
    });
    let near = near.collect::<Vec<_>>();
    seen.extend(near.iter().map(|one| one.user.clone()));
    let others = others.into_iter().filter(|person| seen.insert(person.user.clone()));
    let others = others
        .map(|Person { user, name }| Candidate { user, name, nearness: Nearness::Directory })
        .collect::<Vec<_>>();
    let shown =
        |one: &Candidate| !one.name.trim().is_empty() && EmailAddress::parse(one.name.trim()).is_err();
    near.into_iter().chain(others).filter(shown).collect()
}
