//! The fake providers: everything in `dev`, nothing in `serve`.

use crate::person::Person;
use crate::server::Server;

const PROVIDERS: [&str; 3] = ["github", "google", "facebook"];

fn authorize(provider: &str, origin: &str) -> String {
    let callback = format!("{origin}/auth/{provider}/callback").replace(':', "%3A").replace('/', "%2F");
    let random = "x".repeat(43);
    format!(
        "/dev/idp/{provider}/authorize?response_type=code&client_id=dev-{provider}&redirect_uri={callback}&scope=openid\
         &state={random}&nonce={random}&code_challenge={random}&code_challenge_method=S256"
    )
}

#[test]
fn dev_offers_three_providers_and_a_page_to_choose_who_to_be() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let mut person = Person::at(server.address(), &origin);
    let config = person.get("/api/config/").json();
    let ids: Vec<_> = config["providers"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, PROVIDERS);
    for provider in PROVIDERS {
        let page = person.get(&authorize(provider, &origin));
        assert_eq!(page.status, 200, "{}", page.text());
        for choice in
            ["Verified email", "Unverified email", "No email", "Renamed email", "Deny", "Slow", "Broken"]
        {
            assert!(page.text().contains(choice), "{provider}: {choice}");
        }
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains(&format!("form-action 'self' {origin}")), "{policy}");
        assert!(!page.text().contains("<script") && !page.text().contains("style="), "{provider}");
        assert_eq!(person.get(&format!("/dev/idp/{provider}/style.css")).status, 200);
        assert_eq!(person.get(&format!("/dev/idp/{provider}/nothing")).status, 404);
    }
    assert_eq!(person.get("/dev/idp/nobody/authorize").status, 404);
}

/// As strict as the real ones: an app that would fail there fails here.
#[test]
fn a_request_that_a_real_provider_refuses_is_refused() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let mut person = Person::at(server.address(), &origin);
    let good = authorize("github", &origin);
    for (part, other) in [
        ("dev-github", "somebody"),
        ("%2Fcallback", "%2Fcallback%2F"),
        ("response_type=code", "response_type=token"),
        ("method=S256", "method=plain"),
        ("state=xxx", "stat=xxx"),
    ] {
        let page = person.get(&good.replace(part, other));
        assert_eq!(page.status, 400, "{other}");
        assert!(page.header("location").is_none(), "{other}");
    }
}

#[test]
fn serve_has_nothing_of_development() {
    let server = Server::serve("public_url = \"http://localhost:3000\"", "");
    let mut person = Person::at(server.address(), "http://localhost:3000");
    assert_eq!(person.get("/api/config/").json()["providers"], serde_json::json!([]));
    for path in [
        "/dev",
        "/dev/",
        "/dev/mail",
        "/dev/idp/github/authorize",
        "/dev/idp/github/token",
        "/dev/idp/google/.well-known/openid-configuration",
        "/dev/idp/github/style.css",
    ] {
        let reply = server.request("GET", path, &[("Accept", "text/html")], b"");
        assert_eq!(reply.status, 404, "{path}");
    }
    for path in ["/api/dev/mail/", "/api/dev/", "/api/dev/mail"] {
        assert_eq!(person.get(path).status, 404, "{path}");
    }
}
