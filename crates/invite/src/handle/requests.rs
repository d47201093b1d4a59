//! Join requests, proposals, and verified domains.

use invite_core::{
    Approve, AskToJoin, ChangeVerifiedDomains, Deny, Domain, Grants, GroupId, InvalidId, Invitee,
    JoinByDomain, JoinRequest, Propose, Reads, RequestId, VerifiedDomain, Withdraw,
};

use super::{Acting, OrganizationHandle, existing, into_id, missing};
use crate::command::Command;
use crate::error::Error;
use crate::principal::Principal;

impl OrganizationHandle {
    /// Asks to come into a group that is joined by request, as a member of the organization (E1). A word to those who
    /// decide goes through [`Command::with`].
    pub fn ask_for_group<G>(&self, group: G, principal: impl Into<Principal>) -> Command<AskToJoin>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        let group = into_id(group);
        self.try_answer(principal, |principal| Ok(AskToJoin::group(group?, principal)))
    }

    /// Asks to join with an address of a verified domain that lets people ask (F15).
    pub fn ask_by_domain(&self, principal: impl Into<Principal>) -> Command<AskToJoin> {
        self.try_answer(principal, |principal| Ok(AskToJoin::domain(principal)))
    }

    /// Joins with an address of a verified domain that lets people join by themselves (F15).
    pub fn join_by_domain(&self, principal: impl Into<Principal>) -> Command<JoinByDomain> {
        self.try_answer(principal, |principal| Ok(JoinByDomain::new(principal)))
    }

    /// A join request, ended or not.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn request(&self, id: RequestId) -> Result<Option<JoinRequest>, Error> {
        let draft = self.service.inner.engine().look(self.id()?, &Reads::new().request(id)).await?;
        existing(&draft)?;
        Ok(draft.request(id).map_err(missing)?.cloned())
    }
}

impl Acting {
    /// Proposes an invitation, for somebody else to approve (F21).
    pub fn propose(&self, invitee: impl Into<Invitee>, grants: impl Into<Grants>) -> Command<Propose> {
        self.run(Propose::new(invitee, grants))
    }

    /// Approves a join request: whoever asked is a member then, and whoever was proposed is invited.
    pub fn approve(&self, request: RequestId) -> Command<Approve> {
        self.run(Approve::one(request))
    }

    /// Approves many, with a result for each.
    pub fn approve_many(&self, requests: impl IntoIterator<Item = RequestId>) -> Command<Approve> {
        self.run(Approve::many(requests))
    }

    /// Denies a join request. A reason goes through [`Command::with`].
    pub fn deny(&self, request: RequestId) -> Command<Deny> {
        self.run(Deny::one(request))
    }

    /// Denies many, with a result for each.
    pub fn deny_many(&self, requests: impl IntoIterator<Item = RequestId>) -> Command<Deny> {
        self.run(Deny::many(requests))
    }

    /// Takes back a join request that whoever acts has made.
    pub fn withdraw(&self, request: RequestId) -> Command<Withdraw> {
        self.run(Withdraw::new(request))
    }

    /// Changes which domains are verified and who joins by them, all at once (F15). The host adds them, as the system.
    pub fn change_verified_domains(
        &self,
        verified: impl IntoIterator<Item = (Domain, VerifiedDomain)>,
    ) -> Command<ChangeVerifiedDomains> {
        self.run(ChangeVerifiedDomains::new(verified))
    }
}
