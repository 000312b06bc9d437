//! A mail in words, ready to leave.

use crate::clock::Timestamp;

/// The words of a mail.
pub(crate) struct Rendered {
    /// Never holds a code or a link.
    pub(crate) subject: String,
    /// The plain part.
    pub(crate) text: String,
    /// The HTML part.
    pub(crate) html: String,
}

/// A mail with its recipient.
pub(crate) struct Message<'a> {
    /// Stays the same at each attempt, so that a reader who gets it twice sees one mail.
    pub(crate) id: &'a str,
    pub(crate) to: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) rendered: &'a Rendered,
}
