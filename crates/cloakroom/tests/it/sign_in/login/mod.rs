//! `GET /api/login-set-cookie/` and `POST /api/login/` (`flow/sign_in/login.rs`; security case M06, and those
//! in the files of this folder).

mod addresses;
mod answers;
mod form;
mod hashes;
mod passwords;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use cloakroom::administration::Rank;
use cloakroom::testing::{PASSWORD, Reply};

use crate::support::app::{App, app, app_without_limits};
use crate::support::people::{ADA, visitor};

const ALAN: &str = "alan@example.test";

#[tokio::test]
async fn a_person_signs_in_reads_their_profile_and_signs_out() {
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

/// An app with Ada, with Alan, who is deactivated, and with accounts that no password opens.
async fn app_with_accounts() -> App {
    let app = app_without_limits().await;
    for email in [ADA, ALAN, "social@example.test", "django@example.test", "greedy@example.test"] {
        app.add(email, Rank::Plain).await;
    }
    app.cloakroom.administration().set_active(ALAN, false).await.unwrap();
    set_hash(&app, "social@example.test", None).await;
    set_hash(&app, "django@example.test", Some("!unusable")).await;
    set_hash(&app, "greedy@example.test", Some(&hostile("m=8388608,t=2,p=1"))).await;
    app
}

async fn set_hash(app: &App, email: &str, hash: Option<&str>) {
    let hash = hash.map_or("NULL".to_owned(), |hash| format!("'{hash}'"));
    let sql = format!("UPDATE cloakroom_users SET password_hash = {hash} WHERE email = '{email}'");
    assert_eq!(app.database.change(&sql).await, 1);
}

async fn hash_of(app: &App, email: &str) -> String {
    let sql = format!("SELECT password_hash FROM cloakroom_users WHERE email = '{email}'");
    app.database.texts(&sql).await.remove(0)
}

/// A hash in PHC format that matches no password and demands excessive resources.
fn hostile(params: &str) -> String {
    format!("$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}

/// A weaker hash of `password`, as an older version or another program would have stored it.
fn weaker_hash(password: &str) -> String {
    let (salt, mut output) = (b"sixteen salt byt", [0; 32]);
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut output)
        .unwrap();
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    format!("$argon2id$v=19$m=64,t=1,p=1${salt}${output}")
}

/// Everything in a reply that a client can compare: status, sorted headers, and body.
fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    (reply.status.as_u16(), headers, reply.text.clone())
}

#[tokio::test]
async fn m06_a_new_database_has_no_account_to_guess() {
    let app = app().await;
    assert_eq!(app.database.rows("users").await, 0);
    assert_eq!(visitor(&app).await.login(ADA, PASSWORD).await.code(), "invalid_credentials");
}
