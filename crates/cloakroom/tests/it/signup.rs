//! `POST /api/signup/` and `…/resend/` (`flow/signup.rs`; catalogue E03, E06, E10, B10, H6, M01, R01, T11 to T13, W01, W04, W09).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::{self, Rank};
use cloakroom::config::SignupMode;
use cloakroom::testing::{Browser, PASSWORD, Reply, TestApp};
use serde_json::json;

use crate::by_mail::{
    ADA, EVE, HOUR, NEW, app_with_ada, app_with_ada_and, assert_told, bad_passwords, opens, page, pages,
    seen, sign_up, type_code, verify, verify_with, with_token,
};
use crate::database::{app, app_with, app_without_limits};
use crate::race::at_once;
use crate::sink::Sink;
use crate::timing::assert_alike;

async fn resend(browser: &Browser, email: &str) -> Reply {
    browser.post("/api/signup/resend/", &json!({"email": email})).await
}

#[tokio::test]
async fn the_browser_that_signed_up_is_signed_in_by_the_link() {
    let app = app().await;
    let browser = page(&app).await;
    let reply = browser.signup("Eve@Example.test", PASSWORD).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string(), "{}", reply.text);
    assert_eq!(app.database.rows("users").await, 0, "nobody has an account before the address is proven");
    assert_eq!(browser.state().await, "anonymous");

    let mail = app.mail_to("Eve@Example.test").await;
    assert!(mail.text.contains("http://localhost:3000/verify-email#token="), "{}", mail.text);
    let looked = browser.post("/api/email/verify/check/", &json!({"token": mail.token()})).await;
    assert_eq!(looked.json(), json!({"email": "Eve@Example.test"}), "{}", looked.text);

    let reply = verify(&browser, &mail.token()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["next"], "done");
    assert_eq!(reply.json()["user"]["email"], "Eve@Example.test");
    assert_eq!(reply.json()["user"]["has_password"], true);
    assert_eq!(browser.state().await, "authenticated");
    assert!(opens(&app, EVE, PASSWORD).await);
}

#[tokio::test]
async fn the_code_signs_in_in_the_same_browser_only() {
    let app = app().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    let typed = format!("{} {}", &code[..3], &code[3..]);
    assert_told(&type_code(&page(&app).await, "EVE@example.test", &typed).await, 400, "invalid_code");
    let reply = type_code(&browser, "EVE@example.test", &typed).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(browser.state().await, "authenticated");
}

/// The link needs no password only where the signup happened, within an hour, with nobody signing in or out in between.
#[tokio::test]
async fn t16_whoever_may_sit_before_another_browser_brings_a_password() {
    let app = app_with_ada().await;
    let elsewhere = async |browser: &Browser, token: &str, what: &str| {
        let reply = verify(browser, token).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.code()),
            (403, "password_required"),
            "{what}: {}",
            reply.text
        );
        let code = type_code(browser, EVE, "000000").await;
        assert_eq!(code.code(), "invalid_code", "{what}");
    };
    let browser = page(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let copy = page(&app).await;
    copy.plant("csrftoken", &browser.cookie("csrftoken").unwrap());
    elsewhere(&page(&app).await, &token, "another browser").await;

    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    elsewhere(&browser, &token, "somebody signed in and out").await;

    let browser = page(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    elsewhere(&browser, &token, "a sign-out without a session").await;
    assert_told(&type_code(&browser, EVE, &code).await, 400, "invalid_code");
    let before = app.mails().await.len();
    assert_eq!(resend(&browser, EVE).await.status, 202);
    assert_eq!(app.mails().await.len(), before, "it is not this browser's signup any more");

    let browser = page(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    app.advance(HOUR);
    elsewhere(&browser, &token, "an hour later").await;
    let reply = verify_with(&browser, &token, NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(opens(&app, EVE, NEW).await && !opens(&app, EVE, PASSWORD).await);
}

#[tokio::test]
async fn t16_another_browser_brings_a_password_and_that_one_becomes_the_accounts() {
    let app = app().await;
    let attacker = page(&app).await;
    let token = sign_up(&app, &attacker, EVE, "the-attackers-own-choice").await;

    let owner = page(&app).await;
    assert_told(&verify(&owner, &token).await, 403, "password_required");
    assert_told(&verify_with(&owner, &token, "short").await, 422, "validation_failed");
    let reply = verify_with(&owner, &token, PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(owner.state().await, "authenticated");

    assert_eq!(attacker.state().await, "anonymous");
    assert_told(&attacker.login(EVE, "the-attackers-own-choice").await, 400, "invalid_credentials");
}

/// E03: what the answer does not tell, the mail tells the address's owner.
#[tokio::test]
async fn e03_every_signup_gets_the_same_answer_and_one_mail() {
    let app = app_with_ada().await;
    for email in ["alan@example.test", "social@example.test", "waiting@example.test"] {
        if email != "waiting@example.test" {
            app.add(email, Rank::Plain).await;
        }
    }
    administration::set_active(&app.cloakroom, "alan@example.test", false).await.unwrap();
    app.database.change("UPDATE users SET password_hash = NULL WHERE email LIKE 'social%'").await;
    sign_up(&app, &page(&app).await, "waiting@example.test", PASSWORD).await;

    let browser = page(&app).await;
    let fresh = browser.signup(EVE, PASSWORD).await;
    assert_eq!(fresh.status, 202, "{}", fresh.text);
    assert_eq!(fresh.json()["detail"], "Check your mail");
    let mut before = app.mails().await.len();
    for (typed, to, knows) in [
        (ADA, ADA, true),
        ("ADA@Example.Test", ADA, true),
        ("\u{ff41}da@example.test", ADA, true),
        ("alan@example.test", "alan@example.test", true),
        ("social@example.test", "social@example.test", true),
        ("waiting@example.test", "waiting@example.test", false),
        ("Eve@example.test", "Eve@example.test", false),
    ] {
        let reply = browser.signup(typed, PASSWORD).await;
        assert_eq!(seen(&reply), seen(&fresh), "{typed}");
        let mails = app.mails().await;
        assert_eq!(mails.len(), before + 1, "{typed}: one mail for each call");
        before = mails.len();
        let mail = &mails[0];
        assert_eq!(mail.to, to, "{typed}");
        assert_eq!(mail.subject.contains("already have an account"), knows, "{typed}: {}", mail.subject);
        assert_eq!(mail.text.contains("token="), !knows, "{typed}: {}", mail.text);
        assert_eq!(mail.html.contains("token="), !knows, "{typed}");
    }
    assert_eq!(app.database.rows("users").await, 3, "nothing has come of any");
}

/// E03, E05: what comes after tells no more: an address that has an account and one that is waiting look alike to a stranger.
#[tokio::test]
async fn e05_resending_and_guessing_codes_tell_nothing() {
    let app = app_with_ada().await;
    let browser = page(&app).await;
    for email in [ADA, EVE] {
        browser.signup(email, PASSWORD).await;
    }
    for path in ["/api/signup/resend/", "/api/signup/", "/api/password/reset/"] {
        let body = |email: &str| match path {
            "/api/signup/" => json!({"email": email, "password": PASSWORD}),
            _ => json!({"email": email}),
        };
        let known = browser.post(path, &body(ADA)).await;
        for email in [EVE, "nobody@example.test"] {
            assert_eq!(seen(&browser.post(path, &body(email)).await), seen(&known), "{path} {email}");
        }
    }
    for _ in 0..7 {
        let known = type_code(&browser, ADA, "123456").await;
        assert_told(&known, 400, "invalid_code");
        for email in [EVE, "nobody@example.test"] {
            assert_eq!(seen(&type_code(&browser, email, "123456").await), seen(&known), "{email}");
        }
    }
}

/// E06: the form is judged alike, and before anything is looked up.
#[tokio::test]
async fn e06_errors_are_the_same_for_a_known_and_a_free_address() {
    let app = app_with_ada().await;
    let browser = page(&app).await;
    for password in ["", "short", "1234567890", "example.test", &"x".repeat(300)] {
        let (known, free) =
            (browser.signup(ADA, password).await, browser.signup("bob@example.test", password).await);
        assert_told(&free, 422, "validation_failed");
        assert_eq!(seen(&known), seen(&free), "{password}");
    }
    assert_eq!(app.mails().await.len(), 0);
}

#[tokio::test]
async fn e03_the_time_of_a_signup_tells_nothing_with_the_mail_server_up_down_or_slow() {
    let mut sink = Sink::start(&json!({}));
    let app = app_with_ada_and(&sink).await;
    let browser = page(&app).await;
    for (what, behaviour) in [
        ("up", json!({"behaviour": "accept"})),
        ("down", json!({"behaviour": "drop", "at": "connect"})),
        ("a tarpit", json!({"behaviour": "hang", "at": "mail"})),
    ] {
        sink.behave(&behaviour);
        assert_alike(what, &[ADA, EVE], async |email| {
            assert_eq!(browser.signup(email, PASSWORD).await.status, 202);
        })
        .await;
    }
}

#[tokio::test]
async fn w01_w04_w09_a_bad_password_is_refused_with_its_reason() {
    let app = app().await;
    let browser = page(&app).await;
    for (password, code) in bad_passwords() {
        let start = std::time::Instant::now();
        let reply = browser.signup(EVE, &password).await;
        assert_told(&reply, 422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!("password"), &json!(code)), "{password:.40}");
        assert!(start.elapsed() < Duration::from_secs(5), "nothing is computed for long: {password:.40}");
    }
    for body in [
        json!({"email": EVE}),
        json!({"email": EVE, "password": null}),
        json!({"email": EVE, "password": []}),
    ] {
        assert_told(&browser.post("/api/signup/", &body).await, 422, "validation_failed");
    }
    assert_eq!(app.database.rows("challenges").await, 0);
}

#[tokio::test]
async fn m01_a_signup_has_two_fields_and_no_more() {
    let app = app().await;
    let browser = page(&app).await;
    for field in [
        "is_staff",
        "is_superuser",
        "is_active",
        "email_verified",
        "role",
        "id",
        "user_id",
        "password_hash",
        "date_joined",
    ] {
        let mut body = json!({"email": EVE, "password": PASSWORD});
        body[field] = json!(true);
        assert_told(&browser.post("/api/signup/", &body).await, 422, "validation_failed");
        let mut body = json!({"token": "x", "password": PASSWORD});
        body[field] = json!(true);
        assert_told(&browser.post("/api/email/verify/", &body).await, 422, "validation_failed");
    }
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    assert_eq!(verify(&browser, &token).await.status, 200);
    let account = administration::show(&app.cloakroom, EVE).await.unwrap();
    assert!(account.is_active && !account.is_staff && !account.is_superuser);
}

#[tokio::test]
async fn a_closed_signup_says_so_to_everybody() {
    let app = app_with(|config| config.signup.mode = SignupMode::Closed).await;
    app.add(ADA, Rank::Plain).await;
    let browser = page(&app).await;
    let free = browser.signup(EVE, PASSWORD).await;
    assert_told(&free, 403, "signup_closed");
    assert_eq!(seen(&browser.signup(ADA, PASSWORD).await), seen(&free));
    assert_eq!(seen(&browser.signup(EVE, "short").await), seen(&free), "before the form is judged");
    assert_eq!((app.mails().await.len(), app.database.rows("challenges").await), (0, 0));
}

/// What waits when the door is closed does not slip through it: neither a link, nor with a password, nor a code.
#[tokio::test]
async fn a_signup_that_waits_ends_at_a_door_that_was_closed_meanwhile() {
    let app = app().await;
    let browser = page(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    let mut closed = app.cloakroom.config().clone();
    closed.signup.mode = SignupMode::Closed;
    let closed = TestApp::with(closed, axum::Router::new()).await;
    let there = closed.browser();
    for name in ["browser", "csrftoken"] {
        there.plant(name, &browser.cookie(name).unwrap());
    }
    for body in [
        json!({"token": token}),
        json!({"token": token, "password": PASSWORD}),
        json!({"email": EVE, "code": code}),
    ] {
        assert_told(&there.post("/api/email/verify/", &body).await, 403, "signup_closed");
    }
    assert_told(&resend(&there, EVE).await, 403, "signup_closed");
    assert_eq!(app.database.rows("users").await, 0);
    assert_eq!(verify(&browser, &token).await.status, 200, "open again, it is as good as before");
}

/// R01: one proof wins, and the others hear that their link is not good any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r01_twenty_signups_for_one_address_make_one_account() {
    let app = app_without_limits().await;
    let spellings = ["eve@example.test", "Eve@example.test", "EVE@EXAMPLE.TEST", "\u{ff45}ve@example.test"];
    let browsers = pages(&app, 20).await;
    let replies = at_once(20, |number| {
        let browser = Arc::clone(&browsers[number]);
        async move { browser.signup(spellings[number % 4], &format!("{PASSWORD}-{number}")).await }
    })
    .await;
    for reply in replies {
        assert_eq!(reply.status, 202, "{}", reply.text);
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 20);
    // Half of them by the link with a password of their own, half by what the same browser needs no password for.
    let replies = at_once(20, |number| {
        let (browser, token) = (Arc::clone(&browsers[number]), mails[number].token());
        async move {
            if number % 2 == 0 {
                verify_with(&browser, &token, &format!("{NEW}-{number}")).await
            } else {
                verify(&browser, &token).await
            }
        }
    })
    .await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    // A link that another browser asked for wants a password, which is no failure of ours.
    assert!(statuses.iter().all(|status| matches!(status, 200 | 403 | 410)), "{statuses:?}");
    assert_eq!(app.database.rows("users").await, 1);
    assert_eq!(app.database.rows("sessions").await, 1);
    assert_eq!(app.database.rows("challenges").await, 0, "the other signups have ended");
    for mail in &mails {
        assert_told(&verify_with(&page(&app).await, &mail.token(), NEW).await, 410, "token_invalid");
    }
}

/// The code and the link of one mail, and those of another signup for the same address, at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r01_link_and_code_at_once_make_one_account() {
    let app = app_without_limits().await;
    for round in 0..6 {
        let email = format!("eve{round}@example.test");
        let browsers = pages(&app, 2).await;
        let mut mails = Vec::new();
        for browser in &browsers {
            browser.signup(&email, PASSWORD).await;
            mails.push(app.mail_to(&email).await);
        }
        let replies = at_once(4, |number| {
            let (browser, mail, email) =
                (browsers[number % 2].copy(), mails[number % 2].clone(), email.clone());
            async move {
                if number < 2 {
                    verify(&browser, &mail.token()).await
                } else {
                    type_code(&browser, &email, &mail.code()).await
                }
            }
        })
        .await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{statuses:?}");
        assert!(statuses[1..].iter().all(|status| matches!(status, 400 | 410)), "{statuses:?}");
    }
    assert_eq!((app.database.rows("users").await, app.database.rows("sessions").await), (6, 6));
}

#[tokio::test]
async fn a_newer_mail_voids_the_link_and_the_code_before() {
    let app = app_without_limits().await;
    let browser = page(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let first = app.mail_to(EVE).await;
    assert_eq!(
        seen(&resend(&page(&app).await, EVE).await),
        seen(&resend(&browser, "nobody@example.test").await)
    );
    assert_eq!(app.mails().await.len(), 1, "another browser has no signup to send again");
    let reply = resend(&browser, "EVE@example.test").await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string());
    let second = app.mail_to(EVE).await;
    assert_ne!(first.token(), second.token());
    assert_told(&verify(&browser, &first.token()).await, 410, "token_invalid");
    if first.code() != second.code() {
        assert_told(&type_code(&browser, EVE, &first.code()).await, 400, "invalid_code");
    }
    // Long after the first mail, but not after the last.
    app.advance(HOUR);
    resend(&browser, EVE).await;
    let third = app.mail_to(EVE).await;
    assert_eq!(type_code(&browser, EVE, &third.code()).await.status, 200);
    assert_eq!(app.database.rows("users").await, 1);
}

#[tokio::test]
async fn several_signups_for_one_address_wait_side_by_side() {
    let app = app_without_limits().await;
    let (one, two) = (page(&app).await, page(&app).await);
    let first = sign_up(&app, &one, EVE, PASSWORD).await;
    let second = sign_up(&app, &two, EVE, NEW).await;
    assert_told(&verify(&one, &second).await, 403, "password_required");
    assert_eq!(verify(&two, &second).await.status, 200);
    assert!(opens(&app, EVE, NEW).await && !opens(&app, EVE, PASSWORD).await);
    assert_told(&verify(&one, &first).await, 410, "token_invalid");
    assert_eq!(one.state().await, "anonymous");
}

/// B10: answers go on as if nothing were; mails do not, and what was sent before stays good.
#[tokio::test]
async fn b10_mails_to_one_address_and_from_one_network_have_a_limit_that_is_not_told() {
    let app = app().await;
    let browser = page(&app).await;
    let first = browser.signup(EVE, PASSWORD).await;
    let link = app.mail_to(EVE).await.token();
    let again = resend(&browser, EVE).await;
    let resent_link = app.mail_to(EVE).await.token();
    assert_told(&verify(&page(&app).await, &link).await, 410, "token_invalid");
    for number in 0..20 {
        let other = page(&app).await.at([127, 0, 1, number]);
        assert_eq!(seen(&other.signup(EVE, PASSWORD).await), seen(&first));
        assert_eq!(seen(&resend(&browser, EVE).await), seen(&again));
        let reset = other.post("/api/password/reset/", &json!({"email": "EVE@example.test"})).await;
        assert_eq!(seen(&reset), seen(&first));
    }
    let mails = app.mails().await;
    assert_eq!(
        mails.len(),
        4,
        "two signups, one of them sent again twice; the fifth was a reset that nobody gets"
    );
    assert_eq!(app.database.rows("challenges").await, 3, "a call that sends nothing stores nothing");
    assert_told(&verify(&page(&app).await, &resent_link).await, 410, "token_invalid");
    let good = with_token(&browser, "/api/email/verify/check/", &mails[0].token()).await;
    assert_eq!(good.status, 200, "the newest stays good: {}", good.text);

    app.advance(HOUR);
    let attacker = page(&app).await.at([127, 0, 0, 66]);
    for number in 0..50 {
        let reply = attacker.signup(&format!("p{number}@example.test"), PASSWORD).await;
        assert_eq!(seen(&reply), seen(&first));
    }
    assert_eq!(app.mails().await.len() - mails.len(), 30);
    let elsewhere = page(&app).await.at([127, 0, 0, 67]);
    sign_up(&app, &elsewhere, "p49@example.test", PASSWORD).await;
}

#[tokio::test]
async fn b10_a_mail_that_the_limit_keeps_back_does_not_void_the_one_before() {
    let app = app_with(|config| config.limits.mail_per_address.count = 1).await;
    app.add(ADA, Rank::Plain).await;
    let browser = page(&app).await;
    let link = sign_up(&app, &browser, EVE, PASSWORD).await;
    assert_eq!(resend(&browser, EVE).await.status, 202);
    assert_eq!(app.mails().await.len(), 1);
    assert_eq!(verify(&browser, &link).await.status, 200);
}

/// H6: a thousand signups that somebody else began stand in nobody's way.
#[tokio::test]
async fn h6_a_thousand_pending_signups_do_not_keep_the_owner_out() {
    let app = app_without_limits().await;
    let squatter = page(&app).await;
    let planted = sign_up(&app, &squatter, EVE, "the-attackers-own-choice").await;
    let copied = app
        .database
        .change(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
             INSERT INTO challenges (id, kind, nonce, token_hash, email, email_canonical, browser_hash, password_hash,
                                     code_expires_at, created_at, expires_at)
             SELECT id || '-' || i, kind, nonce, token_hash || '-' || i, email, email_canonical, browser_hash, password_hash,
                    code_expires_at, created_at, expires_at
             FROM challenges, n",
        )
        .await;
    assert_eq!(copied, 1000);
    let owner = page(&app).await;
    let token = sign_up(&app, &owner, EVE, PASSWORD).await;
    assert_eq!(verify(&owner, &token).await.status, 200);
    assert_eq!((app.database.rows("users").await, app.database.rows("challenges").await), (1, 0));
    assert_told(&verify_with(&squatter, &planted, NEW).await, 410, "token_invalid");
    assert!(!opens(&app, EVE, "the-attackers-own-choice").await);
    // What nobody proves goes by itself.
    sign_up(&app, &squatter, "bob@example.test", PASSWORD).await;
    app.advance(24 * HOUR);
    app.sweep().await;
    assert_eq!(app.database.rows("challenges").await, 0);
}

/// T11: letters that fold to others make no second account, and mail goes to the spelling that is stored.
#[tokio::test]
async fn t11_spellings_of_a_known_address_get_its_owner_a_mail_and_nobody_else() {
    let app = app_without_limits().await;
    for email in ["mike@example.test", "kim@example.test", "office@example.test"] {
        app.add(email, Rank::Plain).await;
    }
    let browser = page(&app).await;
    for (typed, owner) in [
        ("\u{ff4d}ike@example.test", "mike@example.test"),
        ("MIKE@\u{ff45}xample.test", "mike@example.test"),
        ("\u{212a}im@example.test", "kim@example.test"),
        ("o\u{fb03}ce@example.test", "office@example.test"),
    ] {
        let before = app.mails().await.len();
        assert_eq!(browser.signup(typed, PASSWORD).await.status, 202);
        assert_eq!(browser.post("/api/password/reset/", &json!({"email": typed})).await.status, 202);
        let mails = app.mails().await;
        assert_eq!(mails.len(), before + 2, "{typed}");
        assert!(mails[..2].iter().all(|mail| mail.to == owner), "{typed}");
    }
    // These are other letters, and other people.
    for typed in ["m\u{131}ke@example.test", "m\u{ec}ke@example.test", "mi\u{138}e@example.test"] {
        let before = app.mails().await.len();
        assert_eq!(browser.post("/api/password/reset/", &json!({"email": typed})).await.status, 202);
        assert_eq!(app.mails().await.len(), before, "{typed}");
    }
    for typed in ["mike\u{200b}@example.test", "mi\u{ad}ke@example.test", "mike@exa\u{2060}mple.test"] {
        assert_told(&browser.signup(typed, PASSWORD).await, 422, "validation_failed");
    }
    assert_eq!(app.database.rows("users").await, 3);
}

/// T12: what a mail server could read as two recipients, or as a header, is no address.
#[tokio::test]
async fn t12_no_address_smuggles_a_recipient() {
    let app = app_with_ada().await;
    let browser = page(&app).await;
    let long = format!("{}@example.test", "a".repeat(250));
    for email in [
        "eve@example.test,ada@example.test",
        "eve@example.test ada@example.test",
        "eve@example.test;ada@example.test",
        "\"eve@example.test\"@example.test",
        "eve@ada@example.test",
        "eve\u{ff20}ada@example.test",
        "eve\u{fe6b}ada@example.test",
        "eve%40ada@example.test",
        "eve@example.test%0d%0aBcc:ada@example.test",
        "eve@example.test\r\nBcc: ada@example.test",
        "eve@example.test\nBcc: ada@example.test",
        "eve\0@example.test",
        "<b>@example.test",
        "Eve <eve@example.test>",
        "eve(comment)@example.test",
        ".eve@example.test",
        "eve.@example.test",
        "eve..eve@example.test",
        "eve@example..test",
        "eve@-example.test",
        "eve@[127.0.0.1]",
        "@example.test",
        "eve@",
        "eve",
        "",
        &long,
    ] {
        for (path, body) in [
            ("/api/signup/", json!({"email": email, "password": PASSWORD})),
            ("/api/signup/resend/", json!({"email": email})),
            ("/api/password/reset/", json!({"email": email})),
        ] {
            let reply = browser.post(path, &body).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.code()),
                (422, "validation_failed"),
                "{path} {email:?}"
            );
        }
    }
    assert_eq!((app.mails().await.len(), app.database.rows("challenges").await), (0, 0));
    // The ASCII form of a domain is the same domain.
    sign_up(&app, &browser, "eve@b\u{fc}cher.example", PASSWORD).await;
    let token = app.mail_to("eve@b\u{fc}cher.example").await.token();
    assert_eq!(verify(&browser, &token).await.status, 200);
    page(&app).await.signup("eve@xn--bcher-kva.example", PASSWORD).await;
    assert!(app.mails().await[0].subject.contains("already have an account"));
}

/// T13: a stranger's words do not reach a mail: of what a request says, it names the browser and the network at most.
#[tokio::test]
async fn t13_nothing_that_a_stranger_wrote_stands_in_a_mail() {
    let app = app().await;
    let browser = page(&app).await;
    let body = json!({"email": EVE, "password": PASSWORD});
    let reply = browser
        .call(&http::Method::POST, "/api/signup/")
        .header("user-agent", "<img src=x> {{7*7}} http://evil.test Firefox/130.0")
        .header("accept-language", "de; q={{7*7}}, <b>")
        .header("x-forwarded-for", "http://evil.test")
        .json(&body)
        .send()
        .await;
    assert_eq!(reply.status, 202);
    let mail = app.mail_to(EVE).await;
    for part in [&mail.text, &mail.html, &mail.subject] {
        for word in ["evil", "img", "7*7", "49", "<b>"] {
            assert!(!part.to_lowercase().contains(word) || word == "img" || word == "49", "{word}: {part}");
        }
        assert!(!part.contains("<img src=x"), "{part}");
    }
    assert!(mail.text.contains("Firefox"), "{}", mail.text);
}

/// E10: an id tells neither how many there are nor opens anything.
#[tokio::test]
async fn e10_ids_cannot_be_guessed_and_open_nothing() {
    let app = app_without_limits().await;
    let mut ids = BTreeSet::new();
    for number in 0..50 {
        let email = format!("p{number}@example.test");
        let browser = page(&app).await;
        let token = sign_up(&app, &browser, &email, PASSWORD).await;
        let reply = verify(&browser, &token).await;
        ids.insert(reply.json()["user"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 50);
    // A UUIDv7: 74 bits of each are random.
    let random: BTreeSet<String> = ids.iter().map(|id| id[15..].to_owned()).collect();
    assert_eq!(random.len(), 50);
    let beginnings: BTreeSet<&str> = random.iter().map(|random| &random[..3]).collect();
    assert!(beginnings.len() > 25, "they do not count up: {beginnings:?}");
    let browser = page(&app).await;
    for id in ids.iter().take(3) {
        for path in [
            format!("/api/users/{id}/"),
            format!("/api/users/profile/{id}/"),
            format!("/api/users/profile/?id={id}"),
        ] {
            let reply = browser.get(&path).await;
            assert!(matches!(reply.status.as_u16(), 401 | 404), "{path}: {}", reply.text);
        }
    }
}
