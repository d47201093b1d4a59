//! The contract for sending invitations by mail, and the words of those mails.

mod clean;

pub use clean::{DESCRIPTION_MAX, MESSAGE_MAX, NAME_MAX, display_name, message_text};
