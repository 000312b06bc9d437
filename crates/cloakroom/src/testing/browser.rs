//! A browser with a cookie jar, in front of the real router.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::Service as _;

/// A check of each reply on its way to the test. It gets the method, the path and the reply.
pub type Watch = fn(&Method, &str, &Reply);

/// A browser that keeps cookies, and sends `Origin` and the CSRF token as our page does.
pub struct Browser {
    router: Router,
    origin: String,
    address: SocketAddr,
    jar: Mutex<BTreeMap<String, String>>,
    watch: Watch,
}

/// The reply to a request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Reply {
    /// Returns the body as JSON, or null when it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Returns the problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the `Set-Cookie` header of this name.
    pub fn set_cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with(&format!("{name}=")))
            .map(Into::into)
    }
}

/// A request that is not sent yet. By itself it carries what a browser sends for our page.
pub struct Call<'a> {
    browser: &'a Browser,
    request: Request,
}

impl Browser {
    pub(super) fn new(router: Router, origin: &str, watch: Watch) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 50], 50_000));
        Self { router, origin: origin.to_owned(), address, jar: Mutex::default(), watch }
    }

    /// Returns the same browser at another address.
    #[must_use]
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.address = SocketAddr::from((address, 50_000));
        self
    }

    /// Returns a second browser with the same cookies: a stolen jar, or a slow request that is still under way.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            router: self.router.clone(),
            origin: self.origin.clone(),
            address: self.address,
            watch: self.watch,
            jar: Mutex::new(self.jar.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// Returns a cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Puts a cookie into the jar.
    pub fn plant(&self, name: &str, value: &str) {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    /// Prepares a request by any method, with the cookies, `Origin`, and for unsafe methods the CSRF token.
    ///
    /// # Panics
    /// Panics when `path` is not a path.
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

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(&Method::GET, path).send().await
    }

    /// Sends a POST request with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(&Method::POST, path).json(body).send().await
    }

    /// Sends the request that the login page sends when it loads.
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

    /// Returns the `state` of `GET /api/session/`.
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
    /// Adds a header beside those of the same name. It takes any bytes, as an attacker may send them.
    ///
    /// # Panics
    /// Panics when the name or the value cannot be a header.
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

    /// Sets this header in place of the browser's own.
    #[must_use]
    pub fn instead(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sets a body of any bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends the request, and keeps the cookies of the reply.
    ///
    /// # Panics
    /// Panics when the reply's body breaks off, or the app's watch rejects the reply.
    pub async fn send(mut self) -> Reply {
        self.request.extensions_mut().insert(ConnectInfo(self.browser.address));
        let (method, path) = (self.request.method().clone(), self.request.uri().path().to_owned());
        let mut router = self.browser.router.clone();
        let response: Response =
            router.call(self.request).await.unwrap_or_else(|never: std::convert::Infallible| match never {});
        self.browser.keep_cookies(response.headers());
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let reply = Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        (self.browser.watch)(&method, &path, &reply);
        reply
    }
}
