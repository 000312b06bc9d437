//! Calls to other machines: to those that the configuration names, within limits of time and size.
//!
//! Invariants. No redirect is followed and no proxy is used, so that a reply cannot send us elsewhere. An address that only a
//! provider named (OpenID discovery) is called over https and at a public address alone. This holds whatever its name resolves
//! to, so that nobody reaches our own network through us (ASVS 1.3.6). No error text holds a URL, which may carry a token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, RequestBuilder};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use url::{Host, Url};

use crate::error::{self, Error};

/// The time limit of one call, from the first packet to the last byte.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// The largest reply that is read, in bytes. Nothing is decompressed: a small reply stays small.
const LARGEST: usize = 1024 * 1024;

/// Calls the origins that it was given, and all public ones.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The client that follows a name to any address; for origins that the configuration names.
    named: Client,
    /// The client that calls public addresses only.
    public: Client,
    origins: Arc<[String]>,
}

/// The reply to a call.
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    body: Vec<u8>,
}

impl Reply {
    /// Returns the body as JSON, whatever its declared type; `None` when it is no JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the fields of a body that is a form, whatever its declared type; `None` when it is no text.
    pub(crate) fn form(&self) -> Option<Value> {
        std::str::from_utf8(&self.body).ok()?;
        let pairs = url::form_urlencoded::parse(&self.body);
        Some(pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect())
    }
}

impl Caller {
    /// Calls public addresses only, until [`Caller::naming`] adds origins.
    ///
    /// # Errors
    /// [`Error::Config`] when this machine has no certificate authorities.
    pub(crate) fn open() -> error::Result<Self> {
        let tls = trust_of_the_system()?;
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(Error::internal);
        Ok(Self {
            named: build(strict(tls.clone()))?,
            public: build(strict(tls).dns_resolver(PublicOnly))?,
            origins: Arc::default(),
        })
    }

    /// Returns the same caller with the origins of `urls` added, at any address: the operator named them.
    pub(crate) fn naming<'a>(&self, urls: impl IntoIterator<Item = &'a Url>) -> Self {
        let origins = urls.into_iter().map(|url| url.origin().ascii_serialization()).collect();
        Self { origins, ..self.clone() }
    }

    /// Tells whether the configuration names this URL's origin.
    pub(crate) fn names(&self, url: &Url) -> bool {
        self.origins.contains(&url.origin().ascii_serialization())
    }

    /// Prepares a GET request.
    ///
    /// # Errors
    /// A reason not to call this address, for the log.
    pub(crate) fn get(&self, url: &Url) -> Result<RequestBuilder, String> {
        Ok(self.client(url)?.get(url.clone()))
    }

    /// Prepares a POST request with a form.
    ///
    /// # Errors
    /// Fails as [`Caller::get`] does.
    pub(crate) fn post_form(&self, url: &Url, fields: &[(&str, &str)]) -> Result<RequestBuilder, String> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client(url)?.post(url.clone());
        Ok(request.header("content-type", "application/x-www-form-urlencoded").body(body))
    }

    /// Prepares a POST request with JSON.
    ///
    /// # Errors
    /// Fails as [`Caller::get`] does.
    pub(crate) fn post_json(&self, url: &Url, body: String) -> Result<RequestBuilder, String> {
        let request = self.client(url)?.post(url.clone());
        Ok(request.header("content-type", "application/json").body(body))
    }

    fn client(&self, url: &Url) -> Result<&Client, String> {
        if self.names(url) {
            return Ok(&self.named);
        }
        if url.scheme() != "https" {
            return Err("a host that the configuration does not name is called over https only".into());
        }
        // A host that is an address never reaches the resolver below.
        let is_public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        if is_public { Ok(&self.public) } else { Err("the address is not a public one".into()) }
    }
}

/// Sends a request and reads its reply.
///
/// # Errors
/// The cause of the failure, for the log.
pub(crate) async fn send(request: RequestBuilder) -> Result<Reply, String> {
    let told = |error: reqwest::Error| Error::internal(error.without_url()).with_causes();
    let mut response = request.header("accept", "application/json").send().await.map_err(told)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(format!("the reply is larger than {LARGEST} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body })
}

fn strict(tls: ClientConfig) -> reqwest::ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(DEADLINE)
        .connect_timeout(DEADLINE / 2)
        .user_agent(concat!("Cloakroom/", env!("CARGO_PKG_VERSION")))
}

/// Reads the certificate authorities of the machine, so that a company's own one counts as well. It also sets the cryptography
/// of this client: a library must not install one for the whole process.
fn trust_of_the_system() -> error::Result<ClientConfig> {
    let about = |error: rustls::Error| {
        Error::Config(format!(
            "no provider can be called, because this machine's certificate authorities cannot be read ({error}): install ca-certificates"
        ))
    };
    let cryptography = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(cryptography)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(about)?;
    Ok(config.with_no_client_auth())
}

/// Resolves names to public addresses. The connection goes to the address that was checked here. There is no second look-up in
/// which a name could resolve to another address.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Tells whether an address belongs to the public internet (IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_special = matches!(
        address.octets(),
        // "This network", multicast and reserved; shared by carriers; protocol assignments; 6to4 relays; benchmarks.
        [0 | 224..=255, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..]
    );
    !(is_special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation())
}

/// Tells whether an address is global unicast. Addresses that carry an IPv4 address inside (Teredo, 6to4) and those for
/// documentation are not.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_special = matches!(
        address.segments(),
        [0x2001, 0x0000..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0x0000..=0x0fff, ..]
    );
    matches!(address.segments(), [0x2000..=0x3fff, ..]) && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    #[test]
    fn o15_loopback_private_and_link_local_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.0.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.9",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
        for address in
            ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"]
        {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn o15_what_the_configuration_does_not_name_is_called_over_https_at_public_addresses_only() {
        let caller = Caller::open().expect("it opens").naming([&url("http://127.0.0.1:9000/realm")]);
        for refused in [
            "http://idp.example.com/token",
            "https://127.0.0.9:9000/token",
            "https://2130706433/token",
            "https://0177.0.0.1/token",
            "https://0x7f.1/token",
            "https://[::1]/token",
            "https://[::ffff:127.0.0.9]/",
            "https://[::ffff:7f00:9]/",
            "https://169.254.169.254/latest",
            "http://127.0.0.1:9001/token",
            "https://127.0.0.1:9000/token",
            "file:///etc/passwd",
            "ftp://idp.example.com/",
            "data:text/plain,x",
        ] {
            assert!(caller.get(&url(refused)).is_err(), "{refused}");
        }
        for called in
            ["http://127.0.0.1:9000/token", "https://oauth2.googleapis.com/token", "https://1.1.1.1/"]
        {
            assert!(caller.get(&url(called)).is_ok(), "{called}");
        }
    }

    #[tokio::test]
    async fn o15_a_name_that_leads_to_loopback_is_refused() {
        let caller = Caller::open().expect("it opens");
        let error =
            send(caller.get(&url("https://localhost:9/?code=canary")).expect("a name is not judged yet"));
        let error = error.await.err().expect("it is refused");
        assert!(error.contains("no public address"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}
