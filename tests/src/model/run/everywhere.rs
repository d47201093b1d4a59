//! What somebody does, or the host with them, in all organizations at once: for each organization it is as if it were
//! done there.

use std::collections::BTreeSet;

use invite::core::{Accept, Decline, Erase, Invitee, Operation, Principal};
use invite::{
    Answered, Block, Clock as _, Error, InvitationId, OrganizationId, PageRequest, Refusal as _,
    TheirInvitations, UserId,
};

use super::super::cast::{ORGANIZATIONS, name, theirs, whole};
use super::super::choose::person;
use super::super::command::{Came, Claim, Command, Item, Whence, accepted_as};
use super::super::invariants::Change;
use super::super::snapshot::{Snapshot, failed};
use super::super::step::{Step, What};
use super::super::violation::{Checked, holds};
use super::Run;

/// What came of each item of a command, or why of none.
type Items = Result<Vec<Item>, &'static str>;

impl Run {
    /// A step that is no command of one organization; `false` if this is none.
    pub(super) async fn everywhere(&mut self, step: &Step) -> Checked<bool> {
        let user = name(step.n[0]);
        let told = match step.what {
            What::AcceptAll => self.accept_all(&user).await?,
            What::DeclineAll => self.decline_all(&user).await?,
            What::BlockAll => self.block_all(&user).await?,
            What::UnblockAll => self.unblock_all(&user).await?,
            What::RemoveUser => self.remove_user(&user, theirs(step.n[1])).await?,
            What::EraseEverywhere => self.erase_everywhere(person(step.n)).await?,
            _ => return Ok(false),
        };
        self.told.push(format!("everywhere {user:?} {:?}: {told}", step.what));
        Ok(true)
    }

    /// E5: each that waits is answered once, in a commit of its own.
    async fn accept_all(&mut self, user: &UserId) -> Checked<String> {
        let (principal, waiting, before) = (whole(user), self.waiting(user, true), self.both().await?);
        let answered = self.service.accept_all(principal.clone()).await.map_err(failed)?;
        let item = |answered: &Answered<Accept>| came(answered, accepted_as);
        let all = answered.iter().map(|one| (one.organization.clone(), one.invitation, item(one)));
        let all = all.collect::<Vec<_>>();
        let command = |id, principal| Command::Accept { claim: Claim::Inbox(id), principal };
        self.follow_answers(all, &waiting, &principal, command).await?;
        self.check_both(&before).await?;
        Ok(format!("{} answered", waiting.len()))
    }

    async fn decline_all(&mut self, user: &UserId) -> Checked<String> {
        let (principal, waiting, before) = (whole(user), self.waiting(user, true), self.both().await?);
        let answered = self.service.decline_all(principal.clone()).await.map_err(failed)?;
        self.follow_declined(answered, &waiting, &principal).await?;
        self.check_both(&before).await?;
        Ok(format!("{} answered", waiting.len()))
    }

    /// F11: what waits is declined, also of organizations that were blocked already.
    async fn block_all(&mut self, user: &UserId) -> Checked<String> {
        let (principal, waiting, before) = (whole(user), self.waiting(user, false), self.both().await?);
        let names = principal.invitees().collect::<BTreeSet<_>>();
        let answered = self.service.block(principal.clone()).await.map_err(failed)?;
        for should in &mut self.should {
            should.block_everywhere(&names, true);
        }
        self.follow_declined(answered, &waiting, &principal).await?;
        self.check_both(&before).await?;
        Ok(format!("{} answered", waiting.len()))
    }

    async fn unblock_all(&mut self, user: &UserId) -> Checked<String> {
        let (principal, before) = (whole(user), self.both().await?);
        let names = principal.invitees().collect::<BTreeSet<_>>();
        let undone = self.service.unblock(principal).await.map_err(failed)?;
        let [one, other] = &mut self.should;
        let should = one.block_everywhere(&names, false).max(other.block_everywhere(&names, false)) > 0;
        holds!(undone == should, "F11", "of {user} something was undone: {undone}, and should: {should}");
        self.nothing_changed("STO-7").await?;
        self.check_both(&before).await?;
        Ok(format!("{}", u8::from(undone)))
    }

    /// F22: in one organization after the other it is as if what waits for them were taken back, and they left.
    async fn remove_user(&mut self, user: &UserId, theirs: TheirInvitations) -> Checked<String> {
        let (principal, before) = (whole(user), self.both().await?);
        let (mut after, mut gone, mut steps) = (None, 0, 0);
        while let Some(done) =
            self.service.remove_user(principal.clone(), theirs, after.as_ref()).await.map_err(failed)?
        {
            steps += 1;
            holds!(steps < 50, "F22", "removing {user} does not end");
            let organization = &done.organization;
            let at = usize::from(organization.as_str() != ORGANIZATIONS[0]);
            let now = self.shown[at].time(self.clock.now());
            let (invitations, requests) = self.should[at].pending_of(&principal, now);
            let told = (done.revoked, done.withdrawn);
            let should = (invitations.len(), requests.len());
            holds!(told == should, "F22", "of {user} {told:?} were taken back, and should be {should:?}");
            for id in invitations {
                self.follow_host(organization, &Command::Revoke(vec![id]), Ok(vec![Item::Done]))?;
            }
            for id in requests {
                self.follow_host(organization, &Command::Withdraw(id), Ok(vec![Item::Done]))?;
            }
            let leave = Command::Leave { user: user.clone(), theirs, block: Block::No };
            if done.left {
                self.follow_host(organization, &leave, Ok(vec![Item::Done]))?;
                gone += 1;
            } else if let Some(why) = done.kept {
                self.follow_host(organization, &leave, Err(why.code()))?;
            }
            after = done.after;
        }
        let stays = self.service.memberships(user.clone(), &PageRequest::first(9)).await.map_err(failed)?;
        for membership in stays.items {
            let kept = membership.member.is_owner() && self.is_open(&membership.organization);
            holds!(kept, "F22", "{membership:?} stays");
        }
        self.check_both(&before).await?;
        Ok(format!("{gone} left"))
    }

    /// PRI-6: a step of it is a step of erasing in one organization.
    async fn erase_everywhere(&mut self, erase: Erase) -> Checked<String> {
        let mut after = None;
        let mut steps = 0_u32;
        while let Some(done) = self.service.erase(&erase, after.as_ref()).await.map_err(failed)? {
            steps += 1;
            holds!(steps < 200, "PRI-6", "erasing {erase:?} does not end");
            if erase.drops_blocks() {
                let at = usize::from(done.organization.as_str() != ORGANIZATIONS[0]);
                let names = self.should[at].names_of(erase.person());
                for should in &mut self.should {
                    should.block_everywhere(&names, false);
                }
            }
            let whence = Whence { organization: done.organization.to_string(), actor: invite::Actor::System };
            let items = Ok(vec![Item::Erased(done.erased.clone())]);
            let came = Came { items, told: format!("{:?}", done.erased) };
            self.follow(&whence, &Command::Erase(erase.clone()), came, None).await?;
            after = done.after;
        }
        if erase.drops_blocks() {
            for should in &mut self.should {
                should.block_everywhere(erase.person(), false);
            }
        }
        Ok(format!("{steps} steps"))
    }

    /// What waits for somebody, of both organizations.
    pub(super) fn waiting(&self, user: &UserId, unless_blocked: bool) -> BTreeSet<InvitationId> {
        let names = whole(user).invitees().collect::<BTreeSet<Invitee>>();
        let clock = self.clock.now();
        let both = self.should.iter().zip(&self.shown);
        let waiting = both.flat_map(|(should, shown)| {
            // What was written down as expired stays so when the clock goes back.
            let pending = shown.pending(clock).map(|row| row.id).collect::<BTreeSet<_>>();
            should.waiting(&names, clock, unless_blocked).into_iter().filter(move |id| pending.contains(id))
        });
        waiting.collect()
    }

    async fn follow_declined(
        &mut self,
        answered: Vec<Answered<Decline>>,
        waiting: &BTreeSet<InvitationId>,
        principal: &Principal,
    ) -> Checked {
        let item = |answered: &Answered<Decline>| came(answered, |_| Item::Done);
        let all = answered.iter().map(|one| (one.organization.clone(), one.invitation, item(one)));
        let command =
            |id, principal| Command::Decline { claim: Claim::Inbox(id), principal, block: Block::No };
        self.follow_answers(all.collect(), waiting, principal, command).await
    }

    async fn follow_answers(
        &mut self,
        answered: Vec<(OrganizationId, InvitationId, Checked<Items>)>,
        waiting: &BTreeSet<InvitationId>,
        principal: &Principal,
        command: impl Fn(InvitationId, Principal) -> Command,
    ) -> Checked {
        let ids = answered.iter().map(|(_, id, _)| *id).collect::<BTreeSet<_>>();
        let once = ids.len() == answered.len() && ids == *waiting;
        holds!(once, "E5", "{ids:?} were answered, and {waiting:?} waited for {principal:?}");
        for (organization, id, items) in answered {
            let at = usize::from(organization.as_str() != ORGANIZATIONS[0]);
            let now = self.shown[at].time(self.clock.now());
            let (items, by) = (items?, invite::Actor::User(principal.user().clone()));
            let came = Came { items, told: String::new() };
            let command = command(id, principal.clone());
            self.should[at].follow(&command, &by, &came, &self.shown[at], now)?;
        }
        Ok(())
    }

    fn follow_host(&mut self, organization: &OrganizationId, command: &Command, items: Items) -> Checked {
        let at = usize::from(organization.as_str() != ORGANIZATIONS[0]);
        let now = self.shown[at].time(self.clock.now());
        let came = Came { items, told: String::new() };
        self.should[at].follow(command, &invite::Actor::System, &came, &self.shown[at], now)
    }

    fn is_open(&self, organization: &OrganizationId) -> bool {
        let of = self.shown.iter().find(|of| of.organization.id == *organization);
        of.is_some_and(|of| of.organization.status != invite::OrganizationStatus::Closed)
    }

    async fn both(&mut self) -> Checked<[Snapshot; 2]> {
        Ok([self.look(0).await?, self.look(1).await?])
    }

    /// What holds after every command holds after these.
    async fn check_both(&mut self, before: &[Snapshot; 2]) -> Checked {
        for at in 0..2 {
            self.look(at).await?;
            let now = self.shown[at].time(self.clock.now());
            let (rules, model, by) = (self.rules, &self.model, &invite::Actor::System);
            // None of those that are checked asks what was done.
            let command = &Command::Revoke(Vec::new());
            let (before, after) = (&before[at], &self.shown[at]);
            Change { rules, model, before, after, command, by, now }.check_rows()?;
        }
        self.compare().await
    }
}

fn came<O: Operation>(answered: &Answered<O>, item: impl Fn(&O::Outcome) -> Item) -> Checked<Items> {
    match &answered.result {
        Ok(outcome) => Ok(Ok(vec![item(outcome)])),
        Err(Error::Refused(why)) => Ok(Err(why.code())),
        Err(other) => Err(failed(other)),
    }
}
