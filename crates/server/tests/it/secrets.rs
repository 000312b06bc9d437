//! S13, T05, T15, X04: secrets of sessions and mails appear in no log and in no file of the database.

use std::fs;

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::server::Server;
use crate::support::smtp_sink::{ReceivedMail, SmtpSink};

const PASSWORD: &str = "correct-horse-battery";

#[test]
fn x04_no_secret_is_logged_or_kept() {
    let server = Server::dev_with(&[("CLOAKROOM_LOG", "trace")], &[]);
    let origin = format!("http://{}", server.host());
    let mut ada = Browser::at(server.address(), &origin);
    let mut secrets = vec![PASSWORD.to_owned(), "another-canary-password".to_owned()];
    assert_eq!(ada.login("ada@example.test", "another-canary-password").status, 400);
    assert_eq!(ada.login("alan@example.test", PASSWORD).status, 403);
    secrets.extend(ada.cookies());
    assert_eq!(ada.login("ada@example.test", PASSWORD).status, 200);
    secrets.extend(ada.cookies());
    assert_eq!(ada.get("/api/users/profile/?token=canary-in-the-query").status, 200);
    assert_eq!(ada.get("/account?code=canary-in-the-query").status, 200);
    secrets.push("canary-in-the-query".to_owned());
    // Including the second ticket and a refused request.
    assert_eq!(ada.login("ada@example.test", PASSWORD).status, 200);
    secrets.extend(ada.cookies());
    ada.forget("csrftoken");
    assert_eq!(ada.post("/api/logout/", &json!({"password": PASSWORD})).status, 403);
    server.wait_for_output("csrf check failed");

    // The greeting of `dev` shows the sample password, which is public. No other line may contain it.
    let output = server.output();
    let greeting = format!("Sign in as ada@example.test, password {PASSWORD}\n");
    assert!(output.contains(&greeting), "the greeting: {output}");
    let output = output.replace(&greeting, "");
    assert!(output.contains("signed in"), "the log is there: {output}");
    assert!(secrets.len() >= 8, "each cookie is a canary: {secrets:?}");
    for secret in &secrets {
        assert!(!output.contains(secret.as_str()), "{secret} is in the log");
    }
    assert_not_kept(&server, &secrets);
}

fn assert_not_kept(server: &Server, secrets: &[String]) {
    for file in fs::read_dir(server.data_directory()).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

/// T05, T15, X04: everything that is done by mail, right and wrong, with the log at its most verbose level.
#[test]
fn x04_t15_no_secret_of_a_mail_is_logged_or_kept() {
    const NEW: &str = "canary-of-a-new-password";
    let sink = SmtpSink::start(&json!({}));
    let url = format!("smtp://127.0.0.1:{}", sink.port());
    let server = Server::dev_with(&[("CLOAKROOM_LOG", "trace"), ("CLOAKROOM_MAIL__URL", &url)], &[]);
    let mut eve = Browser::at(server.address(), &format!("http://{}", server.host()));
    let token = |mail: &ReceivedMail| {
        let text = mail.part("text/plain");
        let (_, rest) = text.split_once("#token=").expect("a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    };
    eve.get("/api/login-set-cookie/");
    assert_eq!(eve.post("/api/signup/", &json!({"email": "eve@example.test", "password": NEW})).status, 202);
    let signup = token(&sink.wait_for_mails(1)[0]);
    assert_eq!(eve.post("/api/email/verify/check/", &json!({"token": signup})).status, 200);
    assert_eq!(
        eve.post("/api/email/verify/", &json!({"token": signup, "email": NEW, "code": "123456"})).status,
        422
    );
    assert_eq!(
        eve.post("/api/password/reset/confirm/", &json!({"token": signup, "password": NEW})).status,
        410
    );
    assert_eq!(eve.get(&format!("/api/session/?token={signup}")).status, 200);
    assert_eq!(eve.post("/api/email/verify/", &json!({"token": signup})).status, 200);
    assert_eq!(eve.post("/api/email/change/", &json!({"email": "eve@elsewhere.test"})).status, 202);
    let two = sink.wait_for_mails(3);
    assert_eq!(eve.post("/api/password/reset/", &json!({"email": "eve@example.test"})).status, 202);
    let reset = token(&sink.wait_for_mails(4)[3]);
    assert_eq!(
        eve.post("/api/password/reset/confirm/", &json!({"token": reset, "password": "short"})).status,
        422
    );
    let mut secrets = vec![NEW.to_owned(), signup, token(&two[1]), token(&two[2]), reset.clone()];
    secrets.extend(eve.cookies());
    assert_eq!(
        eve.post("/api/password/reset/confirm/", &json!({"token": reset, "password": NEW})).status,
        200
    );
    sink.wait_for_mails(5);

    let output = server.wait_for_output("password reset");
    for secret in &secrets {
        assert!(!output.contains(secret.as_str()), "{secret} is in the log");
    }
    assert_not_kept(&server, &secrets);
}
