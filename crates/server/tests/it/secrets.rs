//! X04, S13: whatever was secret in a session's life stands in no log, and in no file of the database.

use std::fs;

use serde_json::json;

use crate::person::Person;
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

#[test]
fn x04_no_secret_is_logged_or_kept() {
    let server = Server::dev_with(&[("CLOAKROOM_LOG", "trace")], &[]);
    let origin = format!("http://{}", server.host());
    let mut ada = Person::at(server.address(), &origin);
    let mut secrets = vec![PASSWORD.to_owned(), "another-canary-password".to_owned()];
    assert_eq!(ada.login("ada@example.test", "another-canary-password").status, 400);
    assert_eq!(ada.login("alan@example.test", PASSWORD).status, 403);
    secrets.extend(ada.cookies());
    assert_eq!(ada.login("ada@example.test", PASSWORD).status, 200);
    secrets.extend(ada.cookies());
    assert_eq!(ada.get("/api/users/profile/?token=canary-in-the-query").status, 200);
    assert_eq!(ada.get("/account?code=canary-in-the-query").status, 200);
    secrets.push("canary-in-the-query".to_owned());
    // Through the second ticket, and a refused request.
    assert_eq!(ada.login("ada@example.test", PASSWORD).status, 200);
    secrets.extend(ada.cookies());
    ada.forget("csrftoken");
    assert_eq!(ada.post("/api/logout/", &json!({"password": PASSWORD})).status, 403);
    server.wait_for_output("csrf check failed");

    // `dev` tells the password of its sample users when it starts; everything after that is the log.
    let output = server.output();
    let output = output.split_once(PASSWORD).expect("the greeting").1;
    assert!(output.contains("signed in"), "the log is there: {output}");
    assert!(secrets.len() >= 8, "each cookie is a canary: {secrets:?}");
    for secret in &secrets {
        assert!(!output.contains(secret.as_str()), "{secret} is in the log");
    }
    for file in fs::read_dir(server.data_directory()).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}
