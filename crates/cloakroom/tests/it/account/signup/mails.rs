//! Mails that a signup causes: their recipients, their number, and their text (B10, H6, T11 to T13).

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::HOUR;
use crate::support::app::{app, app_with, app_without_limits};
use crate::support::calls::{resend, sign_up, verify, verify_with, with_token};
use crate::support::people::{ADA, EVE, NEW, app_with_ada, can_sign_in, visitor};
use crate::support::replies::{assert_problem, seen};

/// B10: beyond the limit the answers do not change, no further mail is sent, and earlier mails stay valid.
#[tokio::test]
async fn b10_mails_to_one_address_and_from_one_network_have_a_limit_that_is_not_revealed() {
    let app = app().await;
    let browser = visitor(&app).await;
    let first = browser.signup(EVE, PASSWORD).await;
    let link = app.mail_to(EVE).await.token();
    let again = resend(&browser, EVE).await;
    let resent_link = app.mail_to(EVE).await.token();
    assert_problem(&verify(&visitor(&app).await, &link).await, 410, "token_invalid");
    for number in 0..20 {
        let other = visitor(&app).await.at([127, 0, 1, number]);
        assert_eq!(seen(&other.signup(EVE, PASSWORD).await), seen(&first));
        assert_eq!(seen(&resend(&browser, EVE).await), seen(&again));
        let reset = other.post("/api/password/reset/", &json!({"email": "EVE@example.test"})).await;
        assert_eq!(seen(&reset), seen(&first));
        app.mails().await;
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 25, "a signup from each of 21 networks; one of them sent again four times");
    assert_eq!(app.database.rows("challenges").await, 22, "a call that sends nothing stores nothing");
    let many = "UPDATE cloakroom_limits SET count = 50 WHERE key LIKE 'mail-ceiling:%'";
    assert_eq!(app.database.change(many).await, 2, "signups and resets");
    let elsewhere = visitor(&app).await.at([127, 0, 9, 9]);
    assert_eq!(seen(&elsewhere.signup(EVE, PASSWORD).await), seen(&first));
    assert_eq!(app.mails().await.len(), 25, "over all networks there is an end");
    assert_problem(&verify(&visitor(&app).await, &resent_link).await, 410, "token_invalid");
    let good = with_token(&browser, "/api/email/verify/check/", &mails[0].token()).await;
    assert_eq!(good.status, 200, "the newest stays good: {}", good.text);

    app.advance(HOUR);
    let attacker = visitor(&app).await.at([127, 0, 0, 66]);
    for number in 0..50 {
        let reply = attacker.signup(&format!("p{number}@example.test"), PASSWORD).await;
        assert_eq!(seen(&reply), seen(&first));
    }
    assert_eq!(app.mails().await.len() - mails.len(), 30);
    let elsewhere = visitor(&app).await.at([127, 0, 0, 67]);
    sign_up(&app, &elsewhere, "p49@example.test", PASSWORD).await;
}

#[tokio::test]
async fn b10_a_mail_over_the_limit_does_not_void_the_previous_one() {
    let app = app_with(|config| config.limits.mail_per_address.count = 1).await;
    app.add(ADA, Rank::Plain).await;
    let browser = visitor(&app).await;
    let link = sign_up(&app, &browser, EVE, PASSWORD).await;
    assert_eq!(resend(&browser, EVE).await.status, 202);
    assert_eq!(app.mails().await.len(), 1);
    assert_eq!(verify(&browser, &link).await.status, 200);
}

/// H6: a thousand pending signups by strangers do not block the owner.
#[tokio::test]
async fn h6_a_thousand_pending_signups_do_not_keep_the_owner_out() {
    let app = app_without_limits().await;
    let squatter = visitor(&app).await;
    let planted = sign_up(&app, &squatter, EVE, "the-attackers-own-choice").await;
    let copied = app
        .database
        .change(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
             INSERT INTO cloakroom_challenges (id, kind, nonce, token_hash, email, email_canonical, browser_hash, password_hash,
                                     code_expires_at, created_at, expires_at)
             SELECT id || '-' || i, kind, nonce, token_hash || '-' || i, email, email_canonical, browser_hash, password_hash,
                    code_expires_at, created_at, expires_at
             FROM cloakroom_challenges, n",
        )
        .await;
    assert_eq!(copied, 1000);
    let owner = visitor(&app).await;
    let token = sign_up(&app, &owner, EVE, PASSWORD).await;
    assert_eq!(verify(&owner, &token).await.status, 200);
    assert_eq!((app.database.rows("users").await, app.database.rows("challenges").await), (1, 0));
    assert_problem(&verify_with(&squatter, &planted, NEW).await, 410, "token_invalid");
    assert!(!can_sign_in(&app, EVE, "the-attackers-own-choice").await);
    // Unproven signups expire by themselves.
    sign_up(&app, &squatter, "bob@example.test", PASSWORD).await;
    app.advance(24 * HOUR);
    app.sweep().await;
    assert_eq!(app.database.rows("challenges").await, 0);
}

/// T11: characters that fold to others do not make a second account, and mail goes to the stored spelling.
#[tokio::test]
async fn t11_spellings_of_a_known_address_get_its_owner_a_mail_and_nobody_else() {
    let app = app_without_limits().await;
    for email in ["mike@example.test", "kim@example.test", "office@example.test"] {
        app.add(email, Rank::Plain).await;
    }
    let browser = visitor(&app).await;
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
    // These characters do not fold, so they belong to other people.
    for typed in ["m\u{131}ke@example.test", "m\u{ec}ke@example.test", "mi\u{138}e@example.test"] {
        let before = app.mails().await.len();
        assert_eq!(browser.post("/api/password/reset/", &json!({"email": typed})).await.status, 202);
        assert_eq!(app.mails().await.len(), before, "{typed}");
    }
    for typed in ["mike\u{200b}@example.test", "mi\u{ad}ke@example.test", "mike@exa\u{2060}mple.test"] {
        assert_problem(&browser.signup(typed, PASSWORD).await, 422, "validation_failed");
    }
    assert_eq!(app.database.rows("users").await, 3);
}

/// T12: text that a mail server could read as two recipients or as a header is refused as an address.
#[tokio::test]
async fn t12_no_address_smuggles_a_recipient() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
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
    visitor(&app).await.signup("eve@xn--bcher-kva.example", PASSWORD).await;
    assert!(app.mails().await[0].subject.contains("already have an account"));
}

/// T13: a stranger cannot put words into a mail. At most it names the browser and the network of the request.
#[tokio::test]
async fn t13_no_mail_contains_text_of_a_stranger() {
    let app = app().await;
    let browser = visitor(&app).await;
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
