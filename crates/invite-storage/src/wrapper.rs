//! Stores around a store.

use std::error::Error;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Circle, Commit, CommitId, Group, InviteLink, Invitee, JoinRequest, Member, OrganizationId, Reads, Slice,
    UserId,
};

use crate::{
    CommitError, Completion, EventEntry, Exclusive, Failure, FormerMembership, GroupFilter, InboxEntry,
    InvitationEntry, InvitationFilter, Lease, Leases, LinkFilter, MemberFilter, Membership, Outbox, Pages,
    RequestEntry, RequestFilter, RosterEntry, Seek, Storage, StorageError, SuppressionEntry,
};

/// Makes everything about calls from one list of them: trait of the contract, call, name, method.
macro_rules! calls {
    ($($contract:ident {
        $($call:ident $name:literal $method:ident($($argument:ident: $of:ty),*) -> $reply:ty, $error:ty;)+
    })+) => {
        /// A call of a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Call {
            $($(
                #[doc = concat!("[`", stringify!($contract), "::", stringify!($method), "`].")]
                $call,
            )+)+
        }

        impl Call {
            /// Every call there is.
            pub const ALL: &[Self] = &[$($(Self::$call),+),+];

            /// Its name, such as `find-commit`: the label of a metric.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$call => $name,)+)+
                }
            }
        }

        /// A store around another one: for metrics and traces, or to see in a test what a fault does.
        ///
        /// Whoever implements it has a [`Storage`]. Each call goes to the store inside, by way of
        /// [`around`](Self::around): what is to happen with every call is written there, once. A method of the wrapper's
        /// own stands in for the call of its name.
        ///
        /// ```
        /// use std::sync::atomic::{AtomicU64, Ordering};
        ///
        /// use async_trait::async_trait;
        /// use invite_storage::{Call, Storage, StorageError, Wrapper};
        ///
        /// struct Counted<S> {
        ///     store: S,
        ///     failed: AtomicU64,
        /// }
        ///
        /// #[async_trait]
        /// impl<S: Storage> Wrapper for Counted<S> {
        ///     type Store = S;
        ///
        ///     fn store(&self) -> &S {
        ///         &self.store
        ///     }
        ///
        ///     async fn around<M, F, T, E>(&self, _call: Call, make: M) -> Result<T, E>
        ///     where
        ///         M: Fn() -> F + Send + Sync,
        ///         F: Future<Output = Result<T, E>> + Send,
        ///         T: Send,
        ///         E: std::error::Error + From<StorageError> + Send,
        ///     {
        ///         let reply = make().await;
        ///         self.failed.fetch_add(reply.is_err().into(), Ordering::Relaxed);
        ///         reply
        ///     }
        /// }
        ///
        /// fn is_a_store(_: impl Storage) {}
        /// # fn check<S: Storage>(store: S) {
        /// is_a_store(Counted { store, failed: AtomicU64::new(0) });
        /// # }
        /// ```
        ///
        /// An [`Exclusive`] unit is that of the store inside; who is to see its calls wraps it in `exclusive`.
        #[async_trait]
        pub trait Wrapper: Send + Sync + 'static {
            /// What is wrapped.
            type Store: Storage;

            /// The store inside.
            fn store(&self) -> &Self::Store;

            /// Makes a call, and gives its reply. Made twice, it is two calls.
            ///
            /// # Errors
            /// Those of the call.
            async fn around<M, F, T, E>(&self, call: Call, make: M) -> Result<T, E>
            where
                M: Fn() -> F + Send + Sync,
                F: Future<Output = Result<T, E>> + Send,
                T: Send,
                E: Error + From<StorageError> + Send,
            {
                let _ = call;
                make().await
            }

            $($(
                #[doc = concat!("Stands in for [`", stringify!($contract), "::", stringify!($method), "`].")]
                ///
                /// # Errors
                /// Those of the call.
                async fn $method(&self, $($argument: $of),*) -> Result<$reply, $error> {
                    self.around(Call::$call, || self.store().$method($($argument),*)).await
                }
            )+)+
        }

        $(
            #[async_trait]
            impl<W: Wrapper> $contract for W {
                $(
                    async fn $method(&self, $($argument: $of),*) -> Result<$reply, $error> {
                        Wrapper::$method(self, $($argument),*).await
                    }
                )+
            }
        )+
    };
}

calls! {
    Storage {
        Load "load" load(organization: &OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Slice, StorageError;
        Commit "commit" commit(commit: &Commit) -> (), CommitError;
        Exclusive "exclusive" exclusive(organization: &OrganizationId) -> Box<dyn Exclusive>, StorageError;
        FindCommit "find-commit"
            find_commit(organization: &OrganizationId, commit: CommitId) -> bool, StorageError;
        ForgetCommands "forget-commands"
            forget_commands(now: DateTime<Utc>, limit: u32) -> u32, StorageError;
        BlockEverywhere "block-everywhere"
            block_everywhere(invitees: &[Invitee], since: Option<DateTime<Utc>>) -> u32, StorageError;
        Holders "holders"
            holders(person: &[Invitee], after: Option<&OrganizationId>, limit: u32)
            -> Vec<OrganizationId>, StorageError;
    }
    Pages {
        Roster "roster"
            roster(organization: &OrganizationId, now: DateTime<Utc>, seek: &Seek)
            -> Vec<RosterEntry>, StorageError;
        Invitations "invitations"
            invitations(organization: &OrganizationId, filter: &InvitationFilter, now: DateTime<Utc>, seek: &Seek)
            -> Vec<InvitationEntry>, StorageError;
        Members "members"
            members(organization: &OrganizationId, filter: &MemberFilter, seek: &Seek)
            -> Vec<Member>, StorageError;
        Groups "groups"
            groups(organization: &OrganizationId, filter: &GroupFilter, seek: &Seek) -> Vec<Group>, StorageError;
        Links "links"
            links(organization: &OrganizationId, filter: &LinkFilter, seek: &Seek)
            -> Vec<InviteLink>, StorageError;
        Requests "requests"
            requests(organization: &OrganizationId, filter: &RequestFilter, now: DateTime<Utc>, seek: &Seek)
            -> Vec<JoinRequest>, StorageError;
        Inbox "inbox"
            inbox(invitees: &[Invitee], now: DateTime<Utc>, seek: &Seek) -> Vec<InboxEntry>, StorageError;
        Waiting "waiting"
            waiting(invitees: &[Invitee], now: DateTime<Utc>, limit: u32) -> Vec<OrganizationId>, StorageError;
        Memberships "memberships"
            memberships(user: &UserId, seek: &Seek) -> Vec<Membership>, StorageError;
        RequestsBy "requests-by"
            requests_by(user: &UserId, seek: &Seek) -> Vec<RequestEntry>, StorageError;
        FormerMemberships "former-memberships"
            former_memberships(user: &UserId, limit: u32) -> Vec<FormerMembership>, StorageError;
        Circles "circles"
            circles(circles: &[Circle], limit: u32) -> Vec<Vec<UserId>>, StorageError;
        Suppressions "suppressions"
            suppressions(invitees: &[Invitee], limit: u32) -> Vec<SuppressionEntry>, StorageError;
        Events "events"
            events(organization: &OrganizationId, after: u64, limit: u32) -> Vec<EventEntry>, StorageError;
    }
    Outbox {
        Lease "lease"
            lease(now: DateTime<Utc>, until: DateTime<Utc>, limit: u32) -> Leases, StorageError;
        Complete "complete" complete(lease: &Lease, completion: &Completion) -> bool, StorageError;
        Fail "fail" fail(lease: &Lease, failure: &Failure) -> bool, StorageError;
        Due "due" due() -> Option<DateTime<Utc>>, StorageError;
    }
}
