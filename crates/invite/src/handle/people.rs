//! People: whom somebody means by a name, and whom they may have in mind.

use std::collections::BTreeMap;

use invite_core::{
    Invitees, ListOptions, Look, LookRefused, NameFragments, PastedList, RevealAccounts, Who, parse_list,
};

use super::Acting;
use crate::error::Error;

impl Acting {
    /// Reads a list of addresses and user names, separated by comma, semicolon or line, to be
    /// [invited](Self::invite) (E2). The host's directory says who has a name; one that is nobody's, or several people's,
    /// is refused in its place when the list is invited (PAR-2).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may invite nowhere in the organization.
    pub async fn invitees(&self, text: &str) -> Result<Invitees, Error<LookRefused>> {
        match parse_list(text, &ListOptions::new().names(NameFragments::UserNames)) {
            Ok(list) => self.look_up(&list).await,
            Err(why) => Ok(why.into()),
        }
    }

    /// The same for a list that was read with options of one's own.
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may invite nowhere in the organization.
    pub async fn look_up(&self, list: &PastedList) -> Result<Invitees, Error<LookRefused>> {
        self.look(Look::for_people()).await?;
        let inner = &self.organization.service.inner;
        let reveals = inner.engine().model.reveals_accounts() == RevealAccounts::ToInviters;
        let (mut called, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        // A longer list is refused when it is invited.
        for (_, entry) in list.accepted().take(inner.engine().model.caps().items) {
            match &entry.who {
                Who::UserName(name) => {
                    called.insert(name.clone(), inner.directory.called(name).await?);
                }
                Who::Address(address) if reveals => {
                    let account = inner.directory.account(address).await?;
                    accounts.extend(account.map(|user| (address.clone(), user)));
                }
                Who::Address(_) => {}
            }
        }
        Ok(Invitees::looked_up(list, &called, &accounts))
    }
}
