//! Looks, which change nothing, and couriers.

use invite::core::Purpose;
use invite::{Actor, Clock as _, Error, Token};

use super::super::cast::{ORGANIZATIONS, actor, principal};
use super::super::command::Issued;
use super::super::snapshot::failed;
use super::super::step::Step;
use super::super::violation::{Checked, holds};
use super::Run;
use crate::mail::Mail;

impl Run {
    /// LNK-1, LNK-3: a look at a link changes nothing, and says what is there.
    pub(super) async fn preview(&mut self, step: &Step, n: usize) -> Checked {
        let numbers = step.n.map(|number| number + n);
        let issued = match numbers[3] % 2 {
            0 => self.choices().token(step.organization, numbers),
            _ => self.choices().link_token(step.organization, numbers),
        };
        let organization = issued.token.organization().as_str().to_owned();
        let at = usize::from(organization != ORGANIZATIONS[0]);
        let principal = (numbers[2] % 3 > 0).then(|| principal(numbers[2], numbers[3]).into());
        let seen = self.service.preview(&issued.token, principal).await;
        let seen = match seen {
            Ok(preview) => Some(serde_json::to_value(preview.status).map_err(failed)?),
            Err(Error::Refused(_)) => None,
            Err(error) => return Err(failed(error)),
        };
        let now = self.shown[at].time(self.clock.now());
        let should = self.should[at].shown(&issued, &organization, now).map(serde_json::Value::from);
        holds!(seen == should, "LNK-1", "{issued:?} is shown as {seen:?} and should be {should:?}");
        self.nothing_changed("LNK-1").await
    }

    /// F7: whoever has authority is shown the link, which works, and proves nothing (IDN-13).
    pub(super) async fn copy_link(&mut self, step: &Step) -> Checked {
        let at = step.organization;
        let id = self.choices().invitation(at, step.n[0]);
        let by = if step.able { Actor::System } else { actor(step.actor) };
        let organization = self.service.organization(ORGANIZATIONS[at]);
        let acting = match &by {
            Actor::User(user) => organization.by(user.clone()),
            Actor::System => organization.as_system(),
        };
        let now = self.shown[at].time(self.clock.now());
        let why = self.should[at].against_copying(id, &by, now);
        let told = match acting.copy_link(id).await {
            Ok(link) => {
                holds!(why.is_empty(), "AUT-1", "{by:?} was shown the link of {id} in spite of {why:?}");
                let token = crate::people::token(&link.reveal());
                let verifies = self.shown[at].invitations.get(&id);
                let verifies = verifies.is_some_and(|row| self.issuer.verify(&token, &row.nonce));
                holds!(verifies && token.purpose() == Purpose::Copied, "F7", "{token:?} is no copy for {id}");
                "Shown"
            }
            Err(Error::Refused(refusal)) => {
                let code = invite::Refusal::code(&refusal);
                holds!(why.contains(code), "F6", "{by:?} was refused with {code}, and there is {why:?}");
                code
            }
            Err(error) => return Err(failed(error)),
        };
        self.told.push(format!("{} {by:?} CopyLink: {told}", ORGANIZATIONS[at]));
        Ok(())
    }

    /// B1: whoever has authority over a link is shown it, at any time, and it is the one that works (TOK-4).
    pub(super) async fn show_link(&mut self, step: &Step) -> Checked {
        let at = step.organization;
        let id = self.choices().link(at, step.n[0]);
        let by = if step.able { Actor::System } else { actor(step.actor) };
        let organization = self.service.organization(ORGANIZATIONS[at]);
        let acting = match &by {
            Actor::User(user) => organization.by(user.clone()),
            Actor::System => organization.as_system(),
        };
        let why = self.should[at].against_showing(id, &by);
        let told = match acting.show_link(id).await {
            Ok(link) => {
                holds!(why.is_empty(), "AUT-1", "{by:?} was shown link {id} in spite of {why:?}");
                let token = crate::people::token(&link.reveal());
                let row = self.shown[at].links.get(&id);
                let verifies = row.is_some_and(|row| self.issuer.verify(&token, &row.nonce));
                holds!(verifies && token.purpose() == Purpose::Link, "B1", "{token:?} is no link {id}");
                self.linked.push(Issued { token, revision: self.should[at].turns(id) });
                "Shown"
            }
            Err(Error::Refused(refusal)) => {
                let code = invite::Refusal::code(&refusal);
                holds!(why.contains(code), "F6", "{by:?} was refused with {code}, and there is {why:?}");
                code
            }
            Err(error) => return Err(failed(error)),
        };
        self.told.push(format!("{} {by:?} ShowLink: {told}", ORGANIZATIONS[at]));
        Ok(())
    }

    /// MAI-7, LIF-8: what is sent is wanted, and goes where the invitation says.
    pub(super) async fn send_mail(&mut self, step: &Step) -> Checked {
        let limit = 1 + step.n[0] as u32 % 12;
        let report = self.service.courier(self.mailer.clone()).run_once(limit).await.map_err(failed)?;
        let sent = self.mailer.sent();
        holds!(
            sent.len() - self.mails == report.sent,
            "MAI-6",
            "{report:?}, and {} came",
            sent.len() - self.mails
        );
        for message in &sent[self.mails..] {
            let token: Token = Mail::from(message).token();
            let at = usize::from(token.organization().as_str() != ORGANIZATIONS[0]);
            let invitation = invite::InvitationId::from_uuid(token.id());
            let revision = self.should[at].mailed(invitation, message.to(), self.clock.now())?;
            let row = self.shown[at].invitations.get(&invitation);
            let current = row.is_some_and(|row| self.issuer.verify(&token, &row.nonce));
            holds!(current, "LIF-2", "a mail of {invitation} holds an old link");
            self.mailed.push(Issued { token, revision: Some(revision) });
        }
        self.mails = sent.len();
        self.told.push(format!("{report:?}"));
        // The last mail of each invitation stands in the list.
        for at in 0..2 {
            self.look(at).await?;
        }
        Ok(())
    }
}
