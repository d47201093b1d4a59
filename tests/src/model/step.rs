//! Steps of a history: what is done, where, by whom, and numbers that choose among what there is by then.

use proptest::prelude::*;

use super::cast::{HOST, Rules};

/// What is done in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, clippy::exhaustive_enums, reason = "each is the operation or happening of its name")]
pub enum What {
    Invite,
    InviteMany,
    Resend,
    Edit,
    Remind,
    Revoke,
    RevokeMany,
    AcceptByToken,
    AcceptInInbox,
    DeclineByToken,
    DeclineInInbox,
    Unblock,
    Unsubscribe,
    Add,
    AddMany,
    ChangeAccess,
    /// In one scope.
    ChangeAccessIn,
    Remove,
    RemoveMany,
    Leave,
    OfferOwnership,
    ChangePlan,
    ChangeSettings,
    Suspend,
    Resume,
    Close,
    Tidy,
    CreateAgain,
    /// A further organization.
    CreateAnother,
    CreateGroup,
    ChangeGroup,
    ArchiveGroup,
    RestoreGroup,
    CloseGroup,
    JoinGroup,
    CreateLink,
    EditLink,
    SwitchLinkOn,
    SwitchLinkOff,
    RefreshLink,
    RemoveLink,
    JoinByLink,
    SuspendMember,
    SuspendMany,
    RestoreMember,
    RestoreMany,
    AskByLink,
    AskForGroup,
    AskByDomain,
    JoinByDomain,
    Propose,
    Approve,
    ApproveMany,
    Deny,
    Withdraw,
    ChangeVerifiedDomains,
    Erase,
    /// What waits for somebody in all organizations.
    AcceptAll,
    DeclineAll,
    /// No organization may invite somebody any more, and again.
    BlockAll,
    UnblockAll,
    /// Somebody goes from all organizations, and is forgotten by all.
    RemoveUser,
    EraseEverywhere,
    /// A command with an idempotency key once more.
    Repeat,
    /// The key of a command for another one.
    ReuseKey,
    ForgetKeys,
    CopyLink,
    ShowLink,
    SendMail,
    FailMail,
    Wait,
    /// To the very moment of an expiry, or next to it.
    WaitForExpiry,
    TurnClockBack,
    Restart,
}

/// How often each is done.
const WEIGHTS: [(u32, What); 74] = [
    (14, What::Invite),
    (4, What::InviteMany),
    (6, What::Resend),
    (5, What::Edit),
    (2, What::Remind),
    (3, What::Revoke),
    (1, What::RevokeMany),
    (12, What::AcceptByToken),
    (8, What::AcceptInInbox),
    (2, What::DeclineByToken),
    (4, What::DeclineInInbox),
    (8, What::Unblock),
    (3, What::Unsubscribe),
    (4, What::Add),
    (2, What::AddMany),
    (5, What::ChangeAccess),
    (5, What::ChangeAccessIn),
    (3, What::Remove),
    (1, What::RemoveMany),
    (2, What::Leave),
    (3, What::OfferOwnership),
    (2, What::ChangePlan),
    (3, What::ChangeSettings),
    (1, What::Suspend),
    (2, What::Resume),
    (1, What::Close),
    (4, What::Tidy),
    (1, What::CreateAgain),
    (1, What::CreateAnother),
    (3, What::CreateGroup),
    (5, What::ChangeGroup),
    (2, What::ArchiveGroup),
    (3, What::RestoreGroup),
    (2, What::CloseGroup),
    (6, What::JoinGroup),
    (10, What::CreateLink),
    (5, What::EditLink),
    (3, What::SwitchLinkOn),
    (1, What::SwitchLinkOff),
    (2, What::RefreshLink),
    (1, What::RemoveLink),
    (14, What::JoinByLink),
    (4, What::SuspendMember),
    (1, What::SuspendMany),
    (5, What::RestoreMember),
    (1, What::RestoreMany),
    (5, What::AskByLink),
    (6, What::AskForGroup),
    (5, What::AskByDomain),
    (6, What::JoinByDomain),
    (7, What::Propose),
    (10, What::Approve),
    (2, What::ApproveMany),
    (3, What::Deny),
    (3, What::Withdraw),
    (4, What::ChangeVerifiedDomains),
    (3, What::Erase),
    (2, What::AcceptAll),
    (1, What::DeclineAll),
    (1, What::BlockAll),
    (3, What::UnblockAll),
    (1, What::RemoveUser),
    (1, What::EraseEverywhere),
    (3, What::Repeat),
    (1, What::ReuseKey),
    (1, What::ForgetKeys),
    (2, What::CopyLink),
    (4, What::ShowLink),
    (9, What::SendMail),
    (1, What::FailMail),
    (3, What::Wait),
    (3, What::WaitForExpiry),
    (1, What::TurnClockBack),
    (2, What::Restart),
];

/// One step of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub what: What,
    /// In which of the two organizations.
    pub organization: usize,
    /// By whom, the host itself included.
    pub actor: usize,
    /// Whether whoever acts is mostly one who may.
    pub able: bool,
    /// What is chosen among what there is.
    pub n: [usize; 4],
    /// Whether the command carries an idempotency key.
    pub keyed: bool,
    /// Whether it is tried before without effect (F5).
    pub dry: bool,
    /// How many links are looked at before (LNK-1).
    pub previews: usize,
}

/// A history: what the host declares, and what happens then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What the host declares.
    pub rules: Rules,
    /// What happens.
    pub steps: Vec<Step>,
}

impl History {
    /// The same without anybody looking at a link.
    #[must_use]
    pub fn without_previews(&self) -> Self {
        let steps = self.steps.iter().map(|step| Step { previews: 0, ..step.clone() });
        Self { steps: steps.collect(), ..self.clone() }
    }
}

/// Histories of at most so many steps.
pub fn histories(most: usize) -> impl Strategy<Value = History> {
    (Rules::any(), prop::collection::vec(step(), 1..=most))
        .prop_map(|(rules, steps)| History { rules, steps })
}

fn step() -> impl Strategy<Value = Step> {
    let what =
        prop::strategy::Union::new_weighted(WEIGHTS.map(|(weight, what)| (weight, Just(what))).to_vec());
    let n = || 0_usize..64;
    let often = prop::bool::weighted;
    let choices = (often(0.2), 0..=HOST, often(0.5), [n(), n(), n(), n()]);
    let beside = (often(0.15), often(0.1), prop_oneof![4 => Just(0_usize), 1 => 1_usize..4]);
    (what, choices, beside).prop_map(|(what, (other, actor, able, n), (keyed, dry, previews))| Step {
        what,
        organization: usize::from(other),
        actor,
        able,
        n,
        keyed,
        dry,
        previews,
    })
}
