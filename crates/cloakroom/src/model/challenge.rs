//! Challenges: secrets that are pending, expire and are used once.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::model::email::Email;
use crate::model::social::Attempt;
use crate::model::waiting::Waiting;
use crate::secret::{self, Code, SecretKey, Ticket, TicketHash};

/// The number of wrong codes after which a challenge refuses its code.
pub(crate) const MOST_CODE_TRIES: i64 = 5;
/// The life of the six-digit code of a signup.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_mins(15);
/// The life of a six-digit code that opens an account or links something to it.
pub(crate) const LINK_CODE_LIFETIME: Duration = Duration::from_mins(10);
/// The time during which the browser that signed up needs no password again.
pub(crate) const SAME_BROWSER: Duration = Duration::from_hours(1);

/// The purpose of a challenge. A token for one purpose is worth nothing for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ChallengeKind {
    /// An account that exists once its address is proven.
    Signup,
    /// A new password for an account.
    PasswordReset,
    /// A first password for an account that an administrator made. It is a kind of its own, so that a stranger's reset does not
    /// end it.
    Invitation,
    /// A new address for an account.
    EmailChange,
    /// The address before the change, for a person who did not ask for the change.
    EmailChangeUndo,
    /// An attempt that is at a provider; the token is the `state`.
    SocialAttempt,
    /// A social login that waits for the person, in the same browser.
    SocialPause,
    /// A social signup that exists once its address is proven.
    SocialEmail,
}

impl ChallengeKind {
    const ALL: [Self; 8] = [
        Self::Signup,
        Self::PasswordReset,
        Self::Invitation,
        Self::EmailChange,
        Self::EmailChangeUndo,
        Self::SocialAttempt,
        Self::SocialPause,
        Self::SocialEmail,
    ];

    /// Returns the name under which storage keeps it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::PasswordReset => "password_reset",
            Self::Invitation => "invitation",
            Self::EmailChange => "email_change",
            Self::EmailChangeUndo => "email_change_undo",
            Self::SocialAttempt => "social_attempt",
            Self::SocialPause => "social_pause",
            Self::SocialEmail => "social_email",
        }
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Returns the lifetime of its token.
    pub(crate) const fn lifetime(self) -> Duration {
        match self {
            // An invitation is good for longer than a reset, because nobody waits for it.
            Self::Signup | Self::Invitation | Self::EmailChange | Self::SocialEmail => {
                Duration::from_hours(24)
            }
            Self::SocialAttempt | Self::SocialPause => Duration::from_mins(10),
            Self::PasswordReset => Duration::from_hours(1),
            Self::EmailChangeUndo => Duration::from_hours(72),
        }
    }

    /// Returns the lifetime of its code, if it has one.
    pub(crate) const fn code_lifetime(self) -> Option<Duration> {
        match self {
            Self::Signup | Self::SocialEmail => Some(CODE_LIFETIME),
            _ => None,
        }
    }
}

/// The data that a challenge needs for its purpose.
#[derive(Clone)]
pub(crate) enum Content {
    /// The address to prove, and the password that was chosen with it.
    Signup { email: Email, password_hash: String },
    /// The address that the link goes to.
    PasswordReset { email: Email },
    /// The address that the link goes to.
    Invitation { email: Email },
    /// The address to prove, and the challenge that undoes the change.
    EmailChange { new: Email, undo_id: String },
    /// The address to give back, and the one that takes its place.
    EmailChangeUndo { old: Email, new: String },
    /// The purpose of the attempt.
    SocialAttempt(Attempt),
    /// The run that waits.
    SocialPause(Box<Waiting>),
    /// The address to prove, the run that waits for it, and the pause that goes with it.
    SocialEmail { email: Email, waiting: Box<Waiting>, pause_id: String },
}

impl Content {
    pub(crate) const fn kind(&self) -> ChallengeKind {
        match self {
            Self::Signup { .. } => ChallengeKind::Signup,
            Self::PasswordReset { .. } => ChallengeKind::PasswordReset,
            Self::Invitation { .. } => ChallengeKind::Invitation,
            Self::EmailChange { .. } => ChallengeKind::EmailChange,
            Self::EmailChangeUndo { .. } => ChallengeKind::EmailChangeUndo,
            Self::SocialAttempt(_) => ChallengeKind::SocialAttempt,
            Self::SocialPause(_) => ChallengeKind::SocialPause,
            Self::SocialEmail { .. } => ChallengeKind::SocialEmail,
        }
    }

    /// Returns the address to prove or to give back.
    pub(crate) const fn email(&self) -> Option<&Email> {
        match self {
            Self::Signup { email, .. }
            | Self::PasswordReset { email }
            | Self::Invitation { email }
            | Self::EmailChange { new: email, .. }
            | Self::EmailChangeUndo { old: email, .. }
            | Self::SocialEmail { email, .. } => Some(email),
            Self::SocialAttempt(_) | Self::SocialPause(_) => None,
        }
    }
}

/// A challenge: something that is yet to be proven.
#[derive(Clone)]
pub(crate) struct Challenge {
    pub(crate) id: String,
    pub(crate) content: Content,
    /// The value from which, with the id, the token and the code are derived.
    pub(crate) nonce: String,
    pub(crate) user_id: Option<String>,
    pub(crate) browser: Option<TicketHash>,
    pub(crate) code_expires_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The hash of its token, as storage keeps it; `None` before it is stored.
    pub(crate) token_hash: Option<TicketHash>,
}

impl Challenge {
    /// Makes a challenge that belongs to no account yet.
    pub(crate) fn new(content: Content, now: Timestamp) -> Self {
        let kind = content.kind();
        Self {
            id: secret::new_id(now),
            content,
            nonce: secret::nonce(),
            user_id: None,
            browser: None,
            code_expires_at: kind.code_lifetime().map(|lifetime| now.plus(lifetime)),
            created_at: now,
            expires_at: now.plus(kind.lifetime()),
            token_hash: None,
        }
    }

    pub(crate) const fn kind(&self) -> ChallengeKind {
        self.content.kind()
    }

    /// Gives it to this account.
    pub(crate) fn of(mut self, user_id: &str) -> Self {
        self.user_id = Some(user_id.to_owned());
        self
    }

    /// Returns the token in its mail's link.
    pub(crate) fn token(&self, key: &SecretKey) -> Ticket {
        self.key(key).token(&self.id, &self.nonce)
    }

    /// Returns the code in its mail, which the person types.
    pub(crate) fn code(&self, key: &SecretKey) -> Code {
        self.key(key).code(&self.id, &self.nonce)
    }

    /// Returns the key that makes its token and code. It is the previous key when the challenge was made before the key was
    /// changed.
    pub(crate) fn key(&self, key: &SecretKey) -> SecretKey {
        self.token_hash.map_or_else(|| key.clone(), |hash| key.of_token(&self.id, &self.nonce, hash))
    }

    /// Returns the latest end of its code. After it, no browser counts as the one that asked.
    pub(crate) fn code_limit(&self) -> Timestamp {
        match self.kind() {
            ChallengeKind::SocialPause => self.created_at.plus(SAME_BROWSER),
            _ => self.created_at.plus(SAME_BROWSER).min(self.expires_at),
        }
    }

    /// Tells whether `browser` is the one that asked, and did so recently enough.
    pub(crate) fn is_of(&self, browser: Option<TicketHash>, now: Timestamp) -> bool {
        self.browser.is_some() && self.browser == browser && now.since(self.created_at) < SAME_BROWSER
    }
}
