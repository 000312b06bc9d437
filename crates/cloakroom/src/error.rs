//! All errors of the domain, each declared once: a status, a stable code, a title and a sentence for people. Refusals for the
//! form of a request are in `http/rejection.rs`.
//!
//! To add an error: a variant, its line in `describe`, and its code in the contract.

use crate::clock::Timestamp;

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// A boxed cause, for the log and never for the reply.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error, as the caller may know it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A session is needed and there is none.
    #[error("not signed in")]
    NotAuthenticated,
    /// The user is signed in but does not have permission.
    #[error("not allowed")]
    Forbidden,
    /// The email or the password is wrong. The answer does not tell which.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The credentials are right, but the account is deactivated.
    #[error("account is deactivated")]
    AccountInactive,
    /// The last proof of identity in this session is too old for a sensitive action.
    #[error("another proof of identity is needed")]
    ReauthenticationRequired,
    /// New accounts are made by an operator only.
    #[error("signup is closed")]
    SignupClosed,
    /// The token of a mail was used, has expired, was replaced, or never existed.
    #[error("the token is not good any more")]
    TokenInvalid,
    /// The code is wrong or has expired, or too many wrong ones were tried.
    #[error("the code is not correct")]
    InvalidCode,
    /// The token is valid, but this browser did not sign up: a password must come with it.
    #[error("a password is needed")]
    PasswordRequired,
    /// Another user is signed in in this browser.
    #[error("somebody else is signed in")]
    OtherUserSignedIn,
    /// The address has an account by now.
    #[error("the address has an account")]
    EmailTaken,
    /// The account has a password, so a first one cannot be set.
    #[error("the account has a password")]
    HasPassword,
    /// The pipeline does not allow this person to sign in.
    #[error("refused by the pipeline")]
    NotAllowed,
    /// The provider's account is linked to another account of ours.
    #[error("the identity is linked to another account")]
    IdentityTaken,
    /// It is the last way to sign in to the account.
    #[error("the last way to sign in")]
    LastSignInMethod,
    /// The answer has no `state`, or no attempt is waiting for this proof.
    #[error("no attempt is named")]
    StateMissing,
    /// A `state` that is not of this browser, provider or user, or was used, or has expired.
    #[error("the attempt is not this one")]
    StateMismatch,
    /// The provider does not take its code back, or what it says proves nothing.
    #[error("the provider's answer proves nothing")]
    CodeRejected,
    /// The person, or the provider for them, said no.
    #[error("the provider was told no")]
    ProviderDenied,
    /// The provider does not answer as a provider does.
    #[error("the provider does not answer")]
    ProviderUnreachable,
    /// Too many attempts. Further ones are refused until `retry_at`.
    #[error("rate limited until {retry_at}")]
    RateLimited {
        /// The time from which another attempt is accepted.
        retry_at: Timestamp,
        /// The time until then, in whole seconds, at least 1.
        retry_after: u64,
    },
    /// Fields that cannot be taken as they are.
    #[error("{} invalid field(s)", .0.len())]
    Validation(Vec<Invalid>),
    /// The path does not exist.
    #[error("not found")]
    NotFound,
    /// More sign-ins wait than can be served soon.
    #[error("too many sign-ins at once")]
    Busy,
    /// Storage does not answer.
    #[error("storage is away")]
    Unavailable(#[source] Cause),
    /// There is one already: an address that has an account.
    #[error("{0} exists already")]
    AlreadyExists(String),
    /// The configuration cannot be used; one complaint a line, with its place.
    #[error("{0}")]
    Config(String),
    /// A mistake of ours.
    #[error("internal error")]
    Internal(#[source] Cause),
}

/// One field that cannot be taken, and why.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
#[non_exhaustive]
pub struct Invalid {
    /// The field's name in the request.
    pub field: String,
    /// A stable code: `required`, `invalid`, `too_short`, `too_long`, `too_common`, `too_similar`, `unchanged`, `unknown`.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Invalid {
    pub(crate) fn new(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, detail: detail.into() }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Validation(vec![invalid])
    }
}

/// The form of an error on the wire.
pub(crate) struct Description {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

impl Error {
    /// Wraps an internal error, with its cause for the log.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns the error and its causes in order: for logs and the command line, never for a reply.
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }

    /// Returns the stable code, as in the `code` of a problem.
    pub fn code(&self) -> &'static str {
        self.describe().code
    }

    #[rustfmt::skip]
    pub(crate) fn describe(&self) -> Description {
        let (status, code, title, detail) = match self {
            Self::NotAuthenticated => (401, "not_authenticated", "Not signed in", "Sign in to continue."),
            Self::Forbidden => (403, "forbidden", "Not allowed", "Your account doesn't have permission to do this."),
            Self::InvalidCredentials => (400, "invalid_credentials", "Invalid credentials", "Email or password is not correct."),
            Self::AccountInactive => (403, "account_inactive", "Account deactivated", "This account has been deactivated."),
            Self::ReauthenticationRequired => (403, "reauthentication_required", "Confirm it's you", "Confirm it's you, then try again."),
            Self::SignupClosed => (403, "signup_closed", "Sign-up is closed", "New accounts are by invitation only."),
            Self::TokenInvalid => (410, "token_invalid", "Link no longer works", "This link was already used, has expired, or was replaced by a newer one."),
            Self::InvalidCode => (400, "invalid_code", "Invalid code", "This code is not correct, or it has expired."),
            Self::PasswordRequired => (403, "password_required", "Password needed", "Choose a password to confirm this address in a different browser."),
            Self::OtherUserSignedIn => (409, "other_user_signed_in", "Signed in as someone else", "You're signed in as someone else. Sign out first."),
            Self::EmailTaken => (409, "email_taken", "Address taken", "This address already has an account."),
            Self::HasPassword => (409, "has_password", "Password already set", "This account already has a password. Change it instead."),
            Self::NotAllowed => (403, "not_allowed", "Not allowed", "This account isn't allowed to sign in here."),
            Self::IdentityTaken => (409, "identity_taken", "Already linked", "This account is already linked to another account here."),
            Self::LastSignInMethod => (409, "last_sign_in_method", "Last way to sign in", "This is the only way to sign in to this account. Set a password first."),
            Self::StateMissing => (400, "state_missing", "Sign-in no longer active", "This sign-in has expired or was started in another browser. Start again."),
            Self::StateMismatch => (400, "state_mismatch", "Sign-in expired", "This sign-in was already completed, took too long, or was started in another browser. Start again."),
            Self::CodeRejected => (400, "code_rejected", "Sign-in failed", "The provider couldn't confirm this sign-in. Start again."),
            Self::ProviderDenied => (400, "provider_denied", "Sign-in stopped", "The sign-in was stopped at the provider, or the provider refused it."),
            Self::ProviderUnreachable => (502, "provider_unreachable", "Provider unreachable", "The provider isn't responding. Try again in a few minutes, or sign in another way."),
            Self::RateLimited { .. } => (429, "rate_limited", "Too many attempts", "Too many attempts. Wait a moment, then try again."),
            Self::Validation(_) => (422, "validation_failed", "There is a problem", "Check the fields and try again."),
            Self::NotFound => (404, "not_found", "Not found", "There is nothing at this address."),
            Self::Busy => (503, "unavailable", "Busy", "Many people are signing in. Try again in a moment."),
            Self::Unavailable(_) => (503, "unavailable", "Unavailable", "Sign-in is temporarily unavailable. Try again in a moment."),
            Self::AlreadyExists(_) => (409, "already_exists", "Already exists", "This already exists."),
            Self::Config(_) | Self::Internal(_) => (500, "internal", "Internal error", "Something went wrong on our side."),
        };
        Description { status, code, title, detail }
    }
}

/// Returns an error of any type and its causes in order.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        let reason = below.to_string();
        // Some errors repeat their cause in their own words.
        if !message.ends_with(&reason) {
            message = format!("{message}: {reason}");
        }
        cause = below.source();
    }
    message
}
