//! A full sign-in with a certified OpenID provider, `oidc-provider` from npm: discovery, PKCE, an RS256
//! token, client authentication with `client_secret_basic`, `iss` in the answer, and a profile.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::app::app_with;
use crate::support::social_app::outcome;

/// The provider and a person's browser there. The process is killed on drop.
struct Elsewhere {
    process: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Elsewhere {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/oidc-provider.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .arg("http://localhost:3000/auth/corp/callback")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let orders = process.stdin.take().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = said.next().expect("web/node_modules has oidc-provider: run `make test` once").unwrap();
        Self { process, orders, said, issuer }
    }

    /// Visits the authorization URL, and returns the parameters that the browser is sent back with.
    fn visit(&mut self, url: &str) -> Value {
        writeln!(self.orders, "{url}").unwrap();
        let back = self.said.next().expect("it answers").unwrap();
        let back = url::Url::parse(&back).unwrap_or_else(|_| panic!("{back}"));
        let pairs =
            back.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
        Value::Object(pairs.collect())
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_certified_provider_signs_people_up_and_in() {
    let mut elsewhere = Elsewhere::start();
    let settings = json!([{
        "id": "corp", "kind": "oidc", "name": "Corp", "issuer": elsewhere.issuer,
        "client_id": "cloakroom", "client_secret": "of-cloakroom:%+ &",
    }]);
    let app = app_with(|config| config.provider = serde_json::from_value(settings).unwrap()).await;
    for expected in ["signed_up", "signed_in"] {
        let browser = app.browser();
        browser.open_login_page().await;
        let started = browser.post("/api/social/corp/start/", &json!({})).await;
        assert_eq!(started.status, 200, "{}", started.text);
        let answer = elsewhere.visit(started.json()["url"].as_str().unwrap());
        assert_eq!(answer["iss"], elsewhere.issuer, "{answer}");
        let mut without = answer.clone();
        without.as_object_mut().unwrap().remove("iss");
        let reply = browser.post("/api/social/corp/", &answer).await;
        assert_eq!(outcome(&reply), expected, "{}", reply.text);
        assert_eq!(reply.json()["user"]["email"], "ann@op.example");
        let again = browser.post("/api/social/corp/", &without).await;
        assert_eq!(outcome(&again), "state_mismatch", "{}", again.text);
    }
}
