//! The kinds of provider, each by the name that `kind` has in the configuration. The differences between kinds are data.

use crate::config::{self, TrustEmail};
use crate::provider::oauth2::{ClientAuthentication, Endpoints, Fields, Reader};
use crate::provider::{facebook, github};

/// The default scopes of an OpenID provider.
const OPENID: &[&str] = &["openid", "email", "profile"];

/// A kind of provider.
pub(crate) struct Kind {
    /// Its name in the configuration.
    pub(crate) name: &'static str,
    /// Its name on the button; `None` for kinds that many companies run under names of their own.
    pub(crate) label: Option<&'static str>,
    pub(crate) protocol: Protocol,
    /// The default scopes.
    pub(super) scopes: &'static [&'static str],
    /// The default of `trust_email`.
    pub(super) trust_email: TrustEmail,
    pub(crate) quirks: Quirks,
}

/// The protocol of a kind.
pub(crate) enum Protocol {
    /// OAuth 2.0, and a profile.
    OAuth2(Endpoints),
    /// OpenID Connect: everything is discovered from the issuer.
    OpenId(IssuerKind),
}

/// The issuers that a kind has.
#[derive(Clone, Copy)]
pub(crate) enum IssuerKind {
    /// One issuer for all people.
    Fixed(&'static str),
    /// One for each installation. The example stands in the complaint when none is configured.
    Configured(&'static str),
    /// One for each installation, as [`IssuerKind::Configured`], with a slash at the end, which people leave out.
    WithSlash(&'static str),
    /// One for each tenant.
    ByTenant(&'static str),
}

/// The departures of a kind from the standards.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a provider")]
pub(crate) struct Quirks {
    /// The provider refuses PKCE. Set this only where it does: without PKCE only `state` and the client secret stop a stolen
    /// code.
    pub(super) refuses_pkce: bool,
    /// ID tokens come without the nonce.
    pub(super) omits_nonce: bool,
    /// The answer contains the person's name, the first time only. It is not signed, so nothing but the name is taken from it.
    pub(super) tells_name_in_answer: bool,
    /// The client secret is a token that we sign ourselves.
    pub(crate) signs_secret: bool,
    /// The claim that says that the address is verified.
    pub(super) verified: Verified,
    /// Further parameters of the authorization request.
    pub(super) parameters: &'static [(&'static str, &'static str)],
    /// The parameter that asks the person to authenticate anew, where the provider has one.
    pub(super) fresh: Option<(&'static str, &'static str)>,
    /// The client authentication when the discovery document names none.
    pub(super) authentication: ClientAuthentication,
}

/// The claim that says whether an address is verified.
#[derive(Clone, Copy)]
pub(super) enum Verified {
    /// `email_verified` (OpenID Connect Core, section 5.1).
    Standard,
    /// `xms_edov`. Microsoft lets anybody write any address into a directory of their own. This optional claim says that the
    /// owner of the address's domain is verified.
    DomainOwner,
}

/// A kind without departures.
const STANDARD: Quirks = Quirks {
    refuses_pkce: false,
    omits_nonce: false,
    tells_name_in_answer: false,
    signs_secret: false,
    verified: Verified::Standard,
    parameters: &[],
    fresh: Some(("max_age", "0")),
    authentication: ClientAuthentication::Basic,
};

const fn openid(name: &'static str, label: Option<&'static str>, issuer: IssuerKind, quirks: Quirks) -> Kind {
    let protocol = Protocol::OpenId(issuer);
    Kind { name, label, protocol, scopes: OPENID, trust_email: TrustEmail::Verified, quirks }
}

static KINDS: [Kind; 14] = [
    Kind {
        name: "github",
        label: Some("GitHub"),
        protocol: Protocol::OAuth2(Endpoints {
            issuer: "https://github.com",
            authorize: "https://github.com/login/oauth/authorize",
            token: "https://github.com/login/oauth/access_token",
            userinfo: "https://api.github.com/user",
            reader: Reader::File(github::read),
        }),
        scopes: &["user:email"],
        trust_email: TrustEmail::Verified,
        // GitHub sends a person back without a question who is signed in there and has allowed this app before.
        quirks: Quirks { fresh: None, ..STANDARD },
    },
    openid("google", Some("Google"), IssuerKind::Fixed("https://accounts.google.com"), STANDARD),
    Kind {
        name: "facebook",
        label: Some("Facebook"),
        protocol: Protocol::OAuth2(Endpoints {
            issuer: "https://www.facebook.com",
            authorize: "https://www.facebook.com/v24.0/dialog/oauth",
            token: "https://graph.facebook.com/v24.0/oauth/access_token",
            userinfo: "https://graph.facebook.com/v24.0/me",
            reader: Reader::File(facebook::read),
        }),
        scopes: &["email", "public_profile"],
        trust_email: TrustEmail::Never,
        quirks: Quirks { fresh: Some(("auth_type", "reauthenticate")), ..STANDARD },
    },
    openid(
        "microsoft",
        Some("Microsoft"),
        IssuerKind::ByTenant("https://login.microsoftonline.com/common/v2.0"),
        Quirks {
            verified: Verified::DomainOwner,
            fresh: Some(("prompt", "login")),
            authentication: ClientAuthentication::Post,
            ..STANDARD
        },
    ),
    Kind {
        scopes: &["openid", "email", "name"],
        ..openid(
            "apple",
            Some("Apple"),
            IssuerKind::Fixed("https://appleid.apple.com"),
            Quirks {
                tells_name_in_answer: true,
                signs_secret: true,
                // Required as soon as a name or an address is requested.
                parameters: &[("response_mode", "form_post")],
                fresh: None,
                authentication: ClientAuthentication::Post,
                ..STANDARD
            },
        )
    },
    openid(
        "linkedin",
        Some("LinkedIn"),
        IssuerKind::Fixed("https://www.linkedin.com/oauth"),
        Quirks {
            refuses_pkce: true,
            omits_nonce: true,
            fresh: None,
            authentication: ClientAuthentication::Post,
            ..STANDARD
        },
    ),
    openid("gitlab", Some("GitLab"), IssuerKind::Fixed("https://gitlab.com"), STANDARD),
    Kind {
        name: "discord",
        label: Some("Discord"),
        protocol: Protocol::OAuth2(Endpoints {
            issuer: "https://discord.com",
            authorize: "https://discord.com/oauth2/authorize",
            token: "https://discord.com/api/oauth2/token",
            userinfo: "https://discord.com/api/users/@me",
            reader: Reader::Fields(Fields {
                subject: "id",
                email_verified: "verified",
                name: "global_name",
                username: "username",
            }),
        }),
        scopes: &["identify", "email"],
        trust_email: TrustEmail::Verified,
        quirks: Quirks { fresh: None, ..STANDARD },
    },
    openid("slack", Some("Slack"), IssuerKind::Fixed("https://slack.com"), STANDARD),
    Kind {
        scopes: &["openid", "user:read:email"],
        ..openid(
            "twitch",
            Some("Twitch"),
            IssuerKind::Fixed("https://id.twitch.tv/oauth2"),
            Quirks {
                // Claims are sent only when each is requested by name (OpenID Connect Core, section 5.5).
                parameters: &[(
                    "claims",
                    r#"{"id_token":{"email":null,"email_verified":null,"preferred_username":null}}"#,
                )],
                authentication: ClientAuthentication::Post,
                ..STANDARD
            },
        )
    },
    openid("auth0", None, IssuerKind::WithSlash("https://TENANT.auth0.com/"), STANDARD),
    openid("okta", None, IssuerKind::Configured("https://ORGANIZATION.okta.com"), STANDARD),
    openid("keycloak", None, IssuerKind::Configured("https://HOST/realms/REALM"), STANDARD),
    openid("oidc", None, IssuerKind::Configured("https://HOST"), STANDARD),
];

/// Google by endpoints alone, as Python Social Auth's `google-oauth2` uses it. With all three endpoints set and no issuer there
/// is nothing to discover, keys included. So the profile is read instead of an ID token.
static GOOGLE_BY_ENDPOINTS: Kind = Kind {
    name: "google",
    label: Some("Google"),
    protocol: Protocol::OAuth2(Endpoints {
        issuer: "https://accounts.google.com",
        authorize: "https://accounts.google.com/o/oauth2/v2/auth",
        token: "https://oauth2.googleapis.com/token",
        userinfo: "https://openidconnect.googleapis.com/v1/userinfo",
        reader: Reader::Fields(Fields {
            subject: "sub",
            email_verified: "email_verified",
            name: "name",
            username: "preferred_username",
        }),
    }),
    scopes: OPENID,
    trust_email: TrustEmail::Verified,
    // Only an ID token would report when the person signed in there.
    quirks: Quirks { fresh: None, ..STANDARD },
};

/// Returns the names of all kinds.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// Returns the preset of a provider; `None` for an unknown kind.
pub(crate) fn kind(provider: &config::Provider) -> Option<&'static Kind> {
    let name = match &provider.kind {
        Some(kind) => kind,
        // The name that users of Python Social Auth have in their links.
        None if provider.id == "google-oauth2" => "google",
        None => &provider.id,
    };
    let endpoints = [&provider.authorize_url, &provider.token_url, &provider.userinfo_url];
    let is_discovered = provider.issuer.is_some() || provider.discovery_url.is_some();
    if name == "google" && !is_discovered && endpoints.into_iter().all(Option::is_some) {
        return Some(&GOOGLE_BY_ENDPOINTS);
    }
    KINDS.iter().find(|kind| kind.name == name)
}
