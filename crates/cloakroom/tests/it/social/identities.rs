//! Linked identities: setting a password, linking, unlinking, and reauthentication with a provider.

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Kind, PASSWORD, Person};
use serde_json::{Value, json};

use crate::support::social_app::{SocialApp, outcome, post_callback, social_app};

fn mary() -> Person {
    Person::verified("mary@example.test").named("Mary Newcomer")
}

async fn identities(browser: &Browser) -> Vec<Value> {
    let reply = browser.get("/api/social/").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["identities"].as_array().unwrap().clone()
}

async fn unlink(browser: &Browser, id: &str) -> cloakroom::testing::Reply {
    browser.call(&http::Method::DELETE, &format!("/api/social/identities/{id}/")).send().await
}

async fn id_of(browser: &Browser, kind: Kind) -> String {
    let all = identities(browser).await;
    let found = all.iter().find(|identity| identity["provider"] == kind.id()).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// Mary, who signed up with GitHub.
async fn by_github() -> (SocialApp, Browser) {
    let app = social_app().await;
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &mary()).await), "signed_up");
    (app, browser)
}

/// A person who signed up with a provider sets a password and then uses both.
#[tokio::test]
async fn a_person_who_signed_up_with_a_provider_can_set_a_password() {
    let (app, browser) = by_github().await;
    assert_eq!(
        browser.login("mary@example.test", "").await.status,
        422,
        "W09: no password is not an empty one"
    );
    browser.post("/api/password/reset/", &json!({"email": "mary@example.test"})).await;
    let token = app.mail_to("mary@example.test").await.token();
    let body = json!({"token": token, "password": PASSWORD});
    assert_eq!(browser.post("/api/password/reset/confirm/", &body).await.status, 200);
    let elsewhere = app.visitor().await;
    let login = elsewhere.login("mary@example.test", PASSWORD).await;
    assert_eq!(login.json()["user"]["has_password"], true, "{}", login.text);
    assert_eq!(outcome(&app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await), "signed_in");
}

/// A person with a password links a provider and then uses both.
#[tokio::test]
async fn a_person_with_a_password_can_link_a_provider() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    assert_eq!(identities(&browser).await, Vec::<Value>::new());
    let listed = browser.get("/api/social/").await.json();
    assert_eq!(listed["providers"][0], json!({"id": "github", "name": "GitHub"}));
    // The address at the provider does not matter: the signed-in person vouches for it.
    let at_github = Person::unverified("ada.at.github@example.test").named("Ada Lovelace");
    let reply = app.link(&browser, Kind::GitHub, &at_github).await;
    assert_eq!((reply.status.as_u16(), outcome(&reply)), (200, "linked".into()), "{}", reply.text);
    assert_eq!(reply.json()["user"]["email"], "ada@example.test");
    let [identity] = &identities(&browser).await[..] else { panic!() };
    assert_eq!((&identity["provider"], &identity["label"]), (&json!("github"), &json!("ada-lovelace")));
    assert!(identity["linked_at"].is_string());
    let told = app.mail_to("ada@example.test").await;
    assert!(told.subject.contains("GitHub was linked"), "{}", told.subject);
    let elsewhere = app.sign_in(&app.visitor().await, Kind::GitHub, &at_github).await;
    assert_eq!(
        (outcome(&elsewhere), &elsewhere.json()["user"]["email"]),
        ("signed_in".into(), &json!("ada@example.test"))
    );
    let again = app.link(&browser, Kind::GitHub, &at_github).await;
    assert_eq!(outcome(&again), "linked", "to link twice is to link once");
    assert_eq!(identities(&browser).await.len(), 1);
}

#[tokio::test]
async fn o27_an_identity_has_one_account_and_is_never_handed_over() {
    let (app, _mary) = by_github().await;
    app.add("ada@example.test", Rank::Plain).await;
    let ada = app.signed_in("ada@example.test").await;
    let reply = app.link(&ada, Kind::GitHub, &mary()).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (409, "identity_taken".into()), "{}", reply.text);
    assert!(identities(&ada).await.is_empty());
    // The same with two people at once.
    app.add("grace@example.test", Rank::Plain).await;
    let grace = app.signed_in("grace@example.test").await;
    let shared = Person::verified("shared@example.test");
    let link = json!({"intent": "link"});
    let one = app.consent(&ada, Kind::Google, (&link, &shared)).await;
    let two = app.consent(&grace, Kind::Google, (&link, &shared)).await;
    let (one, two) =
        tokio::join!(post_callback(&ada, Kind::Google, &one), post_callback(&grace, Kind::Google, &two));
    let mut outcomes = [outcome(&one), outcome(&two)];
    outcomes.sort();
    assert_eq!(outcomes, ["identity_taken", "linked"], "{} {}", one.text, two.text);
}

#[tokio::test]
async fn o28_the_last_way_in_stays() {
    let (app, browser) = by_github().await;
    let github = id_of(&browser, Kind::GitHub).await;
    let reply = unlink(&browser, &github).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (409, "last_sign_in_method".into()), "{}", reply.text);
    // Link a second identity, then unlink both at once.
    assert_eq!(outcome(&app.link(&browser, Kind::Google, &mary()).await), "linked");
    let google = id_of(&browser, Kind::Google).await;
    let (one, two) = (browser.copy(), browser.copy());
    let (one, two) = tokio::join!(unlink(&one, &github), unlink(&two, &google));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text, two.text);
    assert_eq!(identities(&browser).await.len(), 1);
    let told = app.mail_to("mary@example.test").await;
    assert!(told.subject.contains("was unlinked"), "{}", told.subject);
}

#[tokio::test]
async fn an_unlinked_identity_opens_nothing() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    app.link(&browser, Kind::GitHub, &mary()).await;
    let reply = unlink(&browser, &id_of(&browser, Kind::GitHub).await).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(identities(&browser).await.is_empty());
    let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await;
    assert_eq!(outcome(&reply), "signed_up", "an account of its own: {}", reply.text);
}

/// An identity at a provider that is no longer configured opens nothing, so it does not count as a way to
/// sign in.
#[tokio::test]
async fn an_identity_of_a_removed_provider_is_no_way_in() {
    let (app, browser) = by_github().await;
    app.link(&browser, Kind::Google, &mary()).await;
    app.database.change("UPDATE cloakroom_identities SET provider = 'gone' WHERE provider = 'google'").await;
    let reply = unlink(&browser, &id_of(&browser, Kind::GitHub).await).await;
    assert_eq!(reply.code(), "last_sign_in_method", "{}", reply.text);
}

#[tokio::test]
async fn o29_linking_and_unlinking_need_a_recent_proof_and_ones_own_identity() {
    let (app, marys) = by_github().await;
    let of_mary = id_of(&marys, Kind::GitHub).await;
    app.add("ada@example.test", Rank::Plain).await;
    let ada = app.signed_in("ada@example.test").await;
    for id in [&*of_mary, "nothing", "00000000-0000-7000-8000-000000000000", "%00"] {
        let reply = unlink(&ada, id).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "not_found".into()), "{id}: {}", reply.text);
    }
    let anonymous = app.visitor().await;
    assert_eq!(unlink(&anonymous, &of_mary).await.status, 401);
    assert_eq!(anonymous.get("/api/social/").await.status, 401);
    app.advance(Duration::from_mins(10));
    let reply = unlink(&marys, &of_mary).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (403, "reauthentication_required".into()));
    let reply = app.start(&ada, Kind::GitHub, &json!({"intent": "link"})).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (403, "reauthentication_required".into()));
}

/// S03: a person without a password reauthenticates with their provider.
#[tokio::test]
async fn s03_a_provider_can_reauthenticate() {
    let (app, browser) = by_github().await;
    assert_eq!(outcome(&app.link(&browser, Kind::Google, &mary()).await), "linked");
    app.advance(Duration::from_mins(10));
    assert_eq!(
        unlink(&browser, &id_of(&browser, Kind::Google).await).await.code(),
        "reauthentication_required"
    );
    let intent = json!({"intent": "reauthenticate", "return_to": "/account"});
    // Another person's account at the provider proves nothing.
    let other = app.consent(&browser, Kind::GitHub, (&intent, &Person::verified("other@example.test"))).await;
    let reply = post_callback(&browser, Kind::GitHub, &other).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (409, "other_user_signed_in".into()), "{}", reply.text);
    let before = browser.cookie("sessionid").unwrap();
    let answer = app.consent(&browser, Kind::GitHub, (&intent, &mary())).await;
    let reply = post_callback(&browser, Kind::GitHub, &answer).await;
    assert_eq!(
        (outcome(&reply), &reply.json()["return_to"]),
        ("signed_in".into(), &json!("/account")),
        "{}",
        reply.text
    );
    assert_ne!(browser.cookie("sessionid").unwrap(), before);
    let reply = unlink(&browser, &id_of(&browser, Kind::Google).await).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// H3: identities that an intruder linked, before the change and after it, are removed when the owner takes
/// the address back.
#[tokio::test]
async fn h3_undoing_a_change_of_address_removes_what_an_intruder_linked() {
    let app = social_app().await;
    app.add("victim@example.test", Rank::Plain).await;
    let attacker = app.signed_in("victim@example.test").await;
    let before = Person::verified("before@example.test");
    assert_eq!(outcome(&app.link(&attacker, Kind::Google, &before).await), "linked");
    app.advance(Duration::from_mins(1));
    attacker.post("/api/email/change/", &json!({"email": "attacker@example.test"})).await;
    let undo = app.mail_to("victim@example.test").await.token();
    app.advance(Duration::from_mins(1));
    assert_eq!(
        outcome(&app.link(&attacker, Kind::GitHub, &Person::verified("evil@example.test")).await),
        "linked"
    );
    let reply = app.visitor().await.post("/api/email/change/undo/", &json!({"token": undo})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(app.database.rows("identities").await, 0, "what was linked a minute before goes as well");
    let late = app.sign_in(&attacker, Kind::GitHub, &Person::verified("evil@example.test")).await;
    assert_ne!(late.json()["user"]["email"], "victim@example.test", "{}", late.text);
}

/// R03: deleting an account deletes its identities.
#[tokio::test]
async fn r03_a_deleted_account_leaves_no_identity() {
    let (app, browser) = by_github().await;
    app.cloakroom.administration().delete("mary@example.test").await.unwrap();
    assert_eq!(app.database.rows("identities").await, 0);
    assert_eq!(browser.state().await, "anonymous");
    assert_eq!(outcome(&app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await), "signed_up");
}
