//! A connection that dies silently delivers no revocations. The node must not trust its cache for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use cloakroom::administration::Rank;
use cloakroom::testing::TestApp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::database::Database;

/// A proxy in front of Postgres whose connections can die silently: they stay open and carry nothing any
/// more.
struct DyingProxy {
    url: String,
    is_dead: Arc<AtomicBool>,
}

impl DyingProxy {
    async fn before(url: &str) -> Self {
        let (user, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_dead, server) = (Arc::new(AtomicBool::new(false)), server.to_owned());
        let dies = Arc::clone(&is_dead);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let to = TcpStream::connect(&server).await.unwrap();
                // Connections opened later stay alive.
                let is_mortal = !dies.load(Ordering::SeqCst);
                let ((client_read, client_write), (read, write)) = (client.into_split(), to.into_split());
                for (mut from, mut to) in [(client_read, write), (read, client_write)] {
                    let dies = Arc::clone(&dies);
                    tokio::spawn(async move {
                        let mut buffer = [0; 4096];
                        while let Ok(length @ 1..) = from.read(&mut buffer).await {
                            let is_lost = is_mortal && dies.load(Ordering::SeqCst);
                            if !is_lost && to.write_all(&buffer[..length]).await.is_err() {
                                return;
                            }
                        }
                        // The other side does not notice the end either.
                        if is_mortal && dies.load(Ordering::SeqCst) {
                            std::future::pending::<()>().await;
                        }
                    });
                }
            }
        });
        Self { url: format!("{user}@{address}/{name}"), is_dead }
    }
}

#[tokio::test]
async fn finding_s13_r5_a_listener_that_died_silently_is_not_trusted_for_long() {
    let database = Database::new().await;
    if database.is_sqlite() {
        return;
    }
    let proxy = DyingProxy::before(&database.url).await;
    let here = TestApp::with(TestApp::config(&database.url), Router::new()).await;
    let there = TestApp::with(TestApp::config(&proxy.url), Router::new()).await;
    here.add("ada@example.test", Rank::Plain).await;
    let browser = here.signed_in("ada@example.test").await;
    let other = there.browser();
    other.plant("sessionid", &browser.cookie("sessionid").unwrap());
    for _ in 0..3 {
        assert_eq!(other.get("/api/users/profile/").await.status, 200);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    proxy.is_dead.store(true, Ordering::SeqCst);
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    let start = Instant::now();
    // A request that needs storage may wait, because a pool connection has died as well. What counts is that
    // it opens nothing.
    let asked = async {
        while other.get("/api/users/profile/").await.status == 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(2500), asked).await;
    assert!(start.elapsed() < Duration::from_secs(3));
    let last = tokio::time::timeout(Duration::from_millis(200), other.get("/api/users/profile/")).await;
    assert!(last.is_ok_and(|reply| reply.status != 200) || start.elapsed() > Duration::from_secs(1));
    // The listener has reconnected, and requests are fast again.
    let heals = Instant::now();
    loop {
        let status = other.get("/api/users/profile/").await.status;
        assert_ne!(status, 200, "the session has ended");
        if status == 401 {
            break;
        }
        assert!(heals.elapsed() < Duration::from_secs(30), "it does not heal: {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
