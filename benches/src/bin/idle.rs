//! What a service keeps of organizations that were touched once: prints the bytes as a target.
//!
//! A program of its own, because counting allocations would slow down what the others measure. The rows lie in a
//! file, so that all that is counted belongs to the service; SQLite allocates outside of what is counted here.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::alloc::System;

use invite::{AccessModel, Invitations, Keyring, Limit, Plan};
use invite_sqlite::SqliteStorage;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ORGANIZATIONS: usize = 10_000;
/// What may remain in all: caches of statements and connections, which do not grow with organizations.
const BOUND: usize = 64 * 1024;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let storage = SqliteStorage::open(folder.path().join("invite.db"))?;
    storage.migrate().await?;
    let service = Invitations::builder(storage, AccessModel::preset(), Keyring::ephemeral())
        .base_url("https://app.example/join")
        .build()?;
    touch(&service, "warm", 100).await?;
    let before = held();
    touch(&service, "organization", ORGANIZATIONS).await?;
    let kept = held().saturating_sub(before);
    let word = if kept <= BOUND { "ok" } else { "short" };
    println!("target service-bytes-kept-of-10000-idle-organizations {kept} <={BOUND} {word}");
    Ok(())
}

async fn touch(service: &Invitations, name: &str, count: usize) -> Outcome<()> {
    for n in 0..count {
        let plan = Plan::new().and_seats("team", Limit::Unlimited);
        service.create_organization(format!("{name}-{n}"), "Acme", "ada", plan).await?;
    }
    Ok(())
}

fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}
