//! `[cookies]`: custom cookie names, next to the cookies of another program.

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app, app_with};
use crate::support::people::ADA;

async fn renamed(url: &str) -> App {
    let app = app_with(|config| {
        config.public_url = url.to_owned().try_into().unwrap();
        config.cookies = serde_json::from_value(json!({
            "session": "ck_session", "csrf": "ck_csrf", "browser": "ck_browser",
        }))
        .unwrap();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// Posts as a page that knows the custom name.
async fn post(browser: &Browser, path: &str, body: &serde_json::Value) -> Reply {
    let token = browser.cookie("ck_csrf").unwrap();
    browser.call(&Method::POST, path).json(body).instead("x-csrftoken", token).send().await
}

#[tokio::test]
async fn finding_v2_v12_cookies_have_the_names_of_the_configuration() {
    for (url, prefix) in [("http://localhost:3000", ""), ("https://auth.test", "__Host-")] {
        let app = renamed(url).await;
        let browser = app.browser();
        // Cookies that Django or another Cloakroom on this host keeps under the default names.
        browser.plant("csrftoken", "of-django");
        browser.plant("sessionid", "of-django");
        let page = browser.open_login_page().await;
        assert_eq!(page.headers["x-csrf-cookie"], "ck_csrf", "pages cannot know it");
        let credentials = json!({"email": ADA, "password": PASSWORD});
        let reply = post(&browser, "/api/login/", &credentials).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        for name in ["session", "browser"] {
            assert!(browser.cookie(&format!("{prefix}ck_{name}")).is_some(), "{name}");
        }
        for reply in [&page, &reply] {
            for name in ["csrftoken", "sessionid", "browser", "__Host-sessionid", "__Host-browser"] {
                assert!(reply.set_cookie(name).is_none(), "{name}");
            }
        }
        assert_eq!(browser.get("/api/users/profile/").await.json()["email"], ADA);
        assert_eq!(post(&browser, "/api/logout/", &json!({})).await.status, 200);
        assert_eq!(browser.cookie(&format!("{prefix}ck_session")), None);
        assert_eq!(
            (browser.cookie("csrftoken"), browser.state().await),
            (Some("of-django".into()), "anonymous".into())
        );
    }
}

/// Two servers on localhost share cookies, because cookies ignore the port.
#[tokio::test]
async fn finding_v12_two_servers_on_one_host_do_not_sign_each_other_out() {
    let (one, other) = (app().await, renamed("http://localhost:3000").await);
    one.add(ADA, Rank::Plain).await;
    let first = one.signed_in(ADA).await;
    let second = other.browser();
    for name in ["sessionid", "csrftoken", "browser"] {
        second.plant(name, &first.cookie(name).unwrap());
    }
    second.open_login_page().await;
    assert_eq!(post(&second, "/api/login/", &json!({"email": ADA, "password": PASSWORD})).await.status, 200);
    for name in ["sessionid", "csrftoken", "browser"] {
        assert_eq!(second.cookie(name), first.cookie(name), "{name} is the first one's still");
    }
    assert_eq!(first.state().await, "authenticated");
}

#[tokio::test]
async fn finding_v2_default_cookie_names_are_not_announced() {
    let page = app().await.browser().open_login_page().await;
    assert!(!page.headers.contains_key("x-csrf-cookie"));
}
