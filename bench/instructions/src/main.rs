//! Requests without a socket, for callgrind to count: `instructions session_checks | lookups` prints how many it made.
//!
//! Everything else happens before and outside the function that is counted: the database, the accounts, the first
//! request that fills the cache. The rounds are over long before an entry of the cache is too old.

use std::convert::Infallible;
use std::hint::black_box;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use cloakroom::User;
use cloakroom::administration::Rank;
use cloakroom::testing::TestApp;
use tokio::runtime::Runtime;
use tower::{Layer as _, Service};

/// Requests that are counted together.
const ROUNDS: u32 = 1000;
/// What goes before them, so that nothing is done for the first time.
const WARM: u32 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scenario = std::env::args().nth(1).ok_or("usage: instructions session_checks | lookups")?;
    let directory = std::env::temp_dir().join(format!("cloakroom-instructions-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("sqlite:{}", directory.join("bench.db").display());
    let (app, cookie) = runtime.block_on(prepare(&url));
    let result = match scenario.as_str() {
        "session_checks" => {
            let router = Router::new().merge(app.cloakroom.router()).layer(app.cloakroom.layer());
            // As `axum::serve` does before the first request.
            let mut router = router.with_state(());
            warm_and_count(&runtime, &mut router, &cookie, session_checks);
            Ok(())
        }
        "lookups" => {
            let mut guard = app.cloakroom.layer().layer(Lookup);
            warm_and_count(&runtime, &mut guard, &cookie, lookups);
            Ok(())
        }
        other => Err(format!("there is no scenario {other}").into()),
    };
    runtime.block_on(app.cloakroom.close());
    std::fs::remove_dir_all(&directory)?;
    println!("{ROUNDS}");
    result
}

/// An app with one account, and the cookies of a browser that has signed in.
async fn prepare(url: &str) -> (TestApp, HeaderValue) {
    let app = TestApp::with(TestApp::config(url), Router::new()).await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    let jar = ["sessionid", "csrftoken", "browser"]
        .map(|name| format!("{name}={}", browser.cookie(name).unwrap_or_default()));
    // The jobs begin to hear of revocations a moment later; until then nothing is cached.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    (app, HeaderValue::try_from(jar.join("; ")).expect("cookies are header text"))
}

/// Requests are made before they are counted: what makes them is not ours.
fn requests(count: u32, cookie: &HeaderValue) -> Vec<Request> {
    let address = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)));
    let make = |_| {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = "/api/users/profile/".parse().expect("a path");
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("localhost:3000"));
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(header::COOKIE, cookie.clone());
        request.extensions_mut().insert(address);
        request
    };
    (0..count).map(make).collect()
}

fn warm_and_count<S: Service<Request, Response = Response, Error = Infallible>>(
    runtime: &Runtime,
    service: &mut S,
    cookie: &HeaderValue,
    counted: fn(&Runtime, &mut S, Vec<Request>) -> u32,
) {
    // Not by the function that is counted.
    let warm = runtime.block_on(answer(service, requests(WARM, cookie)));
    let answered = counted(runtime, service, requests(ROUNDS, cookie));
    assert_eq!(warm + answered, WARM + ROUNDS, "every request is answered with 200");
}

/// `GET /api/users/profile/` through the router and the guard.
#[inline(never)]
fn session_checks(runtime: &Runtime, router: &mut Router, requests: Vec<Request>) -> u32 {
    runtime.block_on(answer(router, requests))
}

/// The guard and the extractor `User`, as in front of an app's own handler, without the router.
#[inline(never)]
fn lookups<S: Service<Request, Response = Response, Error = Infallible>>(
    runtime: &Runtime,
    guard: &mut S,
    requests: Vec<Request>,
) -> u32 {
    runtime.block_on(answer(guard, requests))
}

async fn answer<S: Service<Request, Response = Response, Error = Infallible>>(
    service: &mut S,
    requests: Vec<Request>,
) -> u32 {
    let mut good = 0;
    for request in requests {
        let response = service.call(request).await.unwrap_or_else(|never| match never {});
        good += u32::from(black_box(response).status().is_success());
    }
    good
}

/// A handler that asks for the user and answers nothing.
#[derive(Clone, Copy)]
struct Lookup;

impl Service<Request> for Lookup {
    type Response = Response;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(async move {
            let (mut parts, _) = request.into_parts();
            let user = <User as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
            let mut response = Response::new(Body::empty());
            if user.is_err() {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
            }
            Ok(response)
        })
    }
}
