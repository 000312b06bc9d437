//! Mail: what is written to people, in which words, and how it leaves.
//!
//! A letter is its words (`messages/`, one file for each language, as the pages have them) in one layout. Values are put into
//! words as text, never read as a template, and escaped where the text becomes HTML. The link and the code stand in the body
//! only: subjects are shown on locked screens.

mod locale;
pub(crate) mod outbox;
mod pace;
mod preview;
mod render;
mod smtp;
mod transport;
mod validate;

use serde::{Deserialize, Serialize};

pub(crate) use locale::Locale;
pub(crate) use preview::sample;
pub(crate) use render::render;
pub(crate) use transport::{Failure, Transport};
pub(crate) use validate::{validate, warnings};

use crate::clock::Timestamp;
use crate::model::device::Device;
pub(crate) use crate::model::message::{Message, Rendered};

/// Which mail. The name in `cloakroom mail preview NAME` is the variant's in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// To an address that somebody signed up with: link and code.
    VerifyEmail,
    /// Somebody signed up with the address of an account.
    AccountExists,
    /// A link to choose a new password.
    PasswordReset,
    /// The same link, to somebody for whom an administrator made an account.
    Invitation,
    /// Told afterwards.
    PasswordChanged,
    /// Told afterwards: by a mailed link.
    PasswordWasReset,
    /// To the new address: a link to confirm it.
    EmailChange,
    /// To the old address, while the new one is not confirmed: a link that stops the change.
    EmailChangeRequested,
    /// To the old address, afterwards: a link that takes the change back.
    EmailChanged,
    /// To the old address, once the change was taken back: a link to choose a new password.
    EmailRestored,
    /// To an address that a provider does not vouch for: link and code.
    SocialEmail,
    /// The same, when the address has an account: no token, how to connect from within.
    SocialEmailHasAccount,
    /// A code that connects a provider to an existing account.
    LinkCode,
    /// Told afterwards.
    IdentityLinked,
    /// Told afterwards.
    IdentityUnlinked,
    /// To an address that its account has changed, when somebody asks for it: the link that takes the change back.
    AddressReserved,
    /// Tells that an account without a password has one now.
    PasswordAdded,
    /// Tells that an administrator has replaced the password.
    PasswordSetForYou,
    /// Tells that an administrator has given rights.
    RightsGiven,
    /// Tells that an administrator has taken rights.
    RightsTaken,
    /// Tells that an administrator has closed the account.
    AccountDeactivated,
    /// Tells that an administrator has opened the account again.
    AccountActivated,
    /// Tells that an administrator has deleted the account.
    AccountDeleted,
    /// What `cloakroom mail test` sends.
    Test,
}

impl Kind {
    /// All of them, in the order of a life with an account.
    pub(crate) const ALL: [Self; 24] = [
        Self::VerifyEmail,
        Self::AccountExists,
        Self::PasswordReset,
        Self::Invitation,
        Self::PasswordChanged,
        Self::PasswordWasReset,
        Self::EmailChange,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailRestored,
        Self::SocialEmail,
        Self::SocialEmailHasAccount,
        Self::LinkCode,
        Self::IdentityLinked,
        Self::IdentityUnlinked,
        Self::AddressReserved,
        Self::PasswordAdded,
        Self::PasswordSetForYou,
        Self::RightsGiven,
        Self::RightsTaken,
        Self::AccountDeactivated,
        Self::AccountActivated,
        Self::AccountDeleted,
        Self::Test,
    ];

    /// Its name on the command line and in the message files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::AccountExists => "account_exists",
            Self::PasswordReset => "password_reset",
            Self::Invitation => "invitation",
            Self::PasswordChanged => "password_changed",
            Self::PasswordWasReset => "password_was_reset",
            Self::EmailChange => "email_change",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::EmailRestored => "email_restored",
            Self::SocialEmail => "social_email",
            Self::SocialEmailHasAccount => "social_email_has_account",
            Self::LinkCode => "link_code",
            Self::IdentityLinked => "identity_linked",
            Self::IdentityUnlinked => "identity_unlinked",
            Self::AddressReserved => "address_reserved",
            Self::PasswordAdded => "password_added",
            Self::PasswordSetForYou => "password_set_for_you",
            Self::RightsGiven => "rights_given",
            Self::RightsTaken => "rights_taken",
            Self::AccountDeactivated => "account_deactivated",
            Self::AccountActivated => "account_activated",
            Self::AccountDeleted => "account_deleted",
            Self::Test => "test",
        }
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it tells what has happened already, so that its button is for whoever did *not* do it.
    const fn is_notice(self) -> bool {
        matches!(
            self,
            Self::PasswordChanged
                | Self::PasswordWasReset
                | Self::EmailChangeRequested
                | Self::EmailChanged
                | Self::IdentityLinked
                | Self::IdentityUnlinked
                | Self::AddressReserved
                | Self::PasswordAdded
                | Self::PasswordSetForYou
                | Self::RightsGiven
                | Self::RightsTaken
                | Self::AccountDeactivated
                | Self::AccountActivated
                | Self::AccountDeleted
        )
    }
}

/// What a mail says, before it is put into words.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) locale: Locale,
    /// The recipient, as its owner spells it.
    pub(crate) to: String,
    /// The link of the one button, complete. Mails that carry no token have none: theirs leads to a page of the app.
    pub(crate) link: Option<String>,
    /// Six digits.
    pub(crate) code: Option<String>,
    /// When the link ends, or the code where there is no link.
    pub(crate) expires_at: Option<Timestamp>,
    /// When a code beside a link ends.
    pub(crate) code_expires_at: Option<Timestamp>,
    /// The other address that is named: the new one, in mails to the old one.
    pub(crate) address: Option<String>,
    /// The provider's name, as on its button.
    pub(crate) provider: Option<String>,
    /// The linked accounts that stayed and went, where the owner has taken the account back.
    pub(crate) recovered: Recovered,
    /// Who asked for it.
    pub(crate) asked: Asked,
}

/// The linked accounts of somebody who has taken their account back, in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recovered {
    pub(crate) kept: Vec<String>,
    pub(crate) unlinked: Vec<String>,
}

/// When and from where a mail was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) at: Timestamp,
    pub(crate) device: Device,
    /// As the limits see it; empty where nobody's browser asked, as on the command line.
    pub(crate) network: String,
}
