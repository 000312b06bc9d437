//! `POST /api/email/verify/` and `…/check/` (`flow/email_verification.rs`; catalogue B11, L14, M07, S03, S16, T02 to T04, T07, T08,
//! T10, W01, W04, W09).

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::{self, Rank};
use cloakroom::testing::{Browser, PASSWORD};
use http::Method;
use serde_json::json;

use crate::support::by_mail::{
    ADA, CONFIRM_EMAIL, EVE, HOUR, NEW, UNDO_EMAIL, app_with_ada, assert_told, bad_passwords, change_email,
    confirm_reset, opens, page, pages, reset_token, sign_up, type_code, verify, verify_with, with_token,
};
use crate::support::database::{App, app_without_limits};
use crate::support::race::at_once;

/// A code that is not this one.
fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test]
async fn t02_a_link_and_a_code_work_once() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    assert_eq!(verify(&browser, &mail.token()).await.status, 200);
    let other = page(&app).await;
    assert_told(&verify_with(&other, &mail.token(), NEW).await, 410, "token_invalid");
    assert_told(&with_token(&other, "/api/email/verify/check/", &mail.token()).await, 410, "token_invalid");
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    assert_told(&verify(&browser, &mail.token()).await, 410, "token_invalid");
    assert_told(&type_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert!(opens(&app, EVE, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t03_of_sixteen_proofs_at_once_one_is_taken_and_its_password_is_the_accounts() {
    let app = app_without_limits().await;
    let token = sign_up(&app, &page(&app).await, EVE, PASSWORD).await;
    let browsers = pages(&app, 16).await;
    let replies = at_once(16, |number| {
        let (browser, token) = (Arc::clone(&browsers[number]), token.clone());
        async move { verify_with(&browser, &token, &format!("battery-horse-{number:02}")).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_told(reply, 410, "token_invalid");
    }
    assert_eq!((app.database.rows("users").await, app.database.rows("sessions").await), (1, 1));
    let mut right = Vec::new();
    for (number, browser) in browsers.iter().enumerate() {
        if opens(&app, EVE, &format!("battery-horse-{number:02}")).await {
            assert_eq!(browser.state().await, "authenticated", "it is that of the browser that won");
            right.push(number);
        }
    }
    assert_eq!(right.len(), 1, "{right:?}");
    assert!(!opens(&app, EVE, PASSWORD).await);
}

/// T04 and L14: what has expired stays so, also when the clock steps back once it has been swept out.
#[tokio::test]
async fn t04_l14_a_link_is_good_for_a_day_and_a_code_for_fifteen_minutes() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    app.advance(Duration::from_mins(15));
    assert_told(&type_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert_eq!(with_token(&browser, "/api/email/verify/check/", &mail.token()).await.status, 200);
    app.advance(23 * HOUR + Duration::from_mins(44));
    let other = page(&app).await;
    assert_told(&verify(&other, &mail.token()).await, 403, "password_required");
    app.advance(Duration::from_mins(1));
    for browser in [&browser, &other] {
        assert_told(&verify_with(browser, &mail.token(), NEW).await, 410, "token_invalid");
        assert_told(
            &with_token(browser, "/api/email/verify/check/", &mail.token()).await,
            410,
            "token_invalid",
        );
    }
    app.sweep().await;
    app.set_back(2 * HOUR);
    assert_told(&verify_with(&other, &mail.token(), NEW).await, 410, "token_invalid");
    assert_told(&type_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert_eq!(app.database.rows("users").await, 0);
}

/// L14: a clock that went an hour ahead and is set right neither loses a signup nor lets it live much longer.
#[tokio::test]
async fn l14_a_clock_that_is_set_right_loses_no_signup() {
    let app = app_without_limits().await;
    app.advance(HOUR);
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    app.set_back(HOUR);
    let later = page(&app).await;
    later.signup("bob@example.test", PASSWORD).await;
    assert_eq!(verify(&browser, &mail.token()).await.status, 200);
    assert_eq!(browser.state().await, "authenticated");
    let mail = app.mail_to("bob@example.test").await;
    assert_eq!(type_code(&later, "bob@example.test", &mail.code()).await.status, 200);
}

/// One token of each kind, all for Ada's account or an address of hers.
async fn tokens(app: &App, ada: &Browser) -> Vec<(&'static str, String)> {
    let reply = change_email(ada, "ada@elsewhere.test").await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let change = app.mail_to("ada@elsewhere.test").await.token();
    let undo = app.mail_to(ADA).await.token();
    vec![
        ("/api/email/verify/", sign_up(app, &page(app).await, EVE, PASSWORD).await),
        ("/api/password/reset/confirm/", reset_token(app, ADA).await),
        (CONFIRM_EMAIL, change),
        (UNDO_EMAIL, undo),
    ]
}

#[tokio::test]
async fn t07_a_token_for_one_purpose_is_worth_nothing_for_another() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let tokens = tokens(&app, &ada).await;
    let nobody = page(&app).await;
    let mut tried = 0;
    for (path, _) in &tokens {
        for (purpose, token) in &tokens {
            if path == purpose {
                continue;
            }
            let body = match *path {
                "/api/email/verify/" | "/api/password/reset/confirm/" => {
                    json!({"token": token, "password": NEW})
                }
                _ => json!({"token": token}),
            };
            let browser = if *path == CONFIRM_EMAIL { &ada } else { &nobody };
            let reply = browser.post(path, &body).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.code()),
                (410, "token_invalid"),
                "{purpose} at {path}"
            );
            tried += 1;
        }
        for path in ["/api/email/verify/check/", "/api/password/reset/check/"] {
            let fits = |purpose: &str| purpose.starts_with(path.trim_end_matches("check/"));
            for (purpose, token) in tokens.iter().filter(|(purpose, _)| !fits(purpose)) {
                assert_told(&with_token(&nobody, path, token).await, 410, "token_invalid");
                assert_ne!(*purpose, path);
            }
        }
    }
    assert_eq!(tried, 12);
    assert_eq!(ada.state().await, "authenticated");
    assert!(opens(&app, ADA, PASSWORD).await, "nothing has happened");
    assert_eq!(app.database.rows("users").await, 1);
    // And each is still good for what it is for.
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &tokens[2].1).await.status, 200);
    assert_eq!(verify_with(&nobody, &tokens[0].1, NEW).await.status, 200);
}

#[tokio::test]
async fn t08_a_token_is_for_its_own_address_whatever_else_is_sent() {
    let app = app_with_ada().await;
    let id = administration::show(&app.cloakroom, ADA).await.unwrap().id;
    let browser = page(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let reset = {
        app.add("bob@example.test", Rank::Plain).await;
        reset_token(&app, "bob@example.test").await
    };
    for (field, value) in [("email", ADA), ("user_id", &id), ("id", &id), ("username", ADA)] {
        for (path, token) in [("/api/email/verify/", &token), ("/api/password/reset/confirm/", &reset)] {
            let mut body = json!({"token": token, "password": NEW});
            body[field] = json!(value);
            assert_told(&browser.post(path, &body).await, 422, "validation_failed");
        }
    }
    assert_eq!(confirm_reset(&page(&app).await, &reset, NEW).await.status, 200);
    assert_eq!(verify(&browser, &token).await.status, 200);
    assert!(opens(&app, ADA, PASSWORD).await && !opens(&app, ADA, NEW).await);
}

#[tokio::test]
async fn t10_looking_at_a_link_uses_nothing_up() {
    let app = app_with_ada().await;
    let token = sign_up(&app, &page(&app).await, EVE, PASSWORD).await;
    let reset = reset_token(&app, ADA).await;
    let scanner = page(&app).await;
    for (path, token, seen) in [
        ("/api/email/verify/", &token, json!({"email": EVE})),
        ("/api/password/reset/", &reset, json!({"email": ADA, "identities": []})),
    ] {
        for _ in 0..5 {
            let looked = with_token(&scanner, &format!("{path}check/"), token).await;
            assert_eq!((looked.status.as_u16(), looked.json()), (200, seen.clone()), "{path}");
            assert!(!looked.headers.contains_key("set-cookie"), "{path}");
            for method in [Method::GET, Method::HEAD] {
                for path in [path, &format!("{path}check/")] {
                    let reply = scanner.call(&method, &format!("{path}?token={token}")).send().await;
                    assert_eq!(reply.status, 405, "{path}");
                }
            }
        }
    }
    assert_eq!(verify_with(&page(&app).await, &token, NEW).await.status, 200);
    assert_eq!(confirm_reset(&page(&app).await, &reset, NEW).await.status, 200);
}

/// B11: five tries a code, counted for the signup and not for the session or the network.
#[tokio::test]
async fn b11_the_sixth_try_of_a_code_is_not_looked_at() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    for number in 0..5 {
        let copy = browser.copy().at([127, 0, 0, 60 + number]);
        assert_told(&type_code(&copy, EVE, &another(&code)).await, 400, "invalid_code");
    }
    assert_told(&type_code(&browser, EVE, &code).await, 400, "invalid_code");
    // The link is not a guess, and works on.
    let token = app.mail_to(EVE).await.token();
    assert_eq!(verify(&browser, &token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b11_tries_of_a_code_at_once_are_all_counted() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    let copies: Vec<_> = (0..24).map(|_| Arc::new(browser.copy())).collect();
    let replies = at_once(24, |number| {
        let (browser, code) = (Arc::clone(&copies[number]), another(&code));
        async move { type_code(&browser, EVE, &code).await }
    })
    .await;
    for reply in replies {
        assert_told(&reply, 400, "invalid_code");
    }
    assert_eq!(app.database.texts("SELECT CAST(code_tries AS TEXT) FROM challenges").await, ["5"]);
    assert_told(&type_code(&browser, EVE, &code).await, 400, "invalid_code");
}

/// B11: twenty wrong ones a day for one address in one browser, over all its signups, each with a new mail and from another
/// network.
#[tokio::test]
async fn b11_twenty_wrong_codes_a_day_are_the_end_for_an_address_in_one_browser() {
    let app = app_without_limits().await;
    let stranger = page(&app).await;
    for number in 0..5 {
        let browser = stranger.copy().at([127, 0, 0, 60 + number]);
        browser.signup("Eve@example.test", PASSWORD).await;
        let code = app.mail_to("Eve@example.test").await.code();
        for _ in 0..4 {
            assert_told(&type_code(&browser, EVE, &another(&code)).await, 400, "invalid_code");
        }
        if number == 0 {
            // A right one of another address gives its own try back, and no more.
            let other = page(&app).await;
            other.signup("bob@example.test", PASSWORD).await;
            let code = app.mail_to("bob@example.test").await.code();
            assert_eq!(type_code(&other, "bob@example.test", &code).await.status, 200);
        }
    }
    stranger.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    assert_told(&type_code(&stranger, EVE, &mail.code()).await, 400, "invalid_code");
    app.advance(24 * HOUR);
    stranger.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    assert_eq!(type_code(&stranger, EVE, &code).await.status, 200);
}

/// S9: what strangers guess wrong does not keep the owner out, in the same network or elsewhere.
#[tokio::test]
async fn finding_s9_wrong_codes_in_other_browsers_leave_the_owners_code_good() {
    let app = app_without_limits().await;
    for _ in 0..5 {
        let stranger = page(&app).await;
        stranger.signup(EVE, PASSWORD).await;
        let code = app.mail_to(EVE).await.code();
        for _ in 0..4 {
            assert_told(&type_code(&stranger, EVE, &another(&code)).await, 400, "invalid_code");
        }
    }
    let owner = page(&app).await;
    owner.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    assert_eq!(type_code(&owner, EVE, &code).await.status, 200);
}

/// S9: new browsers are easily made, so one network has half of what all have, and there is an end for all.
#[tokio::test]
async fn finding_s9_b11_wrong_codes_over_all_browsers_have_an_end() {
    for (key, other) in [("code-from", 200), ("code-ceiling", 400)] {
        let app = app_without_limits().await;
        let stranger = page(&app).await;
        stranger.signup(EVE, PASSWORD).await;
        let code = app.mail_to(EVE).await.code();
        assert_told(&type_code(&stranger, EVE, &another(&code)).await, 400, "invalid_code");
        let many = format!("UPDATE limits SET count = 200 WHERE key LIKE '{key}%'");
        assert_eq!(app.database.change(&many).await, 1);
        for (address, status) in [([127, 0, 0, 60], 400), ([127, 9, 9, 60], other)] {
            let browser = page(&app).await.at(address);
            browser.signup(EVE, PASSWORD).await;
            let code = app.mail_to(EVE).await.code();
            assert_eq!(type_code(&browser, EVE, &code).await.status, status, "{key} {address:?}");
        }
    }
}

#[tokio::test]
async fn b11_a_hundred_guessed_tokens_are_a_hundred_refusals() {
    let app = app_with_ada().await;
    let browser = page(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let mut near = token.clone().into_bytes();
    for position in (0..100).map(|number| number % token.len()) {
        near[position] = if near[position] == b'A' { b'B' } else { b'A' };
        let guess = String::from_utf8(near.clone()).unwrap();
        assert_told(&verify_with(&browser, &guess, NEW).await, 410, "token_invalid");
        near[position] = token.as_bytes()[position];
    }
    for guess in
        ["", " ", "null", &token[..42], &format!("{token}A"), &token.to_lowercase(), &"x".repeat(60_000)]
    {
        assert_told(&verify(&browser, guess).await, 410, "token_invalid");
    }
    assert_eq!(verify(&browser, &token).await.status, 200);
}

/// S16: a link in a mail never swaps one person for another.
#[tokio::test]
async fn s16_a_link_opened_by_somebody_who_is_signed_in_changes_nothing() {
    let app = app_with_ada().await;
    let attacker = page(&app).await;
    let token = sign_up(&app, &attacker, EVE, PASSWORD).await;
    let ada = app.signed_in(ADA).await;
    let session = ada.cookie("sessionid");
    for reply in [
        verify(&ada, &token).await,
        verify_with(&ada, &token, NEW).await,
        type_code(&ada, EVE, "000000").await,
    ] {
        assert_told(&reply, 409, "other_user_signed_in");
        assert!(reply.set_cookie("sessionid").is_none());
    }
    assert_eq!(ada.cookie("sessionid"), session);
    assert_eq!(ada.get("/api/users/profile/").await.json()["email"], ADA);
    // Nothing was used up; once she has signed out it works, with a password of hers.
    assert_eq!(ada.post("/api/logout/", &json!({})).await.status, 200);
    assert_eq!(verify_with(&ada, &token, NEW).await.status, 200);
    assert_eq!(ada.get("/api/users/profile/").await.json()["email"], EVE);
}

#[tokio::test]
async fn s03_the_session_after_the_proof_is_a_new_one_with_a_token_of_its_own() {
    let app = app_with_ada().await;
    let browser = app.signed_in(ADA).await;
    let dead = browser.copy();
    administration::set_active(&app.cloakroom, ADA, false).await.unwrap();
    // With the cookie of a session that has ended, as with none, one may sign up.
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let reply = verify(&browser, &token).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_ne!(browser.cookie("sessionid"), dead.cookie("sessionid"));
    assert_ne!(browser.cookie("csrftoken"), dead.cookie("csrftoken"));
    assert!(reply.set_cookie("csrftoken").is_some());
    assert_eq!((browser.state().await, dead.state().await), ("authenticated".into(), "anonymous".into()));
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
}

#[tokio::test]
async fn m07_a_proof_is_one_thing_or_the_other() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    let (token, code) = (mail.token(), mail.code());
    for body in [
        json!({}),
        json!({"token": null}),
        json!({"email": EVE}),
        json!({"code": code}),
        json!({"password": NEW}),
        json!({"email": EVE, "password": NEW}),
        json!({"email": EVE, "code": code, "password": NEW}),
        json!({"token": token, "code": code}),
        json!({"token": token, "email": EVE, "code": code}),
        json!({"token": [token]}),
        json!({"email": EVE, "code": 123_456}),
        json!({"email": "eve", "code": code}),
        json!([token]),
    ] {
        assert_told(&browser.post("/api/email/verify/", &body).await, 422, "validation_failed");
    }
    for body in [json!({}), json!({"token": null}), json!({"token": 1}), json!({"email": EVE})] {
        for path in ["/api/email/verify/check/", "/api/password/reset/check/", UNDO_EMAIL] {
            assert_told(&browser.post(path, &body).await, 422, "validation_failed");
        }
    }
    assert_eq!(app.database.rows("users").await, 0);
    assert_eq!(verify(&browser, &token).await.status, 200);
}

/// W01, W04, W09: the password that another browser brings is judged as at signup, and the link stays good.
#[tokio::test]
async fn w01_w04_w09_a_bad_password_leaves_the_link_good() {
    let app = app_without_limits().await;
    let token = sign_up(&app, &page(&app).await, EVE, PASSWORD).await;
    let browser = page(&app).await;
    for (password, code) in bad_passwords() {
        let reply = verify_with(&browser, &token, &password).await;
        assert_told(&reply, 422, "validation_failed");
        assert_eq!(reply.json()["errors"][0]["code"], code, "{password:.40}");
    }
    assert_eq!(verify_with(&browser, &token, NEW).await.status, 200);
}

/// An account that came by other means, an administrator for one, ends what waited for its address.
#[tokio::test]
async fn an_address_that_got_an_account_meanwhile_cannot_be_proven_for_another() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, NEW).await;
    let mail = app.mail_to(EVE).await;
    app.add("EVE@example.test", Rank::Plain).await;
    assert_told(&verify(&browser, &mail.token()).await, 410, "token_invalid");
    assert_told(&type_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert_eq!(browser.state().await, "anonymous");
    assert!(opens(&app, EVE, PASSWORD).await && !opens(&app, EVE, NEW).await);
}

/// M07: what wants a session says so, and what wants a step before it leads nowhere.
#[tokio::test]
async fn m07_steps_out_of_order_lead_nowhere() {
    let app = app_with_ada().await;
    let nobody = page(&app).await;
    for path in [CONFIRM_EMAIL, "/api/email/change/", "/api/password/change/", "/api/reauthenticate/"] {
        let body = match path {
            CONFIRM_EMAIL => json!({"token": "x"}),
            "/api/email/change/" => json!({"email": EVE}),
            "/api/password/change/" => json!({"current_password": PASSWORD, "new_password": NEW}),
            _ => json!({"password": PASSWORD}),
        };
        let reply = nobody.post(path, &body).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{path}");
        assert_eq!(reply.json()["type"], "about:blank");
    }
    // A code before any signup, a link of nobody, a proof of what has been proven.
    assert_eq!(type_code(&nobody, EVE, "123456").await.code(), "invalid_code");
    assert_eq!(verify_with(&nobody, &"A".repeat(43), NEW).await.code(), "token_invalid");
    assert_eq!(confirm_reset(&nobody, &"A".repeat(43), NEW).await.code(), "token_invalid");
    let token = sign_up(&app, &nobody, EVE, PASSWORD).await;
    assert_eq!(confirm_reset(&nobody, &token, NEW).await.code(), "token_invalid");
    assert_eq!(app.database.rows("users").await, 1);
}
