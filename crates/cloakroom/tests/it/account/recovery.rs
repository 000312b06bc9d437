//! Linked identities after a recovery (`flow/account/recovery.rs`): after an undo or a reset, no identity
//! that an intruder linked can sign in.

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::config::TrustEmail;
use cloakroom::testing::{Browser, Kind, PASSWORD, Person, Reply};
use serde_json::{Value, json};

use crate::support::calls::{
    CONFIRM_EMAIL, UNDO_EMAIL, change_email, reauthenticate, request_reset, with_token,
};
use crate::support::people::{ADA, EVE, NEW, visitor};
use crate::support::replies::assert_problem;
use crate::support::social_app::{SocialApp, outcome, post_callback, social_app, social_app_with};

const CHECK: &str = "/api/password/reset/check/";
const DAY: Duration = Duration::from_hours(24);

/// The intruder's account at a provider.
fn evil() -> Person {
    Person::verified("attacker@evil.test").named("Evil Octocat")
}

/// Signs somebody in with a provider, and returns the address of the account.
async fn comes_to(app: &SocialApp, kind: Kind, person: &Person) -> Value {
    app.sign_in(&app.visitor().await, kind, person).await.json()["user"]["email"].clone()
}

/// Requests a reset and returns its token.
async fn reset_token(app: &SocialApp, email: &str) -> String {
    assert_eq!(request_reset(&app.visitor().await, email).await.status, 202);
    app.mail_to(email).await.token()
}

/// Sets the new password and says which linked identities to keep.
async fn reset(app: &SocialApp, email: &str, keep: Option<Value>) -> Reply {
    let token = reset_token(app, email).await;
    let mut body = json!({"token": token, "password": NEW});
    if let Some(keep) = keep {
        body["keep_identities"] = keep;
    }
    app.visitor().await.post("/api/password/reset/confirm/", &body).await
}

/// Returns the identities that the reset page lists: provider, label, and whether it stays.
async fn outlook(app: &SocialApp, email: &str) -> Vec<(String, String, bool)> {
    let token = reset_token(app, email).await;
    let reply = with_token(&app.visitor().await, CHECK, &token).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["email"]), (200, &json!(email)), "{}", reply.text);
    let identities = reply.json()["identities"].as_array().unwrap().clone();
    let text = |identity: &Value, key: &str| identity[key].as_str().unwrap().to_owned();
    for identity in &identities {
        let mut names: Vec<_> = identity.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["id", "kept", "label", "linked_at", "provider"]);
    }
    let seen = |identity: &Value| {
        (text(identity, "provider"), text(identity, "label"), identity["kept"].as_bool().unwrap())
    };
    identities.iter().map(seen).collect()
}

async fn providers(app: &SocialApp) -> Vec<String> {
    app.database.texts("SELECT provider FROM cloakroom_identities ORDER BY provider").await
}

/// An account for Ada, to which an intruder has linked their own GitHub account.
async fn intruded() -> (SocialApp, Browser) {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    let intruder = app.signed_in(ADA).await;
    assert_eq!(outcome(&app.link(&intruder, Kind::GitHub, &evil()).await), "linked");
    app.advance(Duration::from_mins(1));
    (app, intruder)
}

#[tokio::test]
async fn finding_s1_an_undo_removes_what_an_intruder_linked_before_the_change() {
    let (app, intruder) = intruded().await;
    assert_eq!(change_email(&intruder, "attacker@evil.test").await.status, 202);
    let confirm = app.mail_to("attacker@evil.test").await.token();
    assert_eq!(with_token(&intruder, CONFIRM_EMAIL, &confirm).await.status, 200);
    let undo = app.mail_to(ADA).await.token();
    let owner = app.visitor().await;
    let reply = with_token(&owner, UNDO_EMAIL, &undo).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.subject, "Your email address for Acme was restored");
    assert!(
        mail.text.contains("were removed") && mail.text.contains("- GitHub (evil-octocat)"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains(">GitHub (evil-octocat)</li>"), "{}", mail.html);
    assert_eq!(providers(&app).await, Vec::<String>::new());
    let body = json!({"token": mail.token(), "password": NEW});
    assert_eq!(owner.post("/api/password/reset/confirm/", &body).await.status, 200);
    assert_ne!(comes_to(&app, Kind::GitHub, &evil()).await, json!(ADA));
}

#[tokio::test]
async fn finding_s1_a_reset_removes_what_an_intruder_linked() {
    let (app, _) = intruded().await;
    assert_eq!(outlook(&app, ADA).await, [("github".into(), "evil-octocat".into(), false)]);
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    let mail = app.mail_to(ADA).await;
    assert!(
        mail.subject.contains("password was reset") && mail.text.contains("- GitHub (evil-octocat)"),
        "{}",
        mail.text
    );
    assert_ne!(comes_to(&app, Kind::GitHub, &evil()).await, json!(ADA));
}

#[tokio::test]
async fn finding_s1_the_identity_that_an_account_was_made_with_stays() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let mary = Person::verified(EVE);
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &mary).await), "signed_up");
    // This holds even if the person has another address at the provider by now.
    let moved = Person { key: mary.key.clone(), ..Person::verified("elsewhere@example.test") };
    assert_eq!(comes_to(&app, Kind::GitHub, &moved).await, json!(EVE));
    let [(_, _, kept)] = &outlook(&app, EVE).await[..] else { panic!() };
    assert!(kept);
    assert_eq!(reset(&app, EVE, None).await.status, 200);
    let mail = app.mail_to(EVE).await;
    assert!(mail.text.contains("still sign in with") && !mail.text.contains("were removed"), "{}", mail.text);
    assert_eq!(comes_to(&app, Kind::GitHub, &mary).await, json!(EVE));
}

/// With `trust_email = "always"`, anybody at that provider can use somebody else's address.
#[tokio::test]
async fn finding_s1_an_address_that_was_only_claimed_keeps_nothing() {
    let always = |config: &mut cloakroom::Config| {
        for provider in &mut config.provider {
            provider.trust_email = Some(TrustEmail::Always);
        }
    };
    let app = social_app_with(always).await;
    let claimed = Person { key: "an-intruder".to_owned(), ..Person::unverified(ADA) };
    let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &claimed).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    let [(_, _, kept)] = &outlook(&app, ADA).await[..] else { panic!() };
    assert!(!kept);
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    assert_eq!(providers(&app).await, Vec::<String>::new());
    // An address that the provider itself calls verified counts as such under every setting.
    let eve = Person::verified(EVE);
    assert_eq!(outcome(&app.sign_in(&app.visitor().await, Kind::Google, &eve).await), "signed_up");
    assert_eq!(reset(&app, EVE, None).await.status, 200);
    assert_eq!(providers(&app).await, ["google"]);
}

/// The provider did not verify the address, but our own mail has proven it.
#[tokio::test]
async fn finding_s1_an_address_that_our_mail_has_proven_keeps_its_identity() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let noor = Person::without_email("noor");
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &noor).await), "email_required");
    assert_eq!(browser.post("/api/social/email/", &json!({"email": ADA})).await.status, 202);
    let token = app.mail_to(ADA).await.token();
    assert_eq!(with_token(&browser, "/api/email/verify/", &token).await.status, 200);
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    assert_eq!(comes_to(&app, Kind::GitHub, &noor).await, json!(ADA));
}

#[tokio::test]
async fn finding_s1_an_identity_stays_whose_provider_vouches_for_the_accounts_address() {
    let (app, intruder) = intruded().await;
    assert_eq!(
        outcome(&app.link(&intruder, Kind::Google, &Person::verified("Ada@example.test")).await),
        "linked"
    );
    let seen: Vec<bool> = outlook(&app, ADA).await.into_iter().map(|(_, _, kept)| kept).collect();
    assert_eq!(seen, [false, true]);
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    assert_eq!(providers(&app).await, ["google"]);
}

#[tokio::test]
async fn finding_s1_an_identity_stays_that_was_linked_more_than_30_days_before() {
    let (app, _) = intruded().await;
    app.advance(29 * DAY);
    let again = app.signed_in(ADA).await;
    let late = Person::verified("late@evil.test");
    assert_eq!(outcome(&app.link(&again, Kind::GitHub, &late).await), "linked");
    app.advance(DAY);
    let seen: Vec<bool> = outlook(&app, ADA).await.into_iter().map(|(_, _, kept)| kept).collect();
    assert_eq!(seen, [true, false]);
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    assert_eq!(app.database.texts("SELECT label FROM cloakroom_identities").await, ["evil-octocat"]);
}

#[tokio::test]
async fn finding_s1_the_owner_chooses_what_stays() {
    for keeps in [true, false] {
        let (app, intruder) = intruded().await;
        assert_eq!(outcome(&app.link(&intruder, Kind::Google, &Person::verified(ADA)).await), "linked");
        let id = app.database.texts("SELECT id FROM cloakroom_identities WHERE provider = 'github'").await;
        let chosen = if keeps { json!([id[0], "of-nobody"]) } else { json!([]) };
        assert_eq!(reset(&app, ADA, Some(chosen)).await.status, 200);
        let left: Vec<String> = if keeps { vec!["github".to_owned()] } else { Vec::new() };
        assert_eq!(providers(&app).await, left);
    }
    let (app, _) = intruded().await;
    for bad in [json!("github"), json!([1]), json!({})] {
        assert_problem(&reset(&app, ADA, Some(bad)).await, 422, "validation_failed");
    }
    assert_eq!(reset(&app, ADA, Some(Value::Null)).await.status, 200, "null is as if it were not there");
}

/// Rows written by a version that did not record how an identity was linked.
#[tokio::test]
async fn finding_s1_rows_of_an_earlier_version_are_judged_by_their_times() {
    let app = social_app().await;
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &Person::verified(ADA)).await), "signed_up");
    app.advance(Duration::from_mins(1));
    assert_eq!(outcome(&app.link(&browser, Kind::Google, &evil()).await), "linked");
    app.database.change("UPDATE cloakroom_identities SET origin = NULL, vouched_email = NULL").await;
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    assert_eq!(providers(&app).await, ["github"]);
}

/// The intruder chooses the label of their provider account. Our mails must not repeat a message in it.
#[tokio::test]
async fn finding_s1_a_label_that_could_be_a_message_is_not_mailed() {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    let intruder = app.signed_in(ADA).await;
    assert_eq!(outcome(&app.link(&intruder, Kind::GitHub, &evil()).await), "linked");
    let label = "Call 555 0100 or see https://evil.test/now";
    app.database.change(&format!("UPDATE cloakroom_identities SET label = '{label}'")).await;
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    let mail = app.mail_to(ADA).await;
    assert!(mail.text.contains("- GitHub\n") && !mail.text.contains("evil.test"), "{}", mail.text);
}

/// A sign-in with an identity runs while a reset removes that identity.
#[tokio::test]
async fn finding_s1_a_concurrent_sign_in_does_not_bring_an_identity_back() {
    let (app, _) = intruded().await;
    let intruder = app.visitor().await;
    let answer = app.consent(&intruder, Kind::GitHub, (&json!({}), &evil())).await;
    let token = reset_token(&app, ADA).await;
    let owner = app.visitor().await;
    let body = json!({"token": token, "password": NEW});
    let (reply, came) = tokio::join!(
        owner.post("/api/password/reset/confirm/", &body),
        post_callback(&intruder, Kind::GitHub, &answer)
    );
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(came.status.as_u16() < 500, "{}", came.text);
    let profile = intruder.get("/api/users/profile/").await;
    assert_ne!(profile.json()["email"], json!(ADA), "{}", profile.text);
    assert_ne!(comes_to(&app, Kind::GitHub, &evil()).await, json!(ADA));
}

/// A stolen session is not enough to link an identity: if the account has a password, it is asked for.
#[tokio::test]
async fn finding_s1_linking_asks_for_the_password_where_the_account_has_one() {
    let app = social_app().await;
    let mary = Person::verified(ADA);
    let first = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&first, Kind::GitHub, &mary).await), "signed_up");
    // Without a password, the provider's answer is the only proof there is.
    assert_eq!(app.start(&first, Kind::Google, &json!({"intent": "link"})).await.status, 200);
    assert_eq!(reset(&app, ADA, None).await.status, 200);

    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &mary).await), "signed_in");
    let link = json!({"intent": "link"});
    assert_problem(&app.start(&browser, Kind::Google, &link).await, 403, "reauthentication_required");
    let again = app.consent(&browser, Kind::GitHub, (&json!({"intent": "reauthenticate"}), &mary)).await;
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &again).await), "signed_in");
    assert_problem(&app.start(&browser, Kind::Google, &link).await, 403, "reauthentication_required");
    assert_eq!(reauthenticate(&browser, NEW).await.status, 200);
    assert_eq!(outcome(&app.link(&browser, Kind::Google, &mary).await), "linked");
    // A password sign-in counts as proof for as long as any proof is recent.
    let by_password = app.visitor().await;
    assert_eq!(by_password.login(ADA, NEW).await.status, 200);
    assert_eq!(app.start(&by_password, Kind::Google, &link).await.status, 200);
    app.advance(Duration::from_mins(10));
    assert_problem(&app.start(&by_password, Kind::Google, &link).await, 403, "reauthentication_required");
}

/// A conflict is no way around that rule: a session can confirm the link only after the password was given.
#[tokio::test]
async fn finding_s1_an_older_session_links_a_pending_identity_only_after_the_password() {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    let elsewhere = Person::verified("ada@elsewhere.test");
    let owner = app.signed_in(ADA).await;
    assert_eq!(outcome(&app.link(&owner, Kind::Google, &elsewhere).await), "linked");
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::Google, &elsewhere).await), "signed_in");
    app.advance(Duration::from_secs(1));
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &Person::verified(ADA)).await), "link_required");
    let yes = browser.post("/api/social/link/", &json!({})).await;
    assert_problem(&yes, 403, "reauthentication_required");
    assert_eq!(reauthenticate(&browser, PASSWORD).await.status, 200);
    assert_eq!(outcome(&browser.post("/api/social/link/", &json!({})).await), "linked");
}

#[tokio::test]
async fn finding_s11_a_strangers_reset_leaves_an_invitation() {
    let app = social_app().await;
    app.cloakroom.administration().invite(ADA, Rank::Plain, "en").await.unwrap();
    let invitation = app.mail_to(ADA).await.token();
    let stranger = app.visitor().await;
    assert_eq!(request_reset(&stranger, ADA).await.status, 202);
    let link = app.mail_to(ADA).await.token();
    assert_ne!(link, invitation);
    let invited = visitor(&app).await;
    app.advance(Duration::from_hours(23));
    let looked = with_token(&invited, CHECK, &invitation).await;
    assert_eq!(looked.json(), json!({"email": ADA, "identities": []}), "{}", looked.text);
    let body = json!({"token": invitation, "password": NEW});
    assert_eq!(invited.post("/api/password/reset/confirm/", &body).await.status, 200);
    assert_eq!(invited.login(ADA, NEW).await.status, 200);
    assert_problem(&with_token(&invited, CHECK, &invitation).await, 410, "token_invalid");
}

/// The reverse order: using either link ends both.
#[tokio::test]
async fn finding_s11_a_reset_that_is_used_ends_the_invitation() {
    let app = social_app().await;
    app.cloakroom.administration().invite(ADA, Rank::Plain, "en").await.unwrap();
    let invitation = app.mail_to(ADA).await.token();
    assert_eq!(reset(&app, ADA, None).await.status, 200);
    assert_problem(&with_token(&visitor(&app).await, CHECK, &invitation).await, 410, "token_invalid");
}

#[tokio::test]
async fn finding_s20_a_code_that_links_is_good_for_ten_minutes() {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    for (minutes, is_good) in [(9, true), (10, false)] {
        let browser = app.visitor().await;
        let person = Person { key: format!("ada-{minutes}"), ..Person::verified(ADA) };
        assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &person).await), "link_required");
        assert_eq!(browser.post("/api/social/link/code/", &json!({})).await.status, 202);
        let code = app.mail_to(ADA).await.code();
        app.advance(Duration::from_mins(minutes));
        let reply = browser.post("/api/social/link/", &json!({"code": code})).await;
        assert_eq!(reply.status == 200, is_good, "{minutes}: {}", reply.text);
    }
}
