//! The principal of a request: the account behind it, and the credential that it was proven with.

use crate::clock::Timestamp;
use crate::model::method::{self, Method};
use crate::model::user::User;
use crate::session::Live;

/// The account behind a request, and the credential that it was proven with. It is an extractor for handlers that need more
/// than [`User`]. 401 when nobody is signed in; `Option<Principal>` admits everybody.
///
/// ```
/// use axum::{Router, routing::post};
/// use cloakroom::{Cloakroom, Credential, Error, Principal};
///
/// /// Pays out only to whoever has proven their identity by two factors.
/// async fn pay_out(principal: Principal) -> Result<String, Error> {
///     match principal.credential {
///         Credential::Session { aal: 2, .. } => Ok(format!("Paid out to {}", principal.user.email)),
///         _ => Err(Error::Forbidden),
///     }
/// }
///
/// fn app(cloakroom: &Cloakroom) -> Router {
///     Router::new().route("/payouts", post(pay_out)).layer(cloakroom.layer())
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Principal {
    /// The account.
    pub user: User,
    /// The proof that the account is theirs.
    pub credential: Credential,
}

/// The credential of a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// An open session of a browser.
    #[non_exhaustive]
    Session {
        /// The session's id, a `UUIDv7`. It may be shown: it opens nothing.
        id: String,
        /// The methods that the session was opened or last proven with, in the order of their proof.
        amr: Vec<Method>,
        /// The authentication assurance level (NIST SP 800-63B): 2 after a passkey, or after a first and a second method, else 1.
        aal: u8,
        /// The last proof of identity.
        authenticated_at: Timestamp,
        /// The last proof by a second factor, if there was one.
        second_factor_at: Option<Timestamp>,
    },
}

impl From<&Live> for Principal {
    fn from(live: &Live) -> Self {
        let credential = Credential::Session {
            id: live.id.to_string(),
            amr: live.methods.to_vec(),
            aal: method::assurance_level(&live.methods),
            authenticated_at: live.authenticated_at,
            second_factor_at: live.second_factor_at,
        };
        Self { user: live.user.clone(), credential }
    }
}
