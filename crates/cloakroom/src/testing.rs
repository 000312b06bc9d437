//! For tests, of Cloakroom and of apps that embed it: an app of its own database, a browser with a cookie jar, a clock to
//! turn.
//!
//! Everything goes through the public surface, as a browser would; only the clock is turned from behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::Service as _;

pub use cloakroom_fake_provider::{Answer, FakeProvider, Kind, Mood, Person};

use crate::administration::{self, Rank};
use crate::cloakroom::Cloakroom;
use crate::clock::Clock;
use crate::config::{Config, SecretUrl};
use crate::pipeline::Step;
use crate::store::KeptMail;

/// The password of every account that a test adds.
pub const PASSWORD: &str = "correct-horse-battery";

/// A cloakroom over a database of its own, below its own layer.
pub struct TestApp {
    /// The cloakroom itself.
    pub cloakroom: Cloakroom,
    router: Router,
    clock: Clock,
}

impl TestApp {
    /// Over the database that `config` names, with the routes of the cloakroom and the app's `own`.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn with(config: Config, own: Router) -> Self {
        Self::with_steps(config, own, &[]).await
    }

    /// The same with steps of your own, which `pipeline.steps` names.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn with_steps(config: Config, own: Router, steps: &[Arc<dyn Step>]) -> Self {
        let clock = Clock::Dial(Arc::default());
        let opened = Cloakroom::with_clock(config, clock.clone(), steps).await;
        let cloakroom = opened.expect("the cloakroom opens");
        let router = own.merge(cloakroom.router()).layer(cloakroom.layer());
        Self { cloakroom, router, clock }
    }

    /// A configuration for tests: SQLite or Postgres by `url`, at `http://localhost:3000`.
    ///
    /// # Panics
    /// Never: the secret is long enough.
    pub fn config(url: &str) -> Config {
        let mut config = Config::default();
        config.database.url = SecretUrl::from(url);
        config.mail.url = SecretUrl::from("mailbox:");
        "Acme <no-reply@acme.test>".clone_into(&mut config.mail.from);
        "Acme".clone_into(&mut config.app.name);
        config.secret = serde_json::from_value(Value::from("0123456789abcdef0123456789abcdef")).ok();
        config
    }

    /// Turns the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Turns the clock back, as happens to a machine's that went ahead.
    pub fn set_back(&self, duration: Duration) {
        self.clock.set_back(duration);
    }

    /// Removes what has expired, as the job does once a minute; says how many rows went.
    ///
    /// # Panics
    /// When storage does not answer.
    pub async fn sweep(&self) -> u64 {
        crate::jobs::sweep(&self.cloakroom).await.expect("storage answers")
    }

    /// Every mail that has been sent, newest first, once the outbox is empty.
    ///
    /// # Panics
    /// When the outbox is not empty after ten seconds, or storage does not answer.
    pub async fn mails(&self) -> Vec<Mail> {
        for _ in 0..2000 {
            if !self.cloakroom.store().has_mail().await.expect("storage answers") {
                let kept = self.cloakroom.store().kept_mails().await.expect("storage answers");
                return kept.into_iter().map(Mail::from).collect();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the outbox does not empty");
    }

    /// The newest mail to `address`, once the outbox is empty.
    ///
    /// # Panics
    /// When there is none.
    pub async fn mail_to(&self, address: &str) -> Mail {
        let mails = self.mails().await;
        let found = mails.into_iter().find(|mail| mail.to == address);
        found.unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// Adds an account with the password [`PASSWORD`].
    ///
    /// # Panics
    /// When the address has one already.
    pub async fn add(&self, email: &str, rank: Rank) -> administration::AccountView {
        administration::add(&self.cloakroom, email, PASSWORD, rank).await.expect("the account is added")
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            origin: self.cloakroom.config().public_url.origin().to_owned(),
            address: SocketAddr::from(([127, 0, 0, 50], 50_000)),
            jar: Mutex::default(),
        }
    }

    /// A browser signed in as `email`.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.open_login_page().await;
        let reply = browser.login(email, PASSWORD).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        browser
    }
}

/// A mail, as its reader gets it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl From<KeptMail> for Mail {
    fn from(kept: KeptMail) -> Self {
        Self { to: kept.recipient, subject: kept.subject, text: kept.body_text, html: kept.body_html }
    }
}

impl Mail {
    /// The token of its link.
    ///
    /// # Panics
    /// When it has none.
    pub fn token(&self) -> String {
        let (_, rest) =
            self.text.split_once("#token=").unwrap_or_else(|| panic!("no token in {}", self.text));
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Its six digits.
    ///
    /// # Panics
    /// When it has none.
    pub fn code(&self) -> String {
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = self.text.lines().map(str::trim).find(is_code);
        code.unwrap_or_else(|| panic!("no code in {}", self.text)).to_owned()
    }
}

/// A browser: keeps cookies, sends `Origin` and the CSRF token as our page does.
pub struct Browser {
    router: Router,
    origin: String,
    address: SocketAddr,
    jar: Mutex<BTreeMap<String, String>>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The `Set-Cookie` of this name.
    pub fn set_cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with(&format!("{name}=")))
            .map(Into::into)
    }
}

/// A request about to be sent; by itself it carries what a browser sends for our page.
pub struct Call<'a> {
    browser: &'a Browser,
    request: Request,
}

impl Browser {
    /// The same browser at another address.
    #[must_use]
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.address = SocketAddr::from((address, 50_000));
        self
    }

    /// A second browser with the same cookies: a stolen jar, or a slow request that is still under way.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            router: self.router.clone(),
            origin: self.origin.clone(),
            address: self.address,
            jar: Mutex::new(self.jar.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Puts a cookie into the jar.
    pub fn plant(&self, name: &str, value: &str) {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    /// A request by any method, with the cookies, `Origin`, and for unsafe methods the CSRF token.
    ///
    /// # Panics
    /// When `path` is not a path.
    pub fn call(&self, method: &Method, path: &str) -> Call<'_> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().expect("a path");
        let mut call = Call { browser: self, request };
        let cookies: Vec<String> = {
            let jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        if !cookies.is_empty() {
            call = call.header("cookie", cookies.join("; "));
        }
        if !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            call = call.header("origin", &self.origin).header("sec-fetch-site", "same-origin");
            if let Some(token) = self.cookie("csrftoken") {
                call = call.header("x-csrftoken", &token);
            }
        }
        call
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(&Method::GET, path).send().await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(&Method::POST, path).json(body).send().await
    }

    /// What the login page does when it loads.
    pub async fn open_login_page(&self) -> Reply {
        self.get("/api/login-set-cookie/").await
    }

    /// Posts the login form.
    pub async fn login(&self, email: &str, password: &str) -> Reply {
        self.post("/api/login/", &serde_json::json!({"email": email, "password": password})).await
    }

    /// Posts the signup form.
    pub async fn signup(&self, email: &str, password: &str) -> Reply {
        self.post("/api/signup/", &serde_json::json!({"email": email, "password": password})).await
    }

    /// The `state` of `GET /api/session/`.
    pub async fn state(&self) -> String {
        self.get("/api/session/").await.json()["state"].as_str().unwrap_or_default().to_owned()
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if attributes.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Call<'_> {
    /// Adds a header beside those of the same name; any bytes, as an attacker may send them.
    ///
    /// # Panics
    /// When name or value cannot be a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        self.request.headers_mut().append(name, value);
        self
    }

    /// Leaves a header out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    /// Puts this header in the place of the browser's own.
    #[must_use]
    pub fn instead(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    /// A JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// A body of any bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends it, and keeps the cookies that come back.
    ///
    /// # Panics
    /// When the reply's body breaks off.
    pub async fn send(mut self) -> Reply {
        self.request.extensions_mut().insert(ConnectInfo(self.browser.address));
        let mut router = self.browser.router.clone();
        let response: Response =
            router.call(self.request).await.unwrap_or_else(|never: std::convert::Infallible| match never {});
        self.browser.keep_cookies(response.headers());
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
