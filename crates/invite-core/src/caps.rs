//! Caps: how much one command may carry.

/// How much one command may carry (ABU-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caps {
    /// Invitees, members or invitations named by one command.
    pub items: usize,
    /// Grants of one invitation or member.
    pub grants: usize,
    /// Bytes of a personal message.
    pub message_bytes: usize,
    /// Bytes of a name, an organization's or an invitee's, and of a language.
    pub name_bytes: usize,
    /// Bytes of all keys and values of one metadata map.
    pub metadata_bytes: usize,
    /// Bytes of all resources that the grants of one invitation, member or link name.
    pub resource_bytes: usize,
    /// Rules about domains of an organization or a link.
    pub domain_rules: usize,
    /// Verified domains of an organization. All that they grant together is bounded as one invitation is.
    pub verified_domains: usize,
    /// Bytes of a page to continue to.
    pub url_bytes: usize,
    /// Open join requests of an organization.
    pub requests: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            items: 1_000,
            grants: 64,
            message_bytes: 2_000,
            name_bytes: 200,
            metadata_bytes: 4_096,
            resource_bytes: 65_536,
            domain_rules: 256,
            verified_domains: 32,
            url_bytes: 1_000,
            requests: 10_000,
        }
    }
}
