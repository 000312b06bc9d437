//! A browser: it keeps cookies and sends what our page would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::support::server::Reply;

/// A browser that talks to one server.
#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn at(address: SocketAddr, origin: &str) -> Self {
        Self { address, origin: origin.to_owned(), cookies: BTreeMap::new() }
    }

    /// Moves a copy of this browser to another node.
    pub(crate) fn moved_to(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Returns the values of all cookies.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.cookies.values().cloned().collect()
    }

    /// Deletes a cookie.
    pub(crate) fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path, "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &serde_json::Value) -> Reply {
        self.request("POST", path, &body.to_string())
    }

    /// Opens the login page and posts its form.
    pub(crate) fn login(&mut self, email: &str, password: &str) -> Reply {
        self.get("/api/login-set-cookie/");
        self.post("/api/login/", &json!({"email": email, "password": password}))
    }

    pub(crate) fn profile(&mut self) -> u16 {
        self.get("/api/users/profile/").status
    }

    /// Returns the `Host` header that a browser sends.
    pub(crate) fn host(&self) -> String {
        format!("Host: {}\r\n", self.origin.split_once("://").expect("an origin").1)
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> Reply {
        let host = self.host();
        self.send(method, path, &host, body)
    }

    /// Sends a request with these header lines in place of `Host`.
    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let mut text = format!("{method} {target} HTTP/1.1\r\n{headers}Connection: close\r\n");
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let _ = write!(text, "Cookie: {}\r\n", cookies.join("; "));
        if method != "GET" {
            let token = self.cookies.get("csrftoken").cloned().unwrap_or_default();
            let _ = write!(text, "Origin: {}\r\nX-CSRFToken: {token}\r\n", self.origin);
            let _ = write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        let _ = write!(text, "\r\n{body}");
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        stream.write_all(text.as_bytes()).expect("the server reads");
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let reply = Reply::parse(&bytes);
        for cookie in reply.headers("set-cookie") {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
}
