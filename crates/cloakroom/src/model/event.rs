//! Events: what happened to accounts, who did it, and from where.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::model::device::Device;
use crate::model::network::Network;
use crate::model::session::EndedSession;
use crate::model::user::{Account, User};
use crate::model::visitor::RequestId;

/// Declares the types: variant, name, outcome, and the words of the log line. Another type is another line.
macro_rules! event_types {
    ($($variant:ident = $name:literal, $outcome:ident, $words:literal;)*) => {
        /// The kinds of things that are recorded. `docs/reference/events.md` tells when, and with which data.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum EventType {
            $($variant,)*
        }

        impl EventType {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, as storage and the API have it.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Tells whether the attempt succeeded.
            pub(crate) const fn outcome(self) -> Outcome {
                match self {
                    $(Self::$variant => Outcome::$outcome,)*
                }
            }

            /// The message of the log line.
            pub(crate) const fn words(self) -> &'static str {
                match self {
                    $(Self::$variant => $words,)*
                }
            }
        }
    };
}

event_types! {
    SignInOk = "sign_in.ok", Done, "signed in";
    SignInFailed = "sign_in.failed", Refused, "sign-in failed";
    SignInLimited = "sign_in.limited", Refused, "sign-in refused by a limit";
    SignOut = "sign_out", Done, "signed out";
    SessionsRevoked = "sessions.revoked", Done, "sessions ended";
    SignupStarted = "signup.started", Done, "signup started";
    SignupProven = "signup.proven", Done, "signed up";
    PasswordChanged = "password.changed", Done, "password changed";
    PasswordResetAsked = "password.reset_asked", Done, "password reset asked for";
    PasswordReset = "password.reset", Done, "password reset";
    PasswordSet = "password.set", Done, "password set";
    EmailChangeAsked = "email.change_asked", Done, "change of address asked for";
    EmailChanged = "email.changed", Done, "address changed";
    EmailUndone = "email.undone", Done, "change of address undone";
    IdentityLinked = "identity.linked", Done, "linked";
    IdentityUnlinked = "identity.unlinked", Done, "unlinked";
    UserMade = "user.made", Done, "account added";
    UserInvited = "user.invited", Done, "account added and invited";
    UserRightsChanged = "user.rights_changed", Done, "rights changed";
    UserDeactivated = "user.deactivated", Done, "account deactivated";
    UserActivated = "user.activated", Done, "account activated";
    UserDeleted = "user.deleted", Done, "account deleted";
    EventsExported = "events.exported", Done, "events exported";
    ServerStarted = "server.started", Done, "server started";
    MailAbandoned = "mail.abandoned", Done, "mail given up";
}

/// The outcome of the attempt that an event records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Done,
    Refused,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Refused => "refused",
        }
    }
}

/// The person, program or component that causes an event.
///
/// [`Cloakroom::administration`](crate::Cloakroom::administration) acts as a service, until the caller names the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub(crate) kind: &'static str,
    pub(crate) id: Option<String>,
    pub(crate) label: Option<String>,
}

impl Actor {
    /// Names an app that embeds the library, or a program of its owner.
    pub fn service(name: &str) -> Self {
        Self { label: Some(name.to_owned()), ..Self::of_kind("service") }
    }

    /// Names a command line, by the name of the system's user.
    pub fn cli(user_name: &str) -> Self {
        Self { label: Some(user_name.to_owned()), ..Self::of_kind("cli") }
    }

    /// Names a person who is signed in.
    pub fn user(user: &User) -> Self {
        Self::person(&user.id, &user.email)
    }

    /// Names a person who is not signed in.
    pub(crate) fn browser() -> Self {
        Self::of_kind("browser")
    }

    /// Names Cloakroom itself.
    pub(crate) fn system() -> Self {
        Self::of_kind("system")
    }

    fn person(id: &str, email: &str) -> Self {
        Self { kind: "user", id: Some(id.to_owned()), label: Some(email.to_owned()) }
    }

    const fn of_kind(kind: &'static str) -> Self {
        Self { kind, id: None, label: None }
    }
}

/// An app that has not said its name.
impl Default for Actor {
    fn default() -> Self {
        Self::of_kind("service")
    }
}

impl From<&Account> for Actor {
    fn from(account: &Account) -> Self {
        Self::person(&account.id, &account.email)
    }
}

impl From<&User> for Actor {
    fn from(user: &User) -> Self {
        Self::user(user)
    }
}

impl From<&EndedSession> for Actor {
    fn from(session: &EndedSession) -> Self {
        Self::person(&session.user_id, &session.email)
    }
}

/// The person or thing that an event is about.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) label: Option<String>,
}

impl Target {
    /// Names an account by its id alone.
    pub(crate) fn account_id(id: &str) -> Self {
        Self { kind: "user", id: id.to_owned(), label: None }
    }

    pub(crate) fn mail(id: &str) -> Self {
        Self { kind: "mail", id: id.to_owned(), label: None }
    }
}

impl From<&Account> for Target {
    fn from(account: &Account) -> Self {
        Self { label: Some(account.email.clone()), ..Self::account_id(&account.id) }
    }
}

impl From<&User> for Target {
    fn from(user: &User) -> Self {
        Self { label: Some(user.email.clone()), ..Self::account_id(&user.id) }
    }
}

impl From<&EndedSession> for Target {
    fn from(session: &EndedSession) -> Self {
        Self { label: Some(session.email.clone()), ..Self::account_id(&session.user_id) }
    }
}

/// The request behind an event.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    pub(crate) network: Option<Network>,
    pub(crate) device: Device,
    pub(crate) session_id: Option<String>,
    pub(crate) request_id: Option<RequestId>,
}

impl Origin {
    /// Returns the same request with the id of this session.
    pub(crate) fn in_session(self, session_id: &impl ToString) -> Self {
        Self { session_id: Some(session_id.to_string()), ..self }
    }
}

/// An event about to be recorded. It never holds a password, a token, a code, a hash or a key.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) kind: EventType,
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) target: Option<Target>,
    pub(crate) origin: Origin,
    /// The attempts so far in the window, where they are coalesced.
    pub(crate) count: i64,
    pub(crate) data: BTreeMap<&'static str, Value>,
}

impl Event {
    /// Begins an event of the system's own, about nobody.
    pub(crate) fn new(kind: EventType, at: Timestamp) -> Self {
        let (actor, origin) = (Actor::system(), Origin::default());
        Self { kind, at, actor, target: None, origin, count: 1, data: BTreeMap::new() }
    }

    /// Names the actor.
    pub(crate) fn by(self, actor: impl Into<Actor>) -> Self {
        Self { actor: actor.into(), ..self }
    }

    /// Names the target.
    pub(crate) fn about(self, target: impl Into<Target>) -> Self {
        Self { target: Some(target.into()), ..self }
    }

    /// Names one account as both the actor and the target.
    pub(crate) fn of<'a, T>(self, account: &'a T) -> Self
    where
        &'a T: Into<Actor> + Into<Target>,
    {
        self.by(account).about(account)
    }

    /// Sets the request.
    pub(crate) fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Sets the number of attempts so far in the window.
    pub(crate) fn counted(self, count: i64) -> Self {
        Self { count, ..self }
    }

    /// Adds a fact.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.data.insert(name, value.into());
        self
    }

    /// Adds a fact, if there is one.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the values of a field before and after the change.
    pub(crate) fn with_change(
        self,
        name: &'static str,
        before: impl Into<Value>,
        after: impl Into<Value>,
    ) -> Self {
        let change = [("before".to_owned(), before.into()), ("after".to_owned(), after.into())];
        self.with(name, Value::Object(change.into_iter().collect()))
    }
}

/// An event, as it was recorded.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EventView {
    /// A `UUIDv7`: events lie in the order of their ids.
    pub id: String,
    /// The time of the event.
    pub at: Timestamp,
    /// A name of `docs/reference/events.md`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `ok` or `refused`.
    pub outcome: String,
    /// The person or program that caused it.
    pub actor: PartyView,
    /// The person whom the actor impersonated.
    #[serde(rename = "as")]
    pub impersonated: Option<NameView>,
    /// The person or thing that it is about.
    pub target: Option<PartyView>,
    /// The client's network, as far as `audit.address` keeps it.
    pub network: Option<String>,
    /// Browser and system.
    pub device: Option<String>,
    /// The session in which it happened. This id gives no access.
    pub session_id: Option<String>,
    /// The id of the request in the log.
    pub request_id: Option<String>,
    /// The attempts so far in the window, where they are coalesced; else 1.
    pub count: i64,
    /// More data, by name.
    pub data: serde_json::Map<String, Value>,
}

/// A person, program or thing of an event.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PartyView {
    /// Of an actor: `user`, `browser`, `service`, `cli` or `system`. Of a target: `user` or `mail`.
    pub kind: String,
    /// The id, if it has one.
    pub id: Option<String>,
    /// The name at that time; of a person, the address. Null once that person is deleted.
    pub label: Option<String>,
}

/// A person of an event.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NameView {
    /// The account's id.
    pub id: String,
    /// The address at that time.
    pub label: Option<String>,
}

/// A filter of events; an empty field matches all events.
#[derive(Clone, Default)]
pub(crate) struct EventFilter {
    /// The types, of which one must match.
    pub(crate) types: Vec<&'static str>,
    /// The actor's id.
    pub(crate) actor: Option<String>,
    /// The target's id.
    pub(crate) target: Option<String>,
    pub(crate) session: Option<String>,
    /// The spellings of the network, of which one must match.
    pub(crate) networks: Vec<String>,
    pub(crate) since: Option<Timestamp>,
    /// The instant before which events happened.
    pub(crate) until: Option<Timestamp>,
    /// The beginning of a label, a whole id, or the domain of a label after an `@`.
    pub(crate) text: Option<String>,
}
