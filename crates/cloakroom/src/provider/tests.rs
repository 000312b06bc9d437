//! Tests against the fake providers, which know nothing of this module: a real exchange over a real socket.

use cloakroom_fake_provider::{FakeProvider, Kind, Mood, Person};

use super::{AuthorizeRequest, Callback, Failure, Profile, Providers};
use crate::clock::Clock;
use crate::config::{Config, Provider};
use crate::model::email::Email;
use crate::secret::Ticket;

const APP: &str = "http://localhost:3000";

/// One provider, one app, and one attempt to sign in.
struct Attempt {
    fake: FakeProvider,
    providers: Providers,
    state: Ticket,
    verifier: Ticket,
    nonce: Ticket,
}

impl Attempt {
    async fn at(kind: Kind) -> Self {
        Self::with(kind, |_| {}).await
    }

    async fn with(kind: Kind, change: impl FnOnce(&mut Provider)) -> Self {
        let fake = FakeProvider::listen(kind, APP).await;
        let mut settings: Provider = serde_json::from_value(fake.configuration()).expect("a provider");
        change(&mut settings);
        let config = Config { provider: vec![settings], ..Config::default() };
        let providers = Providers::open(&config, &Clock::System).expect("it opens");
        let [state, verifier, nonce] = [(); 3].map(|()| Ticket::generate());
        Self { fake, providers, state, verifier, nonce }
    }

    async fn code(&self, person: &Person, mood: Mood) -> String {
        let request = AuthorizeRequest {
            state: self.state.expose(),
            code_challenge: &self.verifier.code_challenge(),
            nonce: self.nonce.expose(),
            is_fresh: false,
        };
        let provider = self.providers.get(self.fake.kind().id()).expect("it is registered");
        let url = provider.authorize(&request).await.expect("a URL");
        let answer = self.fake.consent(url.as_str(), person, mood).expect("a request that it takes");
        assert_eq!(answer.state, self.state.expose());
        answer.code.expect("a code")
    }

    async fn finish(&self, code: &str, verifier: &Ticket, nonce: &Ticket) -> Result<Profile, Failure> {
        let callback = Callback {
            code,
            code_verifier: verifier.expose(),
            nonce: nonce.expose(),
            iss: None,
            user: None,
            fresh_since: None,
        };
        self.providers.get(self.fake.kind().id()).expect("it is registered").profile(&callback).await
    }

    async fn sign_in(&self, person: &Person) -> Profile {
        let code = self.code(person, Mood::Well).await;
        self.finish(&code, &self.verifier, &self.nonce).await.unwrap_or_else(|failure| panic!("{failure:?}"))
    }
}

fn spelling(profile: &Profile) -> Option<&str> {
    profile.email.as_ref().map(Email::spelling)
}

#[tokio::test]
async fn o18_githubs_primary_address_counts_when_github_verified_it() {
    let attempt = Attempt::at(Kind::GitHub).await;
    let ada = attempt.sign_in(&Person::verified("Ada@example.test").named("Ada Lovelace")).await;
    assert_eq!(spelling(&ada), Some("Ada@example.test"));
    assert!(ada.is_email_verified);
    assert_eq!((ada.name.as_deref(), ada.username.as_deref()), (Some("Ada Lovelace"), Some("ada-lovelace")));
    assert!(ada.subject.bytes().all(|byte| byte.is_ascii_digit()), "{}", ada.subject);
    assert!(ada.tokens.is_none(), "not kept unless asked for");
    let unverified = attempt.sign_in(&Person::unverified("ada@example.test")).await;
    assert!(spelling(&unverified).is_some() && !unverified.is_email_verified);
    let silent = attempt.sign_in(&Person::without_email("noor")).await;
    assert!(silent.email.is_none() && !silent.is_email_verified);
}

#[tokio::test]
async fn o22_the_subject_stays_when_the_address_changes() {
    for kind in Kind::ALL {
        let attempt = Attempt::at(kind).await;
        let before = attempt.sign_in(&Person::verified("mary@example.test")).await;
        let renamed = Person::verified("mary@example.test").renamed("mary.new@example.test");
        let after = attempt.sign_in(&renamed).await;
        assert_eq!(before.subject, after.subject, "{kind:?}");
        assert_eq!(spelling(&after), Some("mary.new@example.test"), "{kind:?}");
        let other = attempt.sign_in(&Person::verified("other@example.test")).await;
        assert_ne!(before.subject, other.subject, "{kind:?}");
    }
}

#[tokio::test]
async fn o18_google_says_in_a_signed_token_whether_an_address_is_verified() {
    let attempt = Attempt::at(Kind::Google).await;
    let ada = attempt.sign_in(&Person::verified("ada@example.test")).await;
    assert!(ada.is_email_verified);
    let unverified = attempt.sign_in(&Person::unverified("ada@example.test")).await;
    assert!(unverified.email.is_some() && !unverified.is_email_verified);
    let silent = attempt.sign_in(&Person::without_email("noor")).await;
    assert!(silent.email.is_none());
}

#[tokio::test]
async fn o18_facebooks_address_is_not_verified_unless_the_operator_says_so() {
    let attempt = Attempt::at(Kind::Facebook).await;
    let ada = attempt.sign_in(&Person::verified("ada@example.test").named("Ada Lovelace")).await;
    assert_eq!((spelling(&ada), ada.name.as_deref()), (Some("ada@example.test"), Some("Ada Lovelace")));
    assert!(!ada.is_email_verified);
    assert!(attempt.sign_in(&Person::without_email("noor")).await.email.is_none());
    let trusting = Attempt::with(Kind::Facebook, |settings| {
        settings.trust_email = Some(crate::config::TrustEmail::Always);
    });
    assert!(trusting.await.sign_in(&Person::verified("ada@example.test")).await.is_email_verified);
}

#[tokio::test]
async fn o08_a_stolen_code_is_worth_nothing_without_its_verifier_and_works_once() {
    for kind in Kind::ALL {
        let attempt = Attempt::at(kind).await;
        let person = Person::verified("ada@example.test");
        let stolen = attempt.code(&person, Mood::Well).await;
        let other = attempt.finish(&stolen, &Ticket::generate(), &attempt.nonce).await;
        assert!(matches!(other, Err(Failure::Rejected(_))), "{kind:?}");
        let code = attempt.code(&person, Mood::Well).await;
        assert!(attempt.finish(&code, &attempt.verifier, &attempt.nonce).await.is_ok(), "{kind:?}");
        let again = attempt.finish(&code, &attempt.verifier, &attempt.nonce).await;
        assert!(matches!(again, Err(Failure::Rejected(_))), "{kind:?}");
    }
}

#[tokio::test]
async fn o17_an_id_token_of_another_attempt_is_refused() {
    let attempt = Attempt::at(Kind::Google).await;
    let code = attempt.code(&Person::verified("ada@example.test"), Mood::Well).await;
    let failure = attempt.finish(&code, &attempt.verifier, &Ticket::generate()).await.err();
    assert!(matches!(&failure, Some(Failure::Rejected(why)) if why.contains("nonce")), "{failure:?}");
}

#[tokio::test]
async fn o30_tokens_are_read_only_for_those_who_store_them() {
    for kind in Kind::ALL {
        let attempt = Attempt::with(kind, |settings| settings.store_tokens = true).await;
        let profile = attempt.sign_in(&Person::verified("ada@example.test")).await;
        let tokens = profile.tokens.expect("tokens");
        assert!(tokens.to_json().contains(tokens.access_token.expose()), "{kind:?}");
    }
}

#[tokio::test]
async fn o14_a_broken_provider_is_out_of_reach_and_a_wrong_secret_is_refused() {
    for kind in Kind::ALL {
        let attempt = Attempt::at(kind).await;
        let code = attempt.code(&Person::verified("ada@example.test"), Mood::Broken).await;
        let failure = attempt.finish(&code, &attempt.verifier, &attempt.nonce).await.err();
        assert!(matches!(&failure, Some(Failure::Unreachable(why)) if why.contains("502")), "{failure:?}");
        let wrong = Attempt::with(kind, |settings| {
            settings.client_secret = Some("wrong".to_owned().into());
        });
        let wrong = wrong.await;
        let code = wrong.code(&Person::verified("ada@example.test"), Mood::Well).await;
        let failure = wrong.finish(&code, &wrong.verifier, &wrong.nonce).await.err();
        assert!(matches!(failure, Some(Failure::Rejected(_))), "{kind:?}: {failure:?}");
    }
}
