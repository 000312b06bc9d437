//! Sign-in with a provider: who gets in, and to which account.

use cloakroom::Config;
use cloakroom::administration::Rank;
use cloakroom::config::SignupMode;
use cloakroom::testing::{Kind, Mood, PASSWORD, Person};
use serde_json::json;

use crate::support::social_app::{assert_refused, outcome, post_callback, social_app, social_app_with};

#[tokio::test]
async fn a_new_person_gets_an_account_and_a_known_one_is_signed_in() {
    let app = social_app().await;
    for kind in [Kind::GitHub, Kind::Google] {
        let person = Person::verified(&format!("Mary@{}.test", kind.id())).named("Mary Newcomer");
        let browser = app.visitor().await;
        let answer = app.consent(&browser, kind, (&json!({"return_to": "/account?tab=1"}), &person)).await;
        let reply = post_callback(&browser, kind, &answer).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let body = reply.json();
        assert_eq!((&body["detail"], &body["result"]), (&json!("success"), &json!("signed_up")), "{kind:?}");
        assert_eq!(body["return_to"], "/account?tab=1");
        assert_eq!(body["user"]["email"], format!("Mary@{}.test", kind.id()));
        assert_eq!(body["user"]["has_password"], false);
        assert_eq!(browser.state().await, "authenticated");

        let elsewhere = app.visitor().await;
        let again = app.sign_in(&elsewhere, kind, &person).await;
        assert_eq!(outcome(&again), "signed_in", "{}", again.text);
        assert_eq!(again.json()["user"]["id"], body["user"]["id"]);
        assert_eq!(again.json()["return_to"], "/");
    }
    assert_eq!(app.accounts().await, 2);
}

/// With three endpoints and no issuer there is no discovery and there are no keys, so the profile says who it
/// is.
#[tokio::test]
async fn google_configured_by_endpoints_alone_is_asked_for_the_profile() {
    let app = social_app_with(|config| {
        let google = config.provider.iter_mut().find(|provider| provider.id == "google").unwrap();
        let base = google.issuer.take().unwrap();
        google.authorize_url = Some(format!("{base}/authorize"));
        google.token_url = Some(format!("{base}/token"));
        google.userinfo_url = Some(format!("{base}/userinfo"));
    })
    .await;
    let mary = Person::verified("mary@example.test");
    for expected in ["signed_up", "signed_in"] {
        let reply = app.sign_in(&app.visitor().await, Kind::Google, &mary).await;
        assert_eq!(outcome(&reply), expected, "{}", reply.text);
        assert_eq!(reply.json()["user"]["email"], "mary@example.test");
    }
    let uma = Person::unverified("uma@example.test");
    let reply = app.sign_in(&app.visitor().await, Kind::Google, &uma).await;
    assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
}

/// A call with code and state in the query, and no body.
#[tokio::test]
async fn code_and_state_may_come_in_the_query() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let answer =
        app.consent(&browser, Kind::Google, (&json!({}), &Person::verified("mary@example.test"))).await;
    let path = format!(
        "/api/social/google?code={}&state={}&scope=openid&authuser=0&prompt=none",
        answer.code.unwrap(),
        answer.state
    );
    let reply = browser.call(&http::Method::POST, &path).send().await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(browser.state().await, "authenticated");
}

#[tokio::test]
async fn o22_o23_the_subject_decides_the_account_whatever_the_address() {
    let app = social_app().await;
    let mary = Person::verified("mary@example.test");
    let first = app.sign_in(&app.visitor().await, Kind::GitHub, &mary).await.json();
    // The same subject under another address: the same account, which keeps its address.
    let renamed = mary.clone().renamed("mary.new@example.test");
    let second = app.sign_in(&app.visitor().await, Kind::GitHub, &renamed).await.json();
    assert_eq!(second["result"], "signed_in");
    assert_eq!(second["user"]["id"], first["user"]["id"]);
    assert_eq!(second["user"]["email"], "mary@example.test");
    // Another subject with her former address does not get her account.
    let heir = Person { key: "heir".into(), ..mary.clone() };
    let third = app.sign_in(&app.visitor().await, Kind::GitHub, &heir).await;
    assert_eq!(outcome(&third), "link_required", "{}", third.text);
    // The same person at another provider is another identity.
    let fourth = app.sign_in(&app.visitor().await, Kind::Google, &mary).await;
    assert_eq!(outcome(&fourth), "link_required", "{}", fourth.text);
    assert_eq!(app.database.rows("identities").await, 1);
    let same = "SELECT subject FROM cloakroom_identities";
    let subject = app.database.texts(same).await.remove(0);
    assert_eq!(
        app.database.change(&format!("UPDATE cloakroom_identities SET subject = 'x{subject}'")).await,
        1
    );
    assert_eq!(outcome(&app.sign_in(&app.visitor().await, Kind::GitHub, &mary).await), "link_required");
}

/// O20: a verified address alone does not join accounts.
#[tokio::test]
async fn o20_an_account_is_not_joined_because_its_address_is_the_same() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Superuser).await;
    for kind in [Kind::GitHub, Kind::Google] {
        let browser = app.visitor().await;
        let reply = app.sign_in(&browser, kind, &Person::verified("ADA@example.test")).await;
        assert_eq!((reply.status.as_u16(), outcome(&reply)), (200, "link_required".into()), "{}", reply.text);
        assert!(reply.set_cookie("sessionid").is_none() && reply.json()["user"].is_null());
        assert_eq!(reply.json()["email"], "ADA@example.test");
        assert_eq!(reply.json()["provider"], json!({"id": kind.id(), "name": kind.name()}));
        assert_eq!(browser.state().await, "anonymous");
    }
    assert_eq!(app.database.rows("identities").await, 0);
}

#[tokio::test]
async fn e08_o18_o19_an_unverified_address_does_not_count() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let mut replies = Vec::new();
    for (kind, email) in [
        (Kind::GitHub, "ada@example.test"),
        (Kind::GitHub, "new@example.test"),
        (Kind::Google, "ada@example.test"),
        (Kind::Facebook, "ada@example.test"),
    ] {
        let browser = app.visitor().await;
        let reply = app.sign_in(&browser, kind, &Person::unverified(email)).await;
        assert_eq!(
            (reply.status.as_u16(), outcome(&reply)),
            (200, "email_required".into()),
            "{}",
            reply.text
        );
        assert_eq!(reply.json()["email"], email, "prefilled");
        assert_eq!(browser.state().await, "anonymous");
        replies.push(reply);
    }
    // E08: the reply is the same whether or not the address has an account.
    let masked = |index: usize, email: &str| replies[index].text.replace(email, "…");
    assert_eq!(masked(0, "ada@example.test"), masked(1, "new@example.test"));
    assert_eq!(replies[0].headers.keys().collect::<Vec<_>>(), replies[1].headers.keys().collect::<Vec<_>>());
    let silent = app.sign_in(&app.visitor().await, Kind::GitHub, &Person::without_email("noor")).await;
    assert_eq!((outcome(&silent), silent.json()["email"].is_null()), ("email_required".into(), true));
    // Facebook never says that an address is verified.
    let facebook =
        app.sign_in(&app.visitor().await, Kind::Facebook, &Person::verified("new@example.test")).await;
    assert_eq!(outcome(&facebook), "email_required");
    assert_eq!(app.accounts().await, 1);
}

#[tokio::test]
async fn o25_s08_a_deactivated_account_is_refused() {
    let app = social_app().await;
    let mary = Person::verified("mary@example.test");
    app.sign_in(&app.visitor().await, Kind::GitHub, &mary).await;
    app.cloakroom.administration().set_active("mary@example.test", false).await.unwrap();
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &mary).await;
    assert_eq!(reply.status, 403);
    assert_refused(&browser, &reply, "account_inactive").await;
}

#[tokio::test]
async fn closed_signup_refuses_new_people_from_providers_and_lets_existing_ones_in() {
    let app = social_app_with(|config| config.signup.mode = SignupMode::Closed).await;
    app.add("ada@example.test", Rank::Plain).await;
    for person in [Person::verified("new@example.test"), Person::unverified("ada@example.test")] {
        let browser = app.visitor().await;
        let reply = app.sign_in(&browser, Kind::GitHub, &person).await;
        assert_eq!(reply.status, 403);
        assert_refused(&browser, &reply, "signup_closed").await;
    }
    let browser = app.visitor().await;
    let ada = Person::verified("ada@example.test");
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &ada).await), "link_required");
    let linked = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&linked), "linked", "{}", linked.text);
    assert_eq!(outcome(&app.sign_in(&app.visitor().await, Kind::GitHub, &ada).await), "signed_in");
}

#[tokio::test]
async fn o12_a_refusal_and_a_broken_provider_are_reported() {
    let app = social_app().await;
    let mary = Person::verified("mary@example.test");
    for kind in Kind::ALL {
        let browser = app.visitor().await;
        let url = app.start(&browser, kind, &json!({})).await.json()["url"].as_str().unwrap().to_owned();
        let denied = app.provider(kind).consent(&url, &mary, Mood::Deny).unwrap();
        let reply = post_callback(&browser, kind, &denied).await;
        assert_eq!(reply.status, 400);
        assert_refused(&browser, &reply, "provider_denied").await;
        // O12: that attempt is over, and a code does not revive it.
        let late = json!({"code": "late", "state": denied.state});
        let reply = browser.post(&format!("/api/social/{}/", kind.id()), &late).await;
        assert_refused(&browser, &reply, "state_mismatch").await;

        let url = app.start(&browser, kind, &json!({})).await.json()["url"].as_str().unwrap().to_owned();
        let broken = app.provider(kind).consent(&url, &mary, Mood::Broken).unwrap();
        let reply = post_callback(&browser, kind, &broken).await;
        assert_eq!(reply.status, 502);
        assert_refused(&browser, &reply, "provider_unreachable").await;
    }
}

/// H1, O21: an attacker who signed up with somebody's address gets nothing when the owner signs in with a
/// provider.
#[tokio::test]
async fn h1_o21_a_pending_signup_gains_nothing_from_the_owners_account() {
    let app = social_app().await;
    let attacker = app.visitor().await;
    attacker.signup("victim@example.test", "attackers-own-password").await;
    let link = app.mail_to("victim@example.test").await.token();
    let victim = app.visitor().await;
    let reply = app.sign_in(&victim, Kind::Google, &Person::verified("victim@example.test")).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(reply.json()["user"]["has_password"], false);
    assert_eq!(attacker.state().await, "anonymous");
    let login = attacker.login("victim@example.test", "attackers-own-password").await;
    assert_eq!(login.code(), "invalid_credentials");
    let verified = attacker.post("/api/email/verify/", &json!({"token": link})).await;
    assert_eq!(verified.code(), "token_invalid");
}

/// H5: being first at a provider that does not verify addresses gains nothing.
#[tokio::test]
async fn h5_an_identity_with_an_unproven_address_never_becomes_its_account() {
    let app = social_app().await;
    let attacker = app.visitor().await;
    let evil = Person { key: "evil".into(), ..Person::unverified("victim@example.test") };
    assert_eq!(outcome(&app.sign_in(&attacker, Kind::Facebook, &evil).await), "email_required");
    attacker.post("/api/social/email/", &json!({"email": "victim@example.test"})).await;
    // The victim signs up with a provider that verifies, while the attacker's identity waits.
    let victim = app.visitor().await;
    let reply = app.sign_in(&victim, Kind::GitHub, &Person::verified("victim@example.test")).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    let again = app.sign_in(&attacker, Kind::Facebook, &evil).await;
    assert_eq!(outcome(&again), "email_required");
    assert_eq!(attacker.state().await, "anonymous");
    assert_eq!(app.database.rows("identities").await, 1);
}

/// R02: a signup by password and one by provider at once make one account.
#[tokio::test]
async fn r02_signup_by_mail_and_by_provider_at_once_make_one_account() {
    let app = social_app().await;
    let (by_mail, by_provider) = (app.visitor().await, app.visitor().await);
    by_mail.signup("mary@example.test", PASSWORD).await;
    let token = app.mail_to("mary@example.test").await.token();
    let mary = Person::verified("mary@example.test");
    let answer = app.consent(&by_provider, Kind::GitHub, (&json!({}), &mary)).await;
    let proof = json!({"token": token});
    let (verified, brought) = tokio::join!(
        by_mail.post("/api/email/verify/", &proof),
        post_callback(&by_provider, Kind::GitHub, &answer)
    );
    assert_eq!(app.accounts().await, 1);
    match (verified.status.as_u16(), outcome(&brought).as_str()) {
        (200, "link_required") | (410, "signed_up") => {}
        other => panic!("{other:?} {} {}", verified.text, brought.text),
    }
}

/// M01, O33: a provider supplies names, not rights.
#[tokio::test]
async fn m01_o33_what_a_provider_claims_gives_no_rights() {
    let app = social_app().await;
    let mary =
        Person::verified("mary@example.test").named("<script>alert(1)</script>\r\nBcc: v@example.test");
    let reply = app.sign_in(&app.visitor().await, Kind::Google, &mary).await;
    assert_eq!(outcome(&reply), "signed_up");
    let user = &reply.json()["user"];
    assert_eq!((&user["is_staff"], &user["is_superuser"]), (&json!(false), &json!(false)));
}

/// O30, O31: provider tokens and client secrets stay between the provider and us.
#[tokio::test]
async fn o30_o31_provider_tokens_are_stored_only_if_configured_and_then_encrypted() {
    let mary = Person::verified("mary@example.test");
    let kept = "SELECT tokens FROM cloakroom_identities WHERE tokens IS NOT NULL";
    let plain = social_app().await;
    let browser = plain.visitor().await;
    assert_eq!(outcome(&plain.sign_in(&browser, Kind::GitHub, &mary).await), "signed_up");
    assert!(plain.database.texts(kept).await.is_empty());
    let all =
        |config: &mut Config| config.provider.iter_mut().for_each(|provider| provider.store_tokens = true);
    let keeping = social_app_with(all).await;
    let reply = keeping.sign_in(&keeping.visitor().await, Kind::GitHub, &mary).await;
    assert!(!reply.text.contains("gho_"), "{}", reply.text);
    let first = keeping.database.texts(kept).await;
    assert!(first.len() == 1 && first[0].starts_with("c1."), "{first:?}");
    keeping.sign_in(&keeping.visitor().await, Kind::GitHub, &mary).await;
    assert_ne!(keeping.database.texts(kept).await, first, "the newer ones");
    // This also holds while an identity is pending.
    keeping.sign_in(&keeping.visitor().await, Kind::GitHub, &Person::without_email("noor")).await;
    let loot = keeping.database.stolen().await;
    assert!(!loot.contains("gho_") && !loot.contains("dev-github-secret"));
    for path in ["/api/config/", "/api/openapi.json", "/api/session/"] {
        assert!(!browser.get(path).await.text.contains("dev-github-secret"), "{path}");
    }
}
