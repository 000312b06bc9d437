//! `GET /api/login-set-cookie/` and `POST /api/login/` (`flow/login.rs`, `password/`; catalogue E01, E02, W01 to W12, M01).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use cloakroom::administration::{self, Rank};
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::{Value, json};

use crate::support::database::{App, app, app_without_limits};
use crate::support::race::at_once;
use crate::support::timing::assert_alike;

const ADA: &str = "ada@example.test";
const ALAN: &str = "alan@example.test";
const WRONG: &str = "wrong-horse-battery";

#[tokio::test]
async fn a_person_signs_in_as_the_article_tells_it() {
    let app = app().await;
    app.add("ada@example.test", Rank::Superuser).await;
    let browser = app.browser();
    let page = browser.open_login_page().await;
    assert_eq!((page.status.as_u16(), page.json()["detail"].as_str()), (200, Some("CSRF cookie set")));
    let reply = browser.login("ada@example.test", PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["detail"], "Success");
    assert_eq!(reply.json()["next"], "done");
    assert_eq!(reply.json()["user"]["email"], "ada@example.test");
    let profile = browser.get("/api/users/profile/").await;
    assert_eq!(profile.status, 200);
    assert_eq!(profile.json()["is_superuser"], true);
    let out = browser.post("/api/logout/", &serde_json::json!({})).await;
    assert_eq!((out.status.as_u16(), out.json()["detail"].as_str()), (200, Some("Logout Successful")));
    assert_eq!(browser.get("/api/users/profile/").await.code(), "not_authenticated");
}

/// An app with Ada, with Alan who is deactivated, and with accounts whose password nobody has.
async fn app_with_accounts() -> App {
    let app = app_without_limits().await;
    for email in [ADA, ALAN, "social@example.test", "django@example.test", "greedy@example.test"] {
        app.add(email, Rank::Plain).await;
    }
    administration::set_active(&app.cloakroom, ALAN, false).await.unwrap();
    set_hash(&app, "social@example.test", None).await;
    set_hash(&app, "django@example.test", Some("!unusable")).await;
    set_hash(&app, "greedy@example.test", Some(&hostile("m=8388608,t=2,p=1"))).await;
    app
}

async fn set_hash(app: &App, email: &str, hash: Option<&str>) {
    let hash = hash.map_or("NULL".to_owned(), |hash| format!("'{hash}'"));
    let sql = format!("UPDATE users SET password_hash = {hash} WHERE email = '{email}'");
    assert_eq!(app.database.change(&sql).await, 1);
}

async fn hash_of(app: &App, email: &str) -> String {
    let sql = format!("SELECT password_hash FROM users WHERE email = '{email}'");
    app.database.texts(&sql).await.remove(0)
}

/// A PHC string of no password, that asks for more than anyone should give.
fn hostile(params: &str) -> String {
    format!("$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}

/// What an older version, or another program, would have stored for `password`.
fn weaker_hash(password: &str) -> String {
    let (salt, mut output) = (b"sixteen salt byt", [0; 32]);
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut output)
        .unwrap();
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    format!("$argon2id$v=19$m=64,t=1,p=1${salt}${output}")
}

async fn page(app: &App) -> Browser {
    let browser = app.browser();
    browser.open_login_page().await;
    browser
}

/// Status, headers in order of name, and body: all that the sender can see.
fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    (reply.status.as_u16(), headers, reply.text.clone())
}

/// E01: only who knows the password learns anything about the account.
#[tokio::test]
async fn e01_every_login_that_fails_gets_the_same_answer() {
    let app = app_with_accounts().await;
    let unknown = page(&app).await.login("nobody@example.test", WRONG).await;
    assert_eq!((unknown.status.as_u16(), &*unknown.code()), (400, "invalid_credentials"));
    assert_eq!(unknown.json()["detail"], "Email or password is not correct.");
    assert!(!unknown.headers.contains_key("set-cookie"));
    page(&app).await.signup("waiting@example.test", PASSWORD).await;
    for email in [
        ADA,
        ALAN,
        "social@example.test",
        "django@example.test",
        "greedy@example.test",
        "waiting@example.test",
    ] {
        let reply = page(&app).await.login(email, WRONG).await;
        assert_eq!(seen(&reply), seen(&unknown), "{email}");
    }
    for email in [
        "social@example.test",
        "django@example.test",
        "greedy@example.test",
        "waiting@example.test",
        "nobody@example.test",
    ] {
        let reply = page(&app).await.login(email, PASSWORD).await;
        assert_eq!(seen(&reply), seen(&unknown), "{email}, with a password that is right elsewhere");
    }
    // The same for somebody who is signed in already.
    let ada = app.signed_in(ADA).await;
    assert_eq!(seen(&ada.login("nobody@example.test", WRONG).await), seen(&ada.login(ALAN, WRONG).await));
}

#[tokio::test]
async fn that_an_account_is_deactivated_is_told_only_after_the_right_password() {
    let app = app_with_accounts().await;
    let alan = page(&app).await;
    assert_eq!(alan.login(ALAN, WRONG).await.code(), "invalid_credentials");
    let reply = alan.login(ALAN, PASSWORD).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "account_inactive"));
    assert!(!reply.headers.contains_key("set-cookie"));
    assert_eq!((&*alan.state().await, app.database.rows("sessions").await), ("anonymous", 0));
}

/// Without the hash that is computed for nobody, an unknown address would be answered many times sooner.
///
/// A busy machine only ever adds time, so the quickest answer of each kind tells what its work costs: samples are taken
/// until these agree, or until it is plain that they never will.
#[tokio::test]
async fn e02_no_kind_of_account_is_told_by_the_time_of_its_answer() {
    let app = app_with_accounts().await;
    app.add("weak@example.test", Rank::Plain).await;
    set_hash(&app, "weak@example.test", Some(&weaker_hash(PASSWORD))).await;
    let browser = page(&app).await;
    let kinds = [
        ADA,
        "nobody@example.test",
        ALAN,
        "social@example.test",
        "django@example.test",
        "greedy@example.test",
        "weak@example.test",
    ];
    assert_alike("a wrong password", &kinds, async |email| {
        assert_eq!(browser.login(email, WRONG).await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn w01_a_password_longer_than_any_is_refused_before_anything_is_computed() {
    let app = app_with_accounts().await;
    let browser = page(&app).await;
    let longest = browser.login(ADA, &"x".repeat(256)).await;
    assert_eq!(longest.code(), "invalid_credentials", "256 bytes may be a password");
    for password in ["x".repeat(257), "\u{e9}".repeat(129), "x".repeat(60_000)] {
        let mut quickest = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let reply = browser.login(ADA, &password).await;
            quickest = quickest.min(start.elapsed());
            assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "validation_failed"));
            assert_eq!(reply.json()["errors"][0]["field"], "password");
            assert_eq!(reply.json()["errors"][0]["code"], "too_long");
        }
        assert!(quickest < Duration::from_millis(50), "{quickest:?}");
    }
    let new = administration::set_password(&app.cloakroom, ADA, &"xy".repeat(129)).await;
    assert_eq!(new.unwrap_err().code(), "validation_failed");
}

/// W02 and W03: passwords that some would cut, trim or fold are other passwords.
#[tokio::test]
async fn w02_w03_only_the_exact_characters_sign_in() {
    let app = app_with_accounts().await;
    let long = "x".repeat(255);
    let cases = [
        (
            format!("{long}a"),
            vec![format!("{long}b"), long[..72].to_owned(), long[..127].to_owned(), long.clone()],
        ),
        (
            " padded horse battery ".into(),
            vec!["padded horse battery".into(), " padded horse battery".into()],
        ),
        (
            "caf\u{e9} horse battery".into(),
            vec!["cafe horse battery".into(), "CAF\u{c9} horse battery".into()],
        ),
        ("nul\0 horse battery".into(), vec!["nul".into(), "nul horse battery".into()]),
        ("nbsp\u{a0}horse battery".into(), vec!["nbsp horse battery".into()]),
        ("\u{1f434}\u{1f50b}".repeat(6), vec!["\u{1f434}\u{1f50b}".repeat(5)]),
        ("Case Horse Battery".into(), vec!["case horse battery".into()]),
    ];
    for (password, others) in cases {
        administration::set_password(&app.cloakroom, ADA, &password).await.unwrap();
        let browser = page(&app).await;
        for other in others {
            assert_eq!(browser.login(ADA, &other).await.code(), "invalid_credentials", "{other:?}");
        }
        assert_eq!(browser.login(ADA, &password).await.status, 200, "{password:?}");
    }
}

/// N8: forms that nobody can tell apart by eye are one password, wherever it was chosen and wherever it is typed.
#[tokio::test]
async fn finding_n8_w03_a_password_opens_in_whichever_form_it_is_typed() {
    let app = app_with_accounts().await;
    let forms = ["caf\u{e9} horse battery", "cafe\u{301} horse battery"];
    for chosen in forms {
        administration::set_password(&app.cloakroom, ADA, chosen).await.unwrap();
        for typed in forms {
            let ada = page(&app).await;
            assert_eq!(ada.login(ADA, typed).await.status, 200, "{chosen:?} typed as {typed:?}");
            let again = ada.post("/api/reauthenticate/", &json!({"password": typed})).await;
            assert_eq!(again.status, 200, "{}", again.text);
        }
    }
    // In its parts this one has more bytes than a password may have.
    let (longest, parts) = ("\u{e9}".repeat(128), "e\u{301}".repeat(128));
    administration::set_password(&app.cloakroom, ADA, &longest).await.unwrap();
    assert_eq!(page(&app).await.login(ADA, &parts).await.status, 200);
    // Length is judged by what can be seen.
    for short in ["\u{e9}".repeat(9), "e\u{301}".repeat(9)] {
        let refused = administration::set_password(&app.cloakroom, ADA, &short).await.unwrap_err();
        assert_eq!(refused.code(), "validation_failed", "{short:?}");
    }
}

/// The second comparison is made for what was typed, never for the account.
#[tokio::test]
async fn finding_n8_e02_the_second_form_tells_nothing_of_the_account() {
    let app = app_with_accounts().await;
    app.add("weak@example.test", Rank::Plain).await;
    set_hash(&app, "weak@example.test", Some(&weaker_hash(PASSWORD))).await;
    let browser = page(&app).await;
    let kinds = [ADA, "nobody@example.test", "social@example.test", "weak@example.test"];
    assert_alike("a wrong password in parts", &kinds, async |email| {
        assert_eq!(browser.login(email, "wrong cafe\u{301} horse").await.status, 400);
    })
    .await;
}

const NIKOS: &str = "\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c2}@example.test";
const CAPITAL_NIKOS: &str = "\u{39d}\u{38a}\u{39a}\u{39f}\u{3a3}@example.test";

#[tokio::test]
async fn finding_n15_an_address_in_capitals_is_the_same_account() {
    let app = app_without_limits().await;
    app.add(NIKOS, Rank::Plain).await;
    assert_eq!(page(&app).await.login(CAPITAL_NIKOS, PASSWORD).await.status, 200);
    let again = administration::add(&app.cloakroom, CAPITAL_NIKOS, PASSWORD, Rank::Plain).await;
    assert_eq!(again.unwrap_err().code(), "already_exists");
    page(&app).await.signup(CAPITAL_NIKOS, PASSWORD).await;
    assert!(app.mail_to(NIKOS).await.subject.contains("already have an account"));
}

/// A row of an older version, which compared in lower case.
async fn plant_lower(app: &App, email: &str, spelling: &str, lower: &str) {
    let sql =
        format!("UPDATE users SET email = '{spelling}', email_canonical = '{lower}' WHERE email = '{email}'");
    assert_eq!(app.database.change(&sql).await, 1);
}

#[tokio::test]
async fn finding_n15_an_account_of_an_older_version_is_found_in_every_spelling() {
    let app = app_without_limits().await;
    app.add(NIKOS, Rank::Plain).await;
    plant_lower(&app, NIKOS, NIKOS, NIKOS).await;
    assert_eq!(page(&app).await.login(NIKOS, PASSWORD).await.status, 200, "before it is brought up to date");
    let node = app.another_node().await;
    for spelling in [NIKOS, CAPITAL_NIKOS] {
        let browser = node.browser();
        browser.open_login_page().await;
        assert_eq!(browser.login(spelling, PASSWORD).await.status, 200, "{spelling}");
    }
}

#[tokio::test]
async fn finding_n15_two_accounts_that_an_older_version_kept_apart_go_on() {
    let app = app_without_limits().await;
    let (first, second) = (app.add(NIKOS, Rank::Plain).await, app.add("eve@example.test", Rank::Plain).await);
    plant_lower(&app, NIKOS, NIKOS, NIKOS).await;
    plant_lower(&app, "eve@example.test", CAPITAL_NIKOS, "\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c3}@example.test")
        .await;
    let node = app.another_node().await;
    for (spelling, account) in [(NIKOS, first), (CAPITAL_NIKOS, second)] {
        let browser = node.browser();
        browser.open_login_page().await;
        let reply = browser.login(spelling, PASSWORD).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["user"]["id"]),
            (200, &json!(account.id)),
            "{spelling}"
        );
        browser.post("/api/password/reset/", &json!({"email": spelling})).await;
        let token = node.mail_to(spelling).await.token();
        let new = json!({"token": token, "password": "another-horse-battery"});
        assert_eq!(browser.post("/api/password/reset/confirm/", &new).await.status, 200, "{spelling}");
        assert_eq!(browser.login(spelling, "another-horse-battery").await.json()["user"]["id"], account.id);
    }
}

#[tokio::test]
async fn w06_a_weaker_stored_hash_is_replaced_at_the_next_login() {
    let app = app_with_accounts().await;
    let weak = weaker_hash(PASSWORD);
    set_hash(&app, ADA, Some(&weak)).await;
    let browser = page(&app).await;
    assert_eq!(browser.login(ADA, WRONG).await.code(), "invalid_credentials");
    assert_eq!(hash_of(&app, ADA).await, weak, "not by a try that failed");
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    let strong = hash_of(&app, ADA).await;
    assert!(strong.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{strong}");
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(hash_of(&app, ADA).await, strong, "once is enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w06_everyone_with_the_right_password_comes_in_while_a_hash_is_being_replaced() {
    let app = app_with_accounts().await;
    set_hash(&app, ADA, Some(&weaker_hash(PASSWORD))).await;
    let browsers = browsers(&app, 4).await;
    let replies = at_once(4, |number| {
        let browser = Arc::clone(&browsers[number]);
        async move { browser.login(ADA, PASSWORD).await }
    })
    .await;
    for reply in replies {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

async fn browsers(app: &App, count: usize) -> Vec<Arc<Browser>> {
    let mut browsers = Vec::with_capacity(count);
    for _ in 0..count {
        browsers.push(Arc::new(page(app).await));
    }
    browsers
}

/// 200 at once are more than the queue holds. Who does not fit hears it at once; who is signed in notices nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w07_a_flood_of_logins_is_answered_in_part_at_once_and_wholly_in_time() {
    let app = app_with_accounts().await;
    let ada = Arc::new(app.signed_in(ADA).await);
    let browsers = browsers(&app, 200).await;
    let start = Instant::now();
    let replies = at_once(201, |number| {
        let (browser, ada) = (browsers.get(number).cloned(), Arc::clone(&ada));
        async move {
            let Some(browser) = browser else {
                return (ada.get("/api/users/profile/").await, start.elapsed());
            };
            let email = if number.is_multiple_of(2) { ADA } else { "nobody@example.test" };
            let password = if number.is_multiple_of(10) { PASSWORD } else { WRONG };
            (browser.login(email, password).await, start.elapsed())
        }
    })
    .await;
    let statuses: BTreeSet<u16> = replies.iter().map(|(reply, _)| reply.status.as_u16()).collect();
    assert!(statuses.is_subset(&BTreeSet::from([200, 400, 503])), "{statuses:?}");
    let busy: Vec<_> = replies.iter().filter(|(reply, _)| reply.status == 503).collect();
    assert!(
        (1..=72).contains(&busy.len()),
        "the queue holds 128, not all of 200: {} were turned away",
        busy.len()
    );
    for (reply, elapsed) in busy {
        assert_eq!((&*reply.code(), &reply.headers["retry-after"]), ("unavailable", &"2".parse().unwrap()));
        assert!(*elapsed < Duration::from_secs(10), "turned away after {elapsed:?}");
    }
    // The threads that hash yield to everything else that runs.
    assert!(start.elapsed() < Duration::from_mins(5), "{:?}", start.elapsed());
    assert_eq!(page(&app).await.login(ADA, PASSWORD).await.status, 200, "it is over");
}

#[tokio::test]
async fn w08_a_stored_hash_that_asks_for_too_much_is_nobodys_password() {
    let app = app_with_accounts().await;
    for params in
        ["m=8388608,t=2,p=1", "m=19456,t=1000,p=1", "m=4294967295,t=4294967295,p=1", "m=19456,t=2,p=16777215"]
    {
        set_hash(&app, ADA, Some(&hostile(params))).await;
        let start = Instant::now();
        let reply = page(&app).await.login(ADA, PASSWORD).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "invalid_credentials"), "{params}");
        assert!(start.elapsed() < Duration::from_secs(5), "{params}: {:?}", start.elapsed());
    }
    for broken in [
        "",
        "x",
        "$argon2id$",
        "$argon2id$v=19$m=64,t=1,p=1$$",
        "pbkdf2_sha256$870000$salt$aGFzaA==",
        "$2b$12$abcdefghijklmnopqrstuv",
    ] {
        set_hash(&app, ADA, Some(broken)).await;
        assert_eq!(page(&app).await.login(ADA, PASSWORD).await.code(), "invalid_credentials", "{broken}");
    }
}

#[tokio::test]
async fn w09_an_account_without_a_password_has_none_not_an_empty_one() {
    let app = app_with_accounts().await;
    for stored in [None, Some(""), Some("!")] {
        set_hash(&app, "social@example.test", stored).await;
        let browser = page(&app).await;
        for (body, code) in [
            (json!({"email": "social@example.test", "password": ""}), "required"),
            (json!({"email": "social@example.test"}), "required"),
            (json!({"email": "social@example.test", "password": null}), "invalid"),
        ] {
            let reply = browser.post("/api/login/", &body).await;
            assert_eq!(reply.status, 422, "{body}: {}", reply.text);
            assert_eq!(reply.json()["errors"][0]["field"], "password", "{body}");
            assert_eq!(reply.json()["errors"][0]["code"], code, "{body}");
        }
        for password in ["!", " ", "\0", "null"] {
            assert_eq!(browser.login("social@example.test", password).await.code(), "invalid_credentials");
        }
        assert_eq!(browser.state().await, "anonymous");
    }
}

#[tokio::test]
async fn w10_a_password_is_text_and_nothing_else() {
    let app = app_with_accounts().await;
    let browser = page(&app).await;
    for value in [json!(1), json!(1e300), json!(true), json!([PASSWORD]), json!({"": PASSWORD}), Value::Null]
    {
        for field in ["email", "password"] {
            let mut body = json!({"email": ADA, "password": PASSWORD});
            body[field] = value.clone();
            let reply = browser.post("/api/login/", &body).await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "validation_failed"), "{body}");
            let error = &reply.json()["errors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!("invalid")), "{body}");
            assert_eq!(browser.state().await, "anonymous", "{body}");
        }
    }
}

/// A login that would store a better hash of the old password, while the password is being changed: whichever comes first,
/// the change stays, and no session of the old password outlives it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w12_a_change_of_password_survives_a_login_that_is_under_way() {
    let app = Arc::new(app_with_accounts().await);
    for round in 0..6 {
        let (old, new) = (format!("old-horse-battery-{round}"), format!("new-horse-battery-{round}"));
        set_hash(&app, ADA, Some(&weaker_hash(&old))).await;
        let browser = Arc::new(page(&app).await);
        at_once(2, |number| {
            let (app, browser, old, new) = (Arc::clone(&app), Arc::clone(&browser), old.clone(), new.clone());
            async move {
                if number == 0 {
                    // Sooner or later within the hash of the other.
                    tokio::time::sleep(Duration::from_millis(8 * round)).await;
                    let reply = browser.login(ADA, &old).await;
                    assert!(matches!(reply.status.as_u16(), 200 | 400), "{}", reply.text);
                } else {
                    administration::set_password(&app.cloakroom, ADA, &new).await.unwrap();
                }
            }
        })
        .await;
        assert_eq!(browser.state().await, "anonymous", "round {round}");
        assert_eq!(browser.login(ADA, &old).await.code(), "invalid_credentials", "round {round}");
        assert_eq!(browser.login(ADA, &new).await.status, 200, "round {round}");
    }
}

#[tokio::test]
async fn m01_fields_that_are_not_of_the_form_are_refused_and_change_nothing() {
    let app = app_with_accounts().await;
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
        "created_at",
        "next",
        "Email",
        "",
    ] {
        let mut body = json!({"email": ADA, "password": PASSWORD});
        body[field] = json!(true);
        let reply = browser.post("/api/login/", &body).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "validation_failed"), "{field}");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!("unknown")), "{field}");
        assert_eq!(browser.state().await, "anonymous", "{field}");
    }
    let account = administration::show(&app.cloakroom, ADA).await.unwrap();
    assert!(account.is_active && !account.is_staff && !account.is_superuser);
    let reply = browser.post("/api/logout/", &json!({"user_id": account.id})).await;
    assert_eq!(reply.json()["errors"][0]["code"], "unknown");
}

#[tokio::test]
async fn m06_a_new_database_has_no_account_to_guess() {
    let app = app().await;
    assert_eq!(app.database.rows("users").await, 0);
    assert_eq!(page(&app).await.login(ADA, PASSWORD).await.code(), "invalid_credentials");
}

/// B08: spellings of one address are one account, and the reply shows the owner's.
#[tokio::test]
async fn b08_any_spelling_of_the_address_signs_in_to_the_same_account() {
    let app = app_without_limits().await;
    let account = app.add("Ren\u{e9}e@Example.test", Rank::Plain).await;
    for spelling in [
        "Ren\u{e9}e@Example.test",
        "ren\u{e9}e@example.test",
        "REN\u{c9}E@EXAMPLE.TEST",
        "rene\u{301}e@example.test",
        " ren\u{e9}e@example.test\t",
        "ren\u{e9}e@\u{ff45}xample.test",
        "\u{ff52}en\u{e9}e@example.test",
    ] {
        let reply = page(&app).await.login(spelling, PASSWORD).await;
        assert_eq!(reply.status, 200, "{spelling:?}: {}", reply.text);
        assert_eq!(reply.json()["user"]["id"], account.id);
        assert_eq!(reply.json()["user"]["email"], "Ren\u{e9}e@Example.test");
        let again = administration::add(&app.cloakroom, spelling, PASSWORD, Rank::Plain).await;
        assert_eq!(again.unwrap_err().code(), "already_exists", "{spelling:?}");
    }
    assert_eq!(page(&app).await.login("renee@example.test", PASSWORD).await.code(), "invalid_credentials");
}

#[tokio::test]
async fn a_form_that_cannot_be_right_is_told_field_by_field() {
    let app = app().await;
    let browser = page(&app).await;
    let required = |field: &str, detail: &str| json!({"field": field, "code": "required", "detail": detail});
    let email = required("email", "Enter your email address.");
    let password = required("password", "Enter your password.");
    for (body, errors) in [
        (json!({}), json!([email, password])),
        (json!({"email": "", "password": ""}), json!([email, password])),
        (json!({"email": " \t", "password": "x"}), json!([email])),
        (json!({"email": ADA}), json!([password])),
    ] {
        let reply = browser.post("/api/login/", &body).await;
        assert_eq!(reply.status, 422, "{body}");
        let problem = reply.json();
        assert_eq!(problem["errors"], errors, "{body}");
        assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(422)));
        assert_eq!(problem["code"], "validation_failed");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    for email in [
        "ada",
        "ada@",
        "@example.test",
        "ada@example..test",
        "a@b@c",
        "ada@x.test,eve@y.test",
        &"a".repeat(60_000),
    ] {
        let reply = browser.login(email, PASSWORD).await;
        assert_eq!(reply.status, 422, "{email}");
        assert_eq!(reply.json()["errors"][0]["field"], "email");
        assert_eq!(reply.json()["errors"][0]["code"], "invalid");
    }
    assert_eq!(app.database.rows("limits").await, 0, "what cannot be right is not counted");
}

#[tokio::test]
async fn no_reply_repeats_the_password() {
    let app = app_with_accounts().await;
    let browser = page(&app).await;
    for body in [
        json!({"email": ADA, "password": PASSWORD}),
        json!({"email": ALAN, "password": PASSWORD}),
        json!({"email": PASSWORD, "password": PASSWORD}),
        json!({"email": "nobody@example.test", "password": PASSWORD}),
        json!({"email": [PASSWORD], "password": PASSWORD}),
        json!({"email": ADA, "password": {"x": PASSWORD}}),
    ] {
        let reply = browser.call(&Method::POST, "/api/login/").json(&body).send().await;
        assert!(!reply.text.contains(PASSWORD), "{}", reply.text);
    }
}
