//! Reserved addresses (`store/reservations.rs`). While a change of address can be undone, the old address
//! stays reserved: nobody else gets it, a request for it leads to the undo, and the undo never fails.

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::config::SignupMode;
use cloakroom::testing::{Browser, Kind, Mail, PASSWORD, Person};
use serde_json::json;

use crate::support::app::App;
use crate::support::calls::{
    CONFIRM_EMAIL, UNDO_EMAIL, change_email, request_reset, sign_up, verify, verify_with, with_token,
};
use crate::support::people::{ADA, EVE, NEW, app_with_ada, visitor};
use crate::support::replies::{assert_problem, seen};
use crate::support::social_app::{SocialApp, outcome, social_app, social_app_with};

const ELSEWHERE: &str = "attacker@evil.test";
const HOUR: Duration = Duration::from_hours(1);

/// Changes Ada's address, and returns the browser that did it and the undo token.
async fn changed(app: &App) -> (Browser, String) {
    let intruder = app.signed_in(ADA).await;
    assert_eq!(change_email(&intruder, ELSEWHERE).await.status, 202);
    let confirm = app.mail_to(ELSEWHERE).await.token();
    let undo = app.mail_to(ADA).await.token();
    assert_eq!(with_token(&intruder, CONFIRM_EMAIL, &confirm).await.status, 200);
    (intruder, undo)
}

#[track_caller]
fn assert_leads_to_undo(mail: &Mail, undo: &str) {
    assert_eq!(mail.subject, "Your old email address was entered at Acme", "{}", mail.text);
    assert!(mail.text.contains("/undo-email-change#token="), "{}", mail.text);
    assert!(mail.text.contains(ELSEWHERE), "{}", mail.text);
    assert_eq!(mail.token(), undo, "and to nothing else");
}

async fn assert_undo_works(app: &App, undo: &str) {
    let reply = with_token(&visitor(app).await, UNDO_EMAIL, undo).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(app.cloakroom.administration().show(ADA).await.unwrap().email, ADA);
}

#[tokio::test]
async fn finding_s6_a_signup_with_a_reserved_address_leads_to_the_undo() {
    let app = app_with_ada().await;
    let (_, undo) = changed(&app).await;
    let owner = visitor(&app).await;
    let free = owner.signup("free@example.test", NEW).await;
    app.mails().await;
    // The spelling does not matter.
    let reply = owner.signup("Ada@EXAMPLE.test", NEW).await;
    assert_eq!(seen(&reply), seen(&free), "the answer is as always");
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    let again = owner.post("/api/signup/resend/", &json!({"email": ADA})).await;
    assert_eq!(again.status, 202);
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    assert_undo_works(&app, &undo).await;
}

#[tokio::test]
async fn finding_s6_a_reset_for_a_reserved_address_leads_to_the_undo() {
    let app = app_with_ada().await;
    let (_, undo) = changed(&app).await;
    let owner = visitor(&app).await;
    let unknown = request_reset(&owner, "nobody@example.test").await;
    assert_eq!(seen(&request_reset(&owner, ADA).await), seen(&unknown));
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    assert_undo_works(&app, &undo).await;
}

#[tokio::test]
async fn finding_s6_a_change_to_a_reserved_address_leads_to_the_undo() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    let (intruder, undo) = changed(&app).await;
    let eve = app.signed_in(EVE).await;
    let free = change_email(&eve, "free@example.test").await;
    assert_eq!(seen(&change_email(&eve, ADA).await), seen(&free));
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    // The account itself may take its old address back without the undo.
    assert_eq!(change_email(&intruder, ADA).await.status, 202);
    let mail = app.mail_to(ADA).await;
    assert!(mail.text.contains("/change-email#token="), "{}", mail.text);
    assert_eq!(with_token(&intruder, CONFIRM_EMAIL, &mail.token()).await.status, 200);
}

async fn come_by_github(app: &SocialApp, browser: &Browser) -> String {
    outcome(&app.sign_in(browser, Kind::GitHub, &Person::verified(ADA)).await)
}

#[tokio::test]
async fn finding_s6_a_provider_that_vouches_for_a_reserved_address_leads_to_the_undo() {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    let (_, undo) = changed(&app).await;
    let owner = app.visitor().await;
    assert_eq!(come_by_github(&app, &owner).await, "email_required");
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    // The page has prefilled the address. Submitting it leads to the undo as well.
    assert_eq!(owner.post("/api/social/email/", &json!({"email": ADA})).await.status, 202);
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    // A different address makes an account, and the reserved one stays reserved.
    assert_eq!(owner.post("/api/social/email/", &json!({"email": EVE})).await.status, 202);
    let token = app.mail_to(EVE).await.token();
    assert_eq!(verify(&owner, &token).await.json()["user"]["email"], EVE);
    assert_undo_works(&app, &undo).await;
}

#[tokio::test]
async fn finding_s6_joining_by_verified_address_does_not_take_a_reserved_one() {
    let joins = |config: &mut cloakroom::Config| {
        let steps = &mut config.pipeline.steps;
        let at = steps.len() - 4;
        let step = cloakroom::config::PipelineStep::Named("associate_by_verified_email".to_owned());
        steps.insert(at, step);
    };
    let app = social_app_with(joins).await;
    app.add(ADA, Rank::Plain).await;
    let (_, undo) = changed(&app).await;
    assert_eq!(come_by_github(&app, &app.visitor().await).await, "email_required");
    assert_undo_works(&app, &undo).await;
}

#[tokio::test]
async fn finding_s6_an_administrator_cannot_give_a_reserved_address_away() {
    let app = app_with_ada().await;
    let (_, undo) = changed(&app).await;
    for error in [
        app.cloakroom.administration().add(ADA, PASSWORD, Rank::Plain).await.unwrap_err(),
        app.cloakroom.administration().invite(ADA, Rank::Plain, "en").await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "already_exists");
        assert!(error.to_string().contains("can take ada@example.test back"), "{error}");
    }
    assert_undo_works(&app, &undo).await;
    // A deleted account takes nothing back.
    changed_again(&app).await;
    app.cloakroom.administration().delete(ELSEWHERE).await.unwrap();
    app.cloakroom.administration().add(ADA, PASSWORD, Rank::Plain).await.unwrap();
}

async fn changed_again(app: &App) -> (Browser, String) {
    app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap();
    changed(app).await
}

#[tokio::test]
async fn finding_s6_after_72_hours_the_address_is_free() {
    let app = app_with_ada().await;
    let (_, undo) = changed(&app).await;
    let owner = visitor(&app).await;
    app.advance(71 * HOUR);
    owner.signup(ADA, NEW).await;
    assert_leads_to_undo(&app.mail_to(ADA).await, &undo);
    app.advance(HOUR);
    let token = sign_up(&app, &owner, ADA, NEW).await;
    assert_eq!(verify_with(&visitor(&app).await, &token, NEW).await.status, 200);
    assert_problem(&with_token(&visitor(&app).await, UNDO_EMAIL, &undo).await, 410, "token_invalid");
}

/// Closed signup answers as always when there is nobody to sign up.
#[tokio::test]
async fn finding_s6_closed_signup_stays_closed_for_a_reserved_address() {
    let app = social_app_with(|config| config.signup.mode = SignupMode::Closed).await;
    app.add(ADA, Rank::Plain).await;
    let (_, undo) = changed(&app).await;
    assert_eq!(come_by_github(&app, &app.visitor().await).await, "signup_closed");
    assert_undo_works(&app, &undo).await;
}

/// A signup was mailed while the address was free, and is proven while the change is being confirmed.
#[tokio::test]
async fn finding_s6_no_signup_slips_in_while_the_address_changes() {
    let app = app_with_ada().await;
    app.cloakroom.administration().delete(ADA).await.unwrap();
    let stranger = Arc::new(visitor(&app).await);
    let token = sign_up(&app, &stranger, ADA, NEW).await;
    app.add(ADA, Rank::Plain).await;
    let ada = Arc::new(app.signed_in(ADA).await);
    assert_eq!(change_email(&ada, ELSEWHERE).await.status, 202);
    let confirm = app.mail_to(ELSEWHERE).await.token();
    let undo = app.mail_to(ADA).await.token();
    let lock = app.database.lock_table("outbox").await;
    let confirmed = {
        let ada = Arc::clone(&ada);
        tokio::spawn(async move { with_token(&ada, CONFIRM_EMAIL, &confirm).await })
    };
    app.database.until_waiting(1).await;
    let proven = {
        let stranger = Arc::clone(&stranger);
        let token = token.clone();
        tokio::spawn(async move { verify(&stranger, &token).await })
    };
    if app.database.is_sqlite() {
        app.database.until_waiting(2).await;
    }
    lock.release().await;
    assert_eq!(confirmed.await.unwrap().status, 200);
    assert_problem(&proven.await.unwrap(), 410, "token_invalid");
    assert_problem(&verify(&stranger, &token).await, 410, "token_invalid");
    assert_undo_works(&app, &undo).await;
}

/// A change of another account, mailed while the address was free, does not take it either.
#[tokio::test]
async fn finding_s6_no_change_of_another_account_slips_in() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    app.cloakroom.administration().delete(ADA).await.unwrap();
    let eve = app.signed_in(EVE).await;
    assert_eq!(change_email(&eve, ADA).await.status, 202);
    let late = app.mail_to(ADA).await.token();
    app.add(ADA, Rank::Plain).await;
    let (_, undo) = changed(&app).await;
    assert_problem(&with_token(&eve, CONFIRM_EMAIL, &late).await, 409, "email_taken");
    assert_undo_works(&app, &undo).await;
}
