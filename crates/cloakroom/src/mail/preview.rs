//! Letters to look at, with sample data: `cloakroom mail preview`.

use std::time::Duration;

use super::{Asked, Kind, Letter, Locale, Recovered};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::model::challenge::{CODE_LIFETIME, LINK_CODE_LIFETIME};
use crate::model::device::device;

/// 24 November 2026, 08:15 UTC.
const ASKED_AT: Timestamp = Timestamp::from_millis(1_795_508_100_000);

/// Returns a letter of that kind with sample data, which belonged to nobody.
pub(crate) fn sample(config: &Config, kind: Kind, locale: Locale) -> Letter {
    let origin = config.public_url.origin();
    let link =
        |page: &str| Some(format!("{origin}/{page}#token=sample-sample-sample-sample-sample-sample-1"));
    let link = match kind {
        Kind::VerifyEmail | Kind::SocialEmail => link("verify-email"),
        Kind::PasswordReset | Kind::Invitation | Kind::EmailRestored => link("reset-password"),
        Kind::EmailChange => link("change-email"),
        Kind::EmailChangeRequested | Kind::EmailChanged | Kind::AddressReserved => link("undo-email-change"),
        _ => None,
    };
    // The lifetimes are those of the flows.
    let life = match kind {
        Kind::LinkCode => LINK_CODE_LIFETIME,
        Kind::PasswordReset | Kind::EmailRestored => Duration::from_hours(1),
        Kind::EmailChangeRequested | Kind::EmailChanged | Kind::AddressReserved => Duration::from_hours(72),
        _ => Duration::from_hours(24),
    };
    let recovered = match kind {
        Kind::PasswordWasReset | Kind::EmailRestored => Recovered {
            kept: vec!["Google (ada@example.test)".to_owned()],
            unlinked: vec!["GitHub (ada-lovelace)".to_owned()],
        },
        _ => Recovered::default(),
    };
    Letter {
        kind,
        locale,
        to: "ada@example.test".to_owned(),
        link,
        code: Some("482913".to_owned()),
        expires_at: Some(ASKED_AT.plus(life)),
        code_expires_at: Some(ASKED_AT.plus(CODE_LIFETIME)),
        address: Some("ada.lovelace@example.test".to_owned()),
        provider: Some("GitHub".to_owned()),
        recovered,
        asked: Asked {
            at: ASKED_AT,
            device: device("Firefox/145.0 Linux"),
            network: "203.0.113.7".to_owned(),
        },
    }
}
