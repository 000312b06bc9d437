//! `[audit]`: the time for which events are kept, and the part of a client's address.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Retention;

/// `[audit]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Audit {
    /// The time for which events are kept; `0s` keeps them for ever.
    pub keep: Retention,
    /// The part of a client's address that an event keeps: `full` (an IPv6 one as its /64), `network` (/24 and /64) or `none`.
    pub address: AddressDetail,
}

/// The part of a client's address that is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[non_exhaustive]
pub enum AddressDetail {
    /// An IPv4 address, or an IPv6 /64.
    #[default]
    Full,
    /// An IPv4 /24, or an IPv6 /64.
    Network,
    /// Nothing.
    None,
}
