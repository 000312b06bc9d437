//! The profile of a person at a provider.

use serde_json::{Map, Value};

use crate::config::{Secret, TrustEmail};
use crate::model::email::Email;
use crate::provider::Failure;

/// The longest subject (OpenID Connect Core, section 2), in bytes.
const LONGEST_SUBJECT: usize = 255;
/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 200;
/// The most of a provider's other data that is kept, in bytes of JSON.
const MOST_EXTRA: usize = 16 * 1024;

/// The identity of a person at a provider, after that provider's rule for addresses.
pub(crate) struct Profile {
    /// The issuer of the subject: the issuer of the ID token, or the name that replaces it at an OAuth 2.0 provider.
    pub(crate) issuer: String,
    /// The provider's stable name for the account: exact, its case kept.
    pub(crate) subject: String,
    /// The address that the provider reports.
    pub(crate) email: Option<Email>,
    /// True if that address counts as proven.
    pub(crate) is_email_verified: bool,
    /// True if the provider itself calls it verified. With `trust_email = "always"` an address counts without that.
    pub(crate) is_email_vouched: bool,
    /// The name for people, of one line.
    pub(crate) name: Option<String>,
    /// The name for links and mentions.
    pub(crate) username: Option<String>,
    /// The provider's other data, unchanged, up to 16 KiB. It gives no rights.
    pub(crate) extra: Value,
    /// The tokens for the provider's API; only with `store_tokens`.
    pub(crate) tokens: Option<ProviderTokens>,
}

/// The tokens for the provider's API in this person's name.
pub(crate) struct ProviderTokens {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    /// The lifetime in seconds.
    pub(crate) expires_in: Option<u64>,
}

/// The claims of a provider, before any of them is trusted.
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) email: Option<String>,
    /// The provider's own statement on that address.
    pub(super) email_verified: bool,
    pub(super) name: Option<String>,
    pub(super) username: Option<String>,
    /// The reply as a whole.
    pub(super) told: Value,
}

impl Claims {
    /// # Errors
    /// [`Failure::Rejected`] without a subject.
    pub(super) fn new(told: Value, subject: &str) -> Result<Self, Failure> {
        let subject = subject_of(&told[subject])
            .ok_or_else(|| Failure::Rejected(format!("`{subject}` names nobody in the profile")))?;
        let issuer = String::new();
        Ok(Self { issuer, subject, email: None, email_verified: false, name: None, username: None, told })
    }

    /// Returns a text of the reply.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.told[key].as_str().filter(|text| !text.is_empty()).map(Into::into)
    }

    pub(super) fn judged_by(self, trust: TrustEmail) -> Profile {
        // A text that is no address is dropped, even if a provider vouches for it.
        let email = self.email.as_deref().and_then(Email::parse);
        let is_trusted = match trust {
            TrustEmail::Verified => self.email_verified,
            TrustEmail::Always => true,
            TrustEmail::Never => false,
        };
        Profile {
            issuer: self.issuer,
            subject: self.subject,
            is_email_verified: email.is_some() && is_trusted,
            is_email_vouched: email.is_some() && is_trusted && self.email_verified,
            email,
            name: self.name.as_deref().and_then(one_line),
            username: self.username.as_deref().and_then(one_line),
            extra: capped(self.told),
            tokens: None,
        }
    }
}

impl Profile {
    pub(super) fn with_tokens(self, tokens: Option<ProviderTokens>) -> Self {
        Self { tokens, ..self }
    }
}

impl ProviderTokens {
    /// Returns the tokens as JSON, to be encrypted.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({
            "access_token": self.access_token.expose(),
            "refresh_token": self.refresh_token.as_ref().map(Secret::expose),
            "expires_in": self.expires_in,
        })
        .to_string()
    }

    /// Parses the tokens from that JSON.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let secret = |key: &str| json[key].as_str().map(|text| Secret::from(text.to_owned()));
        Some(Self {
            access_token: secret("access_token")?,
            refresh_token: secret("refresh_token"),
            expires_in: json["expires_in"].as_u64(),
        })
    }
}

/// Adds the profile's claims to those of the ID token, which is the signed one. The profile counts only for the same subject
/// (Core, section 5.3.2). An address and whether it is verified are taken from one place: both from the profile if it has an
/// address, else both from the token.
pub(super) fn complete(told: &mut Value, more: Value) -> Result<(), Failure> {
    let subject = subject_of(&told["sub"]);
    if subject.is_none() || subject_of(&more["sub"]) != subject {
        return Err(Failure::Rejected("the profile is that of another subject".into()));
    }
    if let (Value::Object(told), Value::Object(mut more)) = (told, more) {
        let pair = ["email", "email_verified"];
        let is_told = more.get("email").is_some_and(|email| !email.is_null());
        for name in pair {
            if is_told {
                told.remove(name);
            } else {
                more.remove(name);
            }
        }
        for (name, value) in more {
            told.entry(name).or_insert(value);
        }
    }
    Ok(())
}

/// Tells whether a value is `true`, which some providers write as text (Amazon Cognito, Apple).
pub(super) fn is_true(value: &Value) -> bool {
    *value == true || *value == "true"
}

/// Returns a subject as text. A number is written as digits; a text is taken as it is.
pub(super) fn subject_of(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        Value::String(text) if (1..=LONGEST_SUBJECT).contains(&text.len()) => {
            // Storage takes no NUL, and no person's name contains a control character.
            (!text.chars().any(char::is_control)).then(|| text.clone())
        }
        _ => None,
    }
}

fn one_line(text: &str) -> Option<String> {
    let line: String = text.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Returns as many entries as fit.
fn capped(told: Value) -> Value {
    let Value::Object(entries) = told else { return Value::Object(Map::new()) };
    let mut room = MOST_EXTRA;
    let fits = |(key, value): &(String, Value)| {
        let size = key.len() + value.to_string().len() + 4;
        let fits = size <= room;
        room -= if fits { size } else { 0 };
        fits
    };
    Value::Object(entries.into_iter().filter(fits).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(email: &str, email_verified: bool) -> Claims {
        let claims = Claims::new(json!({"id": 1}), "id").expect("a subject");
        Claims { email: Some(email.into()), email_verified, ..claims }
    }

    #[test]
    fn o18_an_address_counts_by_the_rule_of_its_provider() {
        for (trust, said, counts) in [
            (TrustEmail::Verified, true, true),
            (TrustEmail::Verified, false, false),
            (TrustEmail::Always, false, true),
            (TrustEmail::Never, true, false),
        ] {
            assert_eq!(
                claims("ada@x.test", said).judged_by(trust).is_email_verified,
                counts,
                "{trust:?} {said}"
            );
        }
        for smuggled in ["a@x.test,v@x.test", "not an address", "a@x.test\r\nBcc: v@x.test"] {
            let profile = claims(smuggled, true).judged_by(TrustEmail::Always);
            assert!(profile.email.is_none() && !profile.is_email_verified, "{smuggled}");
        }
    }

    #[test]
    fn o22_a_subject_is_taken_exactly_or_not_at_all() {
        assert_eq!(subject_of(&json!(583_231)).as_deref(), Some("583231"));
        assert_eq!(subject_of(&json!("AbC")).as_deref(), Some("AbC"));
        assert_eq!(subject_of(&json!(" a ")).as_deref(), Some(" a "));
        assert_eq!(subject_of(&json!("x".repeat(255))).map(|text| text.len()), Some(255));
        for bad in [
            json!(null),
            json!(""),
            json!(1.5),
            json!(-1),
            json!(true),
            json!(["a"]),
            json!("x".repeat(256)),
            json!("a\u{0}b"),
        ] {
            assert!(subject_of(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn o33_names_are_of_one_line_and_what_is_kept_is_bounded() {
        let told = json!({"id": 1, "login": "ada", "bio": "x".repeat(1_000_000), "plan": {"name": "pro"}});
        let mut claims = Claims::new(told, "id").expect("a subject");
        claims.name = Some(format!(" Ada\r\nBcc: v\u{0} {}", "x".repeat(500)));
        let profile = claims.judged_by(TrustEmail::Verified);
        assert_eq!(profile.extra, json!({"id": 1, "login": "ada", "plan": {"name": "pro"}}));
        let name = profile.name.expect("a name");
        assert!(name.starts_with("AdaBcc: v x") && name.chars().count() <= LONGEST_NAME, "{name}");
    }
}
