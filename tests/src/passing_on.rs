//! What a wrapper of a store leaves to the store inside.

/// Leaves lists, or the outbox too, to the store inside.
macro_rules! passed_on {
    (pages of $wrapper:ident, $inner:tt) => {
        #[async_trait]
        impl<S: Storage> Pages for $wrapper<S> {
            async fn roster(
                &self,
                organization: &OrganizationId,
                now: DateTime<Utc>,
                seek: &Seek,
            ) -> Result<Vec<RosterEntry>, StorageError> {
                self.$inner.roster(organization, now, seek).await
            }

            async fn invitations(
                &self,
                organization: &OrganizationId,
                filter: &InvitationFilter,
                now: DateTime<Utc>,
                seek: &Seek,
            ) -> Result<Vec<InvitationEntry>, StorageError> {
                self.$inner.invitations(organization, filter, now, seek).await
            }

            async fn members(
                &self,
                organization: &OrganizationId,
                filter: &MemberFilter,
                seek: &Seek,
            ) -> Result<Vec<Member>, StorageError> {
                self.$inner.members(organization, filter, seek).await
            }

            async fn inbox(
                &self,
                invitees: &[Invitee],
                now: DateTime<Utc>,
                seek: &Seek,
            ) -> Result<Vec<InboxEntry>, StorageError> {
                self.$inner.inbox(invitees, now, seek).await
            }

            async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
                self.$inner.memberships(user, seek).await
            }

            async fn events(
                &self,
                organization: &OrganizationId,
                after: u64,
                limit: u32,
            ) -> Result<Vec<EventEntry>, StorageError> {
                self.$inner.events(organization, after, limit).await
            }
        }
    };
    (outbox of $wrapper:ident, $inner:tt) => {
        #[async_trait]
        impl<S: Storage> Outbox for $wrapper<S> {
            async fn lease(
                &self,
                now: DateTime<Utc>,
                until: DateTime<Utc>,
                limit: u32,
            ) -> Result<Leases, StorageError> {
                self.$inner.lease(now, until, limit).await
            }

            async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
                self.$inner.complete(lease, completion).await
            }

            async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError> {
                self.$inner.fail(lease, failure).await
            }

            async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
                self.$inner.due().await
            }
        }
    };
}

pub(crate) use passed_on;
