//! What cases of commits share: commits that must be refused, and what must not change by it.

use invite_core::*;
use invite_storage::Storage;

use super::rows::*;

/// What makes a right commit wrong, and its name.
pub(super) type Spoil<'a> = (&'static str, &'a dyn Fn(&mut Commit));

/// The commit is a conflict, and nothing changes.
pub(super) async fn conflicts(store: &dyn Storage, what: &str, commit: &Commit) {
    let before = everything(store).await;
    let answer = store.commit(commit).await;
    assert!(is_conflict(&answer), "{what}\n  expected: a conflict\n      seen: {answer:?}");
    assert_same(&everything(store).await, &before, what);
    let found = store.find_commit(&commit.organization, commit.id).await.unwrap();
    assert!(!found, "{what}: the refused commit is found");
}

/// The same text; if not, the first line that is another one.
pub(super) fn assert_same(seen: &str, before: &str, what: &str) {
    if seen == before {
        return;
    }
    let lines = before.lines().zip(seen.lines()).enumerate();
    let Some((n, (was, is))) = lines.into_iter().find(|(_, (was, is))| was != is) else {
        panic!("{what} changed something: there are more or fewer rows than before");
    };
    let around = before.lines().skip(n.saturating_sub(3)).take(3).collect::<Vec<_>>().join("\n");
    panic!("{what} changed something\n{around}\n  expected: {was}\n      seen: {is}");
}

pub(super) fn changed(header: &Organization, change: impl FnOnce(&mut Commit)) -> Commit {
    let mut commit = on(header);
    change(&mut commit);
    commit
}
