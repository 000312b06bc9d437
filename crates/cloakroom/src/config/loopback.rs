//! Names and addresses of this machine.

use std::net::IpAddr;

use url::{Host, Url};

/// Tells whether the host of a URL is this machine: `localhost`, a name below it (RFC 6761, section 6.3), or a loopback address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback_host(&host))
}

/// Tells whether a server's host, as a URL of a database or of a mail server names it, is this machine. Brackets around an IPv6
/// address may be there. An IPv4 address that is mapped to IPv6 counts as well: connections to it never leave the machine.
pub(crate) fn is_here(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let address = host.parse().map(|address: IpAddr| address.to_canonical());
    is_loopback_host(&match address {
        Ok(IpAddr::V4(address)) => Host::Ipv4(address),
        Ok(IpAddr::V6(address)) => Host::Ipv6(address),
        Err(_) => Host::Domain(&host),
    })
}

fn is_loopback_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
