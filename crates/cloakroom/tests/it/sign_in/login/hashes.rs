//! Stored password hashes, and the queue for computing them (`password/`; W06 to W08, W12).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloakroom::testing::PASSWORD;

use super::{app_with_accounts, hash_of, hostile, set_hash, weaker_hash};
use crate::support::concurrency::at_once;
use crate::support::people::{ADA, WRONG, visitor, visitors};

#[tokio::test]
async fn w06_a_weaker_stored_hash_is_replaced_at_the_next_login() {
    let app = app_with_accounts().await;
    let weak = weaker_hash(PASSWORD);
    set_hash(&app, ADA, Some(&weak)).await;
    let browser = visitor(&app).await;
    assert_eq!(browser.login(ADA, WRONG).await.code(), "invalid_credentials");
    assert_eq!(hash_of(&app, ADA).await, weak, "not by a try that failed");
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    let strong = hash_of(&app, ADA).await;
    assert!(strong.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{strong}");
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(hash_of(&app, ADA).await, strong, "once is enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w06_concurrent_logins_succeed_while_a_hash_is_replaced() {
    let app = app_with_accounts().await;
    set_hash(&app, ADA, Some(&weaker_hash(PASSWORD))).await;
    let browsers = visitors(&app, 4).await;
    let replies = at_once(4, |number| {
        let browser = Arc::clone(&browsers[number]);
        async move { browser.login(ADA, PASSWORD).await }
    })
    .await;
    for reply in replies {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

/// 200 logins at once are more than the queue holds. The rest are refused at once, and a signed-in user
/// notices nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w07_a_flood_of_logins_is_partly_refused_at_once_and_completely_answered_in_time() {
    let app = app_with_accounts().await;
    let ada = Arc::new(app.signed_in(ADA).await);
    let browsers = visitors(&app, 200).await;
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
    // The hashing threads yield to everything else.
    assert!(start.elapsed() < Duration::from_mins(5), "{:?}", start.elapsed());
    assert_eq!(visitor(&app).await.login(ADA, PASSWORD).await.status, 200, "it is over");
}

#[tokio::test]
async fn w08_a_stored_hash_with_excessive_cost_matches_no_password() {
    let app = app_with_accounts().await;
    for params in
        ["m=8388608,t=2,p=1", "m=19456,t=1000,p=1", "m=4294967295,t=4294967295,p=1", "m=19456,t=2,p=16777215"]
    {
        set_hash(&app, ADA, Some(&hostile(params))).await;
        let start = Instant::now();
        let reply = visitor(&app).await.login(ADA, PASSWORD).await;
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
        assert_eq!(visitor(&app).await.login(ADA, PASSWORD).await.code(), "invalid_credentials", "{broken}");
    }
}

/// A login that upgrades the hash of the old password runs during a change of password. Whichever is first,
/// the change stays, and no session of the old password remains.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w12_a_change_of_password_survives_a_concurrent_login() {
    let app = Arc::new(app_with_accounts().await);
    for round in 0..6 {
        let (old, new) = (format!("old-horse-battery-{round}"), format!("new-horse-battery-{round}"));
        set_hash(&app, ADA, Some(&weaker_hash(&old))).await;
        let browser = Arc::new(visitor(&app).await);
        at_once(2, |number| {
            let (app, browser, old, new) = (Arc::clone(&app), Arc::clone(&browser), old.clone(), new.clone());
            async move {
                if number == 0 {
                    // At different times while the other hash is computed.
                    tokio::time::sleep(Duration::from_millis(8 * round)).await;
                    let reply = browser.login(ADA, &old).await;
                    assert!(matches!(reply.status.as_u16(), 200 | 400), "{}", reply.text);
                } else {
                    app.cloakroom.administration().set_password(ADA, &new).await.unwrap();
                }
            }
        })
        .await;
        assert_eq!(browser.state().await, "anonymous", "round {round}");
        assert_eq!(browser.login(ADA, &old).await.code(), "invalid_credentials", "round {round}");
        assert_eq!(browser.login(ADA, &new).await.status, 200, "round {round}");
    }
}
