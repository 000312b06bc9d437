//! The fake providers: all of them in `dev`, none in `serve`.

use crate::support::browser::Browser;
use crate::support::server::Server;

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
    let mut browser = Browser::at(server.address(), &origin);
    let config = browser.get("/api/config/").json();
    let ids: Vec<_> = config["providers"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, PROVIDERS);
    for provider in PROVIDERS {
        let page = browser.get(&authorize(provider, &origin));
        assert_eq!(page.status, 200, "{}", page.text());
        for choice in ["No email", "Renamed email", "Deny", "Slow", "Broken"] {
            assert!(page.text().contains(choice), "{provider}: {choice}");
        }
        let is_vouching = provider != "facebook";
        for choice in ["Verified email", "Unverified email", "ada@example.test", "has verified it"] {
            assert_eq!(page.text().contains(choice), is_vouching, "{provider}: {choice}");
        }
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains(&format!("form-action 'self' {origin}")), "{policy}");
        assert!(!page.text().contains("<script") && !page.text().contains("style="), "{provider}");
        assert_eq!(browser.get(&format!("/dev/idp/{provider}/style.css")).status, 200);
        assert_eq!(browser.get(&format!("/dev/idp/{provider}/nothing")).status, 404);
    }
    assert_eq!(browser.get("/dev/idp/nobody/authorize").status, 404);
}

/// The fakes are as strict as the real providers: an app that would fail there fails here.
#[test]
fn a_request_that_a_real_provider_refuses_is_refused() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let mut browser = Browser::at(server.address(), &origin);
    let good = authorize("github", &origin);
    for (part, other) in [
        ("dev-github", "somebody"),
        ("%2Fcallback", "%2Fcallback%2F"),
        ("response_type=code", "response_type=token"),
        ("method=S256", "method=plain"),
        ("state=xxx", "stat=xxx"),
    ] {
        let page = browser.get(&good.replace(part, other));
        assert_eq!(page.status, 400, "{other}");
        assert!(page.header("location").is_none(), "{other}");
    }
}

#[test]
fn serve_has_nothing_of_development() {
    let server = Server::serve("public_url = \"http://localhost:3000\"", "");
    let mut browser = Browser::at(server.address(), "http://localhost:3000");
    assert_eq!(browser.get("/api/config/").json()["providers"], serde_json::json!([]));
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
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

/// At a provider whose addresses never count as verified, the fake offers nobody with a "verified" address or
/// that of an existing account.
#[test]
fn finding_u3_the_fake_facebook_offers_nobody_with_an_address_that_never_counts() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let mut browser = Browser::at(server.address(), &origin);
    let page = browser.get(&authorize("facebook", &origin)).text();
    for absent in ["Verified email", "Unverified email", "ada@example.test", "grace@example.test", "checkbox"]
    {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(
        page.contains("mary@example.test") && page.contains("does not say whether it is verified"),
        "{page}"
    );
}

/// Links of Python Social Auth use this name.
#[test]
fn finding_v15_google_oauth2_is_google_in_dev() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let mut browser = Browser::at(server.address(), &origin);
    let reply = browser.get("/api/social/google-oauth2/start/?return_to=%2Fwelcome");
    assert_eq!(reply.status, 302, "{}", reply.text());
    let location = reply.header("location").unwrap_or_default().to_owned();
    assert!(location.starts_with(&format!("{origin}/dev/idp/google/authorize?")), "{location}");
    let config = browser.get("/api/config/").json();
    let ids: Vec<_> = config["providers"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, PROVIDERS, "the alias has no button of its own");
}

/// Tested with the binary, where the page answers the GET.
#[test]
fn finding_q3_a_posted_answer_leads_to_the_page() {
    let server = Server::dev();
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", "https://appleid.apple.com"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let body = b"state=s&code=c.0&user=%7B%22name%22%3A%7B%22firstName%22%3A%22Mary%22%7D%7D";
    let reply = server.request("POST", "/auth/google/callback", &headers, body);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let location = reply.header("location").unwrap_or_default().to_owned();
    let expected =
        "/auth/google/callback?state=s&code=c.0&user=%7B%22name%22%3A%7B%22firstName%22%3A%22Mary%22%7D%7D";
    assert_eq!(location, expected);
    let page = server.request("GET", &location, &[("Accept", "text/html")], b"");
    assert_eq!(page.status, 200, "{}", page.text());
    for path in
        ["/auth/nobody/callback", "/auth/google/callback/", "/auth/google/callbacks", "/api/logout/", "/"]
    {
        let status = server.request("POST", path, &headers, body).status;
        assert!(matches!(status, 403..=405), "{path}: {status}");
    }
}
