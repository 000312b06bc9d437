//! Sign-in without a verified address: the person enters one and proves it in the same browser.

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Kind, PASSWORD, Person};
use serde_json::{Value, json};

use crate::support::social_app::{SocialApp, assert_refused, outcome, social_app, social_app_with};

fn noor() -> Person {
    Person::without_email("noor").named("Noor Noaddress")
}

/// Noor signs in with GitHub, which sends no address.
async fn nameless() -> (SocialApp, Browser) {
    let app = social_app().await;
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &noor()).await), "email_required");
    (app, browser)
}

async fn name(browser: &Browser, email: &str) -> cloakroom::testing::Reply {
    browser.post("/api/social/email/", &json!({"email": email})).await
}

#[tokio::test]
async fn the_link_or_the_code_makes_the_account() {
    for by_code in [false, true] {
        let (app, browser) = nameless().await;
        let reply = name(&browser, "noor@example.test").await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        assert!(reply.json()["resend_at"].is_string());
        assert_eq!(app.accounts().await, 0);
        let mail = app.mail_to("noor@example.test").await;
        assert!(mail.text.contains("GitHub"), "{}", mail.text);
        let proof = if by_code {
            json!({"email": "NOOR@example.test", "code": mail.code()})
        } else {
            let looked = browser.post("/api/email/verify/check/", &json!({"token": mail.token()})).await;
            assert_eq!(looked.json(), json!({"email": "noor@example.test"}), "{}", looked.text);
            json!({"token": mail.token()})
        };
        let reply = browser.post("/api/email/verify/", &proof).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.json()["user"]["email"], "noor@example.test");
        assert_eq!(reply.json()["user"]["has_password"], false);
        assert_eq!(browser.state().await, "authenticated");
        let again = app.sign_in(&app.visitor().await, Kind::GitHub, &noor()).await;
        assert_eq!(outcome(&again), "signed_in", "{}", again.text);
        let late = app.visitor().await.post("/api/email/verify/", &proof).await;
        assert!(late.status.is_client_error(), "{}", late.text);
    }
}

/// E08, O19: the answer is the same, and the mail to the owner contains nothing that opens anything.
#[tokio::test]
async fn e08_o19_only_the_owner_learns_that_an_address_has_an_account() {
    let (app, browser) = nameless().await;
    app.add("ada@example.test", Rank::Plain).await;
    let taken = name(&browser, "ada@example.test").await;
    let mail = app.mail_to("ada@example.test").await;
    assert!(!mail.text.contains("#token=") && mail.text.contains("GitHub"), "{}", mail.text);
    let free = name(&browser, "new@example.test").await;
    let masked = |text: &str| text.split("resend_at").next().unwrap().to_owned();
    assert_eq!((taken.status, masked(&taken.text)), (free.status, masked(&free.text)));
    let names = |reply: &cloakroom::testing::Reply| reply.headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&taken), names(&free));
    let guess = json!({"email": "ada@example.test", "code": "123456"});
    assert_refused(&browser, &browser.post("/api/email/verify/", &guess).await, "invalid_code").await;
    assert_eq!(app.database.rows("identities").await, 0);
}

/// A proof in another browser comes from the owner of the mailbox. They get an account, and the pending
/// identity is dropped.
#[tokio::test]
async fn a_proof_in_another_browser_drops_the_identity() {
    let (app, browser) = nameless().await;
    name(&browser, "victim@example.test").await;
    let token = app.mail_to("victim@example.test").await.token();
    let owner = app.visitor().await;
    let without = owner.post("/api/email/verify/", &json!({"token": token})).await;
    assert_eq!((without.status.as_u16(), without.code()), (403, "password_required".into()));
    let with = owner.post("/api/email/verify/", &json!({"token": token, "password": PASSWORD})).await;
    assert_eq!(with.status, 200, "{}", with.text);
    assert_eq!(app.database.rows("identities").await, 0);
    let reply = app.sign_in(&browser, Kind::GitHub, &noor()).await;
    assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
    assert_eq!(browser.state().await, "anonymous");
}

#[tokio::test]
async fn a_pending_identity_belongs_to_its_browser_and_expires() {
    let (app, browser) = nameless().await;
    let elsewhere = app.visitor().await;
    assert_eq!(name(&elsewhere, "noor@example.test").await.code(), "state_missing");
    assert_eq!(name(&browser, "no address").await.status, 422);
    name(&browser, "noor@example.test").await;
    let first = app.mail_to("noor@example.test").await.token();
    name(&browser, "noor@example.test").await;
    let reply = browser.post("/api/email/verify/", &json!({"token": first})).await;
    assert_refused(&browser, &reply, "token_invalid").await;
    let second = app.mail_to("noor@example.test").await.token();
    app.advance(Duration::from_hours(1));
    let late = browser.post("/api/email/verify/", &json!({"token": second})).await;
    assert_refused(&browser, &late, "password_required").await;
    // Somebody else signs in here, so the link mailed to Noor is no longer enough.
    app.add("ada@example.test", Rank::Plain).await;
    app.sign_in(&browser, Kind::GitHub, &noor()).await;
    name(&browser, "noor@example.test").await;
    let third = app.mail_to("noor@example.test").await.token();
    browser.login("ada@example.test", PASSWORD).await;
    let reply = browser.post("/api/email/verify/", &json!({"token": third})).await;
    assert_eq!(reply.code(), "other_user_signed_in", "{}", reply.text);
    browser.post("/api/logout/", &json!({})).await;
    let reply = browser.post("/api/email/verify/", &json!({"token": third})).await;
    assert_refused(&browser, &reply, "password_required").await;
    assert_eq!(name(&browser, "noor@example.test").await.code(), "state_missing");
}

/// `auth_allowed` checks the address that is proven in the end.
#[tokio::test]
async fn an_allow_list_checks_the_proven_address_and_refuses_people_without_one() {
    let app = social_app_with(|config| {
        config.pipeline.auth_allowed.domains = vec!["Corp.test".into()];
        config.pipeline.auth_allowed.emails = vec!["Guest@example.test".into()];
    })
    .await;
    for (person, expected) in [
        (Person::verified("ann@corp.test"), "signed_up"),
        (Person::verified("GUEST@example.test"), "signed_up"),
        (Person::verified("ann@sub.corp.test"), "not_allowed"),
        (Person::verified("ann@evilcorp.test"), "not_allowed"),
        (Person::verified("ann@example.test"), "not_allowed"),
        // Not proven yet.
        (Person::unverified("ann@example.test"), "email_required"),
        (noor(), "email_required"),
        (Person::unverified("bob@corp.test"), "email_required"),
    ] {
        let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &person).await;
        assert_eq!(outcome(&reply), expected, "{person:?}: {}", reply.text);
    }
    let browser = app.visitor().await;
    app.sign_in(&browser, Kind::GitHub, &Person::unverified("eve@corp.test")).await;
    name(&browser, "eve@evil.test").await;
    let token = app.mail_to("eve@evil.test").await.token();
    let reply = browser.post("/api/email/verify/", &json!({"token": token})).await;
    assert_eq!(reply.status, 403);
    assert_refused(&browser, &reply, "not_allowed").await;
    app.sign_in(&browser, Kind::GitHub, &Person::unverified("eve@corp.test")).await;
    name(&browser, "eve@corp.test").await;
    let token = app.mail_to("eve@corp.test").await.token();
    assert_eq!(browser.post("/api/email/verify/", &json!({"token": token})).await.status, 200);
    // Already linked, and no verified address at the provider: the address of the account is checked.
    let known = app.sign_in(&app.visitor().await, Kind::GitHub, &Person::unverified("eve@corp.test")).await;
    assert_eq!(outcome(&known), "signed_in", "{}", known.text);
}

/// O06: a pending identity waits only as long as this browser counts as the same. Otherwise somebody else
/// could enter their own address the next day and get an account that the first person's identity opens.
#[tokio::test]
async fn o06_a_pending_identity_does_not_wait_until_the_next_day() {
    let (app, browser) = nameless().await;
    assert_eq!(name(&browser, "noor@example.test").await.status, 202);
    app.advance(Duration::from_mins(59));
    assert_eq!(name(&browser, "nour@example.test").await.status, 202, "a slip is mended");
    app.advance(Duration::from_mins(61));
    assert_eq!(name(&browser, "next@example.test").await.code(), "state_missing");
    assert_eq!(app.database.rows("identities").await, 0);
}

/// During an upgrade, nodes of the version before read the rows of this one.
#[tokio::test]
async fn what_waits_is_stored_in_the_form_of_the_version_before() {
    let (app, browser) = nameless().await;
    assert_eq!(name(&browser, "noor@example.test").await.status, 202);
    let stored = async |column: &str, kind: &str| {
        let rows = format!("SELECT {column} FROM cloakroom_challenges WHERE kind = '{kind}'");
        app.database.texts(&rows).await.remove(0)
    };
    let pause_id = stored("id", "social_pause").await;
    for (kind, pause_id) in [("social_pause", json!(null)), ("social_email", json!(pause_id))] {
        let data: Value = serde_json::from_str(&stored("data", kind).await).unwrap();
        assert_eq!(data["need"], json!({"email": {"suggested": null}}), "{kind}");
        assert_eq!(data["pause_id"], pause_id, "{kind}");
        assert_eq!(data["run"]["attempt"]["provider"], "github", "{kind}");
        assert_eq!(data.as_object().unwrap().len(), 3, "{kind}: {data}");
    }
}

/// After a downgrade, a row of the version that came later is there still.
#[tokio::test]
async fn what_another_version_has_stored_in_a_form_of_its_own_does_not_wait() {
    let (app, browser) = nameless().await;
    app.database.change("UPDATE cloakroom_challenges SET data = '{\"need\": \"time\"}'").await;
    let reply = name(&browser, "noor@example.test").await;
    assert_refused(&browser, &reply, "state_missing").await;
}
