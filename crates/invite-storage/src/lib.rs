//! The contract between invite and a store.
//!
//! A store keeps rows; it decides nothing. What it guarantees is that a commit is written whole or not at
//! all, and only if nothing of the organization changed since it was read. Each sentence below has a name,
//! after which the case that checks it is called.
//!
//! # Load
//!
//! 1. `load_is_one_version`: all rows of a [`Slice`](invite_core::Slice) were committed at the version of its
//!    organization. The version is read before the rows, or all in one snapshot.
//! 2. `load_closes`: after a load, [`Slice::open`](invite_core::Slice::open) is empty for the reads asked for.
//! 3. `absent_is_said`: what does not exist is answered as absent. An organization that does not exist has an
//!    empty slice of version 0, in which every key is absent.
//! 4. `load_reads_own_writes`: a load that begins after a commit was acknowledged sees it.
//! 5. `due_is_past_its_expiry`: what is due are open invitations with `expires_at <= now`, the longest past
//!    first, as many as asked for; in a closed organization all open ones are, as
//!    [`Organization::due_invitations`](invite_core::Organization::due_invitations) says. And members some of whose
//!    grants ended at [`Organization::due_access`](invite_core::Organization::due_access) or before, the longest past
//!    first, as many as asked for (F14). And a sign if there are more of either.
//! 6. `tenants_are_apart`: no key brings a row of another organization (STO-2).
//!
//! # Commit
//!
//! 7. `version_guards`: a commit decided on another version than the present one is a
//!    [`CommitError::Conflict`] and changes nothing; version 0 means that the organization must not exist.
//!    Of any number of commits on one version, one is written.
//! 8. `all_or_nothing`: a commit is written whole or not at all, whatever fails.
//! 9. `insert_is_not_put`: inserting a row whose key exists is a conflict, and so is updating or deleting one
//!    that does not. Limits and commands are put.
//!    A commit that contradicts itself (a header of another version than its events lead to, events that do not
//!    follow its version, a delivery of another organization; see [`Commit::is_sound`](invite_core::Commit::is_sound))
//!    is a bug of the caller and a [`StorageError`], for deciding again would not help.
//! 10. `one_place_one_invitation`: the key of places is unique in the store itself (CON-3).
//! 11. `values_come_back`: every value comes back as it was: times to the microsecond, the longest ids, texts
//!     in any script, addresses as typed.
//! 12. `events_have_no_gaps`: event records are stored under organization and sequence, in the commit that
//!     makes them true (STO-7).
//! 13. `commit_is_found`: [`Storage::find_commit`] finds every commit with events that was written, and no
//!     other, so that a lost reply can be resolved (STO-4).
//! 14. `acknowledged_is_kept`: what was acknowledged survives the process, in stores that keep anything.
//!
//! # Exclusive units
//!
//! 15. `exclusive_waits`: of two exclusive units of one organization, the second begins when the first ended.
//! 16. `exclusive_is_current`: no commit to the organization comes between an exclusive unit's load and its
//!     commit, so it never conflicts.
//! 17. `dropped_is_rolled_back`: a unit that is dropped without commit changed nothing, and holds nothing.
//! 18. `organizations_do_not_wait`: a unit of one organization delays no load of another.
//!
//! A store may also write into a transaction that the host owns: see [`HostTransaction`], which says what it
//! promises, and [`AsyncHostTransaction`] for drivers whose calls are awaited.
//!
//! # Pages
//!
//! 19. `lists_are_ordered`: invitations, roster and inbox from the newest by `(time, key)`; members and
//!     memberships from the oldest; events by sequence. Groups from the oldest by `(time, id)`, invite links and join
//!     requests from the newest.
//! 20. `pages_meet`: pages of any size, put together, are the whole list: nothing twice, nothing left out, also
//!     among equal times.
//! 21. `lists_know_the_time`: an invitation past its expiry is listed as expired, and is neither in the roster
//!     nor in the inbox. One that has not begun is pending, and not in the inbox; nor is one that grants only what is over
//!     (F14). A join request past its expiry is
//!     listed as expired.
//! 22. `inbox_crosses_organizations`: the inbox brings the invitations that wait for the given invitees in all
//!     active organizations, and nobody else's; what counts them tells the organization of each, as often.
//!
//! # Outbox
//!
//! 23. `committed_is_due`: a delivery is due from its `due_at` on once its commit is written, and never before.
//! 24. `one_holds_a_lease`: a delivery is leased to one at a time, each time under a higher number, and in one call
//!     at most once: also until a time that is not ahead, when the lease is over at once.
//! 25. `leases_end`: a lease that is over can be taken by another; the delivery is not lost. A delivery whose
//!     invitation is gone is dropped when it would be leased.
//! 26. `late_is_told`: completing or failing under a number that is not the last one, or after the end was
//!     recorded, changes nothing and says so. A lease that is over and was not taken by another still counts.
//! 27. `outbox_has_no_secret`: no stored row holds a token (TOK-2, MAI-9).
//!
//! # Errors
//!
//! 28. `errors_fail_closed`: a store that cannot answer says so and grants nothing (STO-3). A load or a list with a row
//!     that cannot be read [is corrupt](StorageError::is_corrupt) as a whole, for what is left is not what was asked for;
//!     of a list across organizations, the cause names the organization of the row. A delivery that cannot be read takes
//!     no other along: it is leased and told as [unreadable](Leases::unreadable) (MAI-5).
//! 29. `unknown_is_said`: a store that does not know whether a commit was written says
//!     [`StorageError::is_outcome_unknown`], never success and never plain failure.
//!
//! # Records of commands
//!
//! 30. `commands_are_kept`: the record of a command is written by the commit that carries it, found under its key,
//!     and kept until its time is over and [`Storage::forget_commands`] is asked (LIF-12).
//!
//! # Groups and invite links
//!
//! 31. `closing_is_what_names_it`: what is closing are, of the first group in
//!     [`Organization::closing`](invite_core::Organization::closing), the members with a row there, the open
//!     invitations with a grant there and the open join requests of which all lies
//!     [there](invite_core::JoinRequest::group): as many of each as asked for, in any order, and a sign if there are more
//!     of any.
//! 32. `kept_links_are_all`: the kept links are all links that did not end. More than
//!     [`Reads::MAX_LINKS`](invite_core::Reads::MAX_LINKS) are an error, for a part of them is not the truth.
//! 33. `grants_are_filed`: members are found by group and role in it, by the link that they joined by, by seat
//!     class and by status, and invitations and invite links, open or ended, by the groups that they grant something in: by
//!     what their rows hold now, through an index, in the order of their list.
//!
//! # Join requests
//!
//! 34. `asked_is_all`: the join requests for an invitee are all open ones of that invitee, past their expiry or not. More
//!     than [`Reads::MAX_ASKED`](invite_core::Reads::MAX_ASKED) are an error, for a part of them is not the truth.
//! 35. `due_requests_are_past_their_expiry`: what is due of join requests is what is due of invitations: open ones with
//!     `expires_at <= now`, the longest past first, as many as asked for, and a sign if there are more; in a closed
//!     organization all open ones.
//! 36. `requests_are_filed`: join requests are found by state at the time of the question, by the one group in which all
//!     that they would grant lies, and by whoever made them, through an index, in the order of their list.
//! 37. `requests_by_cross_organizations`: what a user asked for comes from all organizations, whatever their status, and
//!     in every state: all that this user made, and nothing that somebody else did.
//!
//! # People
//!
//! 38. `circles_are_who_is_together`: a [`Circle`](invite_core::Circle) is who is in it by what the rows hold now, the
//!     newest first by `(time, user)`, at most as many as asked for, in the order of the question; one of nothing, or of a
//!     closed group, is empty, and who is suspended is in none. Former members are put: one row a person and organization,
//!     with the last time and what they held; where somebody was is found by them in all organizations, the last to be left
//!     first.
//! 39. `blocks_are_everywhere`: a block of all organizations is set and undone for several invitees at once, keeps the time
//!     of its first setting, and comes with the suppressions of its invitee in every load and lease from then on.
//!     Suppressions of invitees are found in all organizations, the newest first, as many as asked for, with those blocks
//!     among them.
//!
//! # Erasing
//!
//! 40. `past_is_what_ended`: what an invitee had are the invitations to it that ended and whose invitee was not erased, and
//!     the join requests, open or ended, that [tell it](invite_core::JoinRequest::invitees): at most
//!     [`Reads::PAST`](invite_core::Reads::PAST) of each, in any order, and a sign if there are more. What is overdue are
//!     invitations and join requests of anybody that were not erased and ended at or before
//!     [`Organization::erased_until`](invite_core::Organization::erased_until), the longest ended first, as many of
//!     each as asked for, and a sign if there are more; none if that is no time.
//! 41. `erased_is_gone`: a commit deletes the deliveries of the invitations that it [erases](invite_core::Erasures),
//!     whoever leases them, and erases the records that were there about them and about its join requests, and those
//!     about its users and no invitation, as [`RecordData::erase`](invite_core::RecordData::erase) says. All else of a record stays, and so does
//!     its place. What tells that such a user was a member once goes too. Where a store says that what was erased is
//!     still on a disk, it says for how long.
//! 42. `holders_are_found`: [`Storage::holders`] brings every organization that holds something about a person and no
//!     other, by its id.

mod cursor;
mod error;
mod outbox;
mod pages;
mod storage;
mod transaction;
mod wrapper;

pub use cursor::{Cursor, InvalidCursor, Position};
pub use error::{CommitError, StorageError};
pub use outbox::{Completion, Failure, Lease, Leased, Leases, Outbox};
pub use pages::{
    EventEntry, FormerMembership, GroupFilter, InboxEntry, InvitationEntry, InvitationFilter, LinkFilter,
    MemberFilter, Membership, Pages, Positioned, RequestEntry, RequestFilter, RosterEntry, Seek,
    SuppressionEntry, WhichLinks,
};
pub use storage::{Exclusive, Storage};
pub use transaction::{AsyncHostTransaction, HostTransaction};
pub use wrapper::{Call, Wrapper};
