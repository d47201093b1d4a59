//! Whole commands through the service.

use std::time::Instant;

use invite::{
    AccessModel, Error, Grant, InvitationId, Invitations, Keyring, Limit, OrganizationHandle, Plan,
    Principal, Storage,
};
use invite_memory::MemoryStorage;
use invite_sqlite::SqliteStorage;

use crate::core::addresses;
use crate::{Outcome, report};

const BULK: usize = 1_000;
const CYCLES: usize = 500;

pub(crate) async fn run() -> Outcome {
    bulk("memory: invite 1,000 in one command", async || Ok(MemoryStorage::new())).await?;
    cycles("memory: invite, accept, remove (3 commands)", async || Ok(MemoryStorage::new())).await?;
    let folder = tempfile::tempdir()?;
    let mut files = (0..).map(|n| folder.path().join(format!("{n}.db")));
    let mut sqlite = async || {
        let storage = SqliteStorage::open(files.next().unwrap_or_default())?;
        storage.migrate().await?;
        Ok(storage)
    };
    bulk("sqlite: invite 1,000 in one command", &mut sqlite).await?;
    cycles("sqlite: invite, accept, remove (3 commands)", &mut sqlite).await
}

async fn bulk<S: Storage>(case: &str, mut storage: impl AsyncFnMut() -> Result<S, Error>) -> Outcome {
    let list = addresses(BULK);
    let mut runs = Vec::new();
    for _ in 0..7 {
        let acme = acme(storage().await?).await?.0;
        let begin = Instant::now();
        let invited = acme.by("ada").invite(list.as_str(), Grant::role("member")).await?;
        runs.push(begin.elapsed());
        assert_eq!(invited.len(), BULK, "all are invited");
    }
    report(case, BULK, runs);
    Ok(())
}

async fn cycles<S: Storage>(case: &str, mut storage: impl AsyncFnMut() -> Result<S, Error>) -> Outcome {
    let mut runs = Vec::new();
    for _ in 0..3 {
        let (acme, invite) = acme(storage().await?).await?;
        let begin = Instant::now();
        for n in 0..CYCLES {
            let (user, address) = (format!("user-{n}"), format!("user-{n}@example.com"));
            let invited = acme.by("ada").invite(address.as_str(), Grant::role("member")).await?;
            let id = invited.invitations().next().ok_or("nobody was invited")?;
            accept(&acme, id, &user, &address).await?;
            acme.by("ada").remove(user.as_str()).await?;
        }
        runs.push(begin.elapsed());
        drop(invite);
    }
    report(case, 3 * CYCLES, runs);
    Ok(())
}

async fn accept(acme: &OrganizationHandle, id: InvitationId, user: &str, address: &str) -> Result<(), Error> {
    acme.accept(id, Principal::user(user).vouched(address)).await?;
    Ok(())
}

async fn acme(storage: impl Storage) -> Result<(OrganizationHandle, Invitations), Error> {
    let invite = Invitations::builder(storage, AccessModel::preset(), Keyring::ephemeral())
        .base_url("https://app.example/join")
        .build()?;
    let plan = Plan::new().and_seats("team", Limit::Unlimited);
    Ok((invite.create_organization("acme", "Acme", "ada", plan).await?, invite))
}
