//! The network that a request came from, as the limits count it.

use std::fmt;
use std::net::IpAddr;

/// The addresses from which one household or host can choose: an IPv4 address, an IPv6 /64, or nothing known.
///
/// A holder of an IPv6 address has 2^64 of them, so all of a /64 count as one. Requests with an unknown address share one
/// network. Counting each of them apart would be no limit at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Network {
    /// One IPv4 address, also when it is written as IPv4 in IPv6.
    Four([u8; 4]),
    /// The first 64 bits of an IPv6 address.
    Six([u16; 4]),
    /// An address that is not known or not readable.
    Unknown,
}

impl Network {
    /// Returns the block that is usually assigned to one holder: an IPv4 /24, an IPv6 /48 (RFC 6177).
    pub(crate) fn block(self) -> Self {
        match self {
            Self::Four([a, b, c, _]) => Self::Four([a, b, c, 0]),
            Self::Six([a, b, c, _]) => Self::Six([a, b, c, 0]),
            Self::Unknown => Self::Unknown,
        }
    }

    /// Returns the network of that many bits around it, as text.
    pub(crate) fn widened(self, bits: u8) -> String {
        match self {
            Self::Four(octets) if bits < 32 => {
                let masked = u32::from_be_bytes(octets) & !(u32::MAX >> bits);
                let [a, b, c, d] = masked.to_be_bytes();
                format!("{a}.{b}.{c}.{d}/{bits}")
            }
            Self::Six([a, b, c, d]) if bits < 64 => {
                let whole = [a, b, c, d].into_iter().fold(0_u64, |whole, part| whole << 16 | u64::from(part));
                format!("{:x}/{bits}", whole & !(u64::MAX >> bits))
            }
            narrow => narrow.to_string(),
        }
    }
}

impl Network {
    /// Parses the text that [`Display`](fmt::Display) has written.
    pub(crate) fn parse(text: &str) -> Self {
        text.strip_suffix("/64").unwrap_or(text).parse::<IpAddr>().map_or(Self::Unknown, Self::from)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Four(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Six([a, b, c, d])
            }
        }
    }
}

impl Network {
    /// Tells whether it is this machine, or a network without its own addresses in the Internet (RFC 1918, 6598, 4193, 4291).
    pub(crate) fn is_private(self) -> bool {
        match self {
            Self::Four([10 | 127, ..] | [192, 168, ..] | [169, 254, ..]) => true,
            Self::Four([172, second, ..]) => (16..32).contains(&second),
            Self::Four([100, second, ..]) => (64..128).contains(&second),
            Self::Four(_) | Self::Unknown => false,
            // ::1, fc00::/7 and fe80::/10.
            Self::Six(parts) => parts == [0; 4] || parts[0] & 0xfe00 == 0xfc00 || parts[0] & 0xffc0 == 0xfe80,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Four([a, b, c, d]) => write!(formatter, "{a}.{b}.{c}.{d}"),
            Self::Six([a, b, c, d]) => write!(formatter, "{a:x}:{b:x}:{c:x}:{d:x}::/64"),
            Self::Unknown => formatter.write_str("unknown"),
        }
    }
}
