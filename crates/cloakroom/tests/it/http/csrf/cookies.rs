//! Duplicate cookies, and cookies whose names only resemble ours (C09).

use cloakroom::administration::Rank;
use http::Method;
use serde_json::json;

use super::{
    EVE, ada_signed_in, assert_a_proper_request_passes, assert_refused, logout, session_name, session_only,
};
use crate::support::app::{app, https_app};

#[tokio::test]
async fn c09_of_several_csrf_cookies_the_one_that_verifies_counts() {
    for app in [app().await, https_app().await] {
        let (_app, ada) = ada_signed_in(app).await;
        let token = ada.cookie("csrftoken").unwrap();
        let session = session_only(&ada);
        for cookies in [
            format!("{session}; csrftoken={token}; csrftoken=evil"),
            format!("{session}; csrftoken=evil; csrftoken={token}"),
            format!("{session}; csrftoken={token}; csrftoken={token}"),
            format!("csrftoken=; {session}; csrftoken={token}"),
            format!("{session};csrftoken={token};\tcsrftoken =evil"),
            format!("{session}; csrftoken={token}; a=\"; csrftoken=evil; x=\""),
            format!("{session}; {}csrftoken={token}", "csrftoken=evil; ".repeat(100)),
        ] {
            let request =
                || ada.call(&Method::POST, "/api/login/").json(&json!({})).instead("cookie", &cookies);
            assert_eq!(request().send().await.code(), "validation_failed", "let through: {cookies}");
            let planted = request().instead("x-csrftoken", "evil").send().await;
            assert_refused(planted, &ada, &format!("the planted one: {cookies}")).await;
        }
        assert_a_proper_request_passes(&ada).await;
    }
}

#[tokio::test]
async fn c09_a_csrf_cookie_that_is_not_ours_to_the_byte_is_none() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let token = ada.cookie("csrftoken").unwrap();
    let session = session_only(&ada);
    for cookies in [
        format!("{session}; a=\"; csrftoken=evil; x=\""),
        format!("{session}; csrftoken=\"{token}\""),
        format!("{session}; CSRFTOKEN={token}"),
        format!("{session}, csrftoken={token}"),
    ] {
        let reply = logout(&ada).instead("cookie", &cookies).send().await;
        assert_refused(reply, &ada, &cookies).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c09_two_session_cookies_count_as_none() {
    for app in [app().await, https_app().await] {
        app.add(EVE, Rank::Plain).await;
        let (app, ada) = ada_signed_in(app).await;
        let eve = app.signed_in(EVE).await;
        let (hers, evil) = (session_only(&ada), session_only(&eve));
        let token = ada.cookie("csrftoken").unwrap();
        let name = session_name(&ada);
        for session in [
            format!("{hers}; {evil}"),
            format!("{evil}; {hers}"),
            format!("{hers}; {hers}"),
            format!("{name}=; {hers}"),
            format!("{hers}; {name}=garbage"),
            format!("$Version=1; {}", hers.replacen('=', "=\"", 1) + "\""),
        ] {
            let profile =
                ada.call(&Method::GET, "/api/users/profile/").instead("cookie", &session).send().await;
            assert_eq!(profile.status, 401, "{session}");
            let cookies = format!("{session}; csrftoken={token}");
            assert_refused(logout(&ada).instead("cookie", &cookies).send().await, &ada, &cookies).await;
        }
        assert_eq!(eve.state().await, "authenticated");
        assert_a_proper_request_passes(&ada).await;
    }
}

#[tokio::test]
async fn c09_a_name_that_only_looks_like_the_session_cookie_is_another_cookie() {
    let (app, ada) = ada_signed_in(https_app().await).await;
    let ticket = ada.cookie("__Host-sessionid").unwrap();
    for name in [
        "\u{2000}__Host-sessionid",
        "__host-sessionid",
        "sessionid",
        "__Host-sessionid\u{a0}",
        "__Secure-sessionid",
    ] {
        let alone = format!("{name}={ticket}");
        let reply =
            app.browser().call(&Method::GET, "/api/users/profile/").header("cookie", alone).send().await;
        assert_eq!(reply.status, 401, "{name:?}");
        // Next to the real cookie it neither wins nor counts as a duplicate.
        let beside = format!("{name}=evil; {}", session_only(&ada));
        let reply =
            app.browser().call(&Method::GET, "/api/users/profile/").header("cookie", beside).send().await;
        assert_eq!(reply.status, 200, "{name:?}");
    }
}
