//! Rates and widths of networks, as the configuration writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// So many tries in so long a window, written `10/15m`; a count of 0 switches the limit off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Rate {
    /// The number of attempts.
    pub count: u32,
    /// In how long.
    pub window: Duration,
}

impl Rate {
    /// `count` tries in `minutes` minutes.
    pub(crate) const fn per_minutes(count: u32, minutes: u64) -> Self {
        Self { count, window: Duration::from_mins(minutes) }
    }

    /// `factor` times as many tries in the same window.
    pub(crate) const fn times(self, factor: u32) -> Self {
        Self { count: self.count.saturating_mul(factor), window: self.window }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is not a rate: write a count and a window, as in `10/15m`");
        let (count, window) = text.split_once('/').ok_or_else(expected)?;
        let count = count.trim().parse().map_err(|_| expected())?;
        let window = humantime::parse_duration(window.trim()).map_err(|_| expected())?;
        if window < Duration::from_secs(1) {
            return Err(expected());
        }
        Ok(Self { count, window })
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = humantime::format_duration(self.window).to_string().replace(' ', "");
        write!(formatter, "{}/{window}", self.count)
    }
}

/// A width at which networks are counted, and how many times a limit's count it may have, written `/56 x4`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Width {
    /// The length of the prefix in bits.
    pub bits: u8,
    /// Times the count of the limit.
    pub factor: u32,
}

impl Width {
    pub(crate) const fn new(bits: u8, factor: u32) -> Self {
        Self { bits, factor }
    }
}

impl FromStr for Width {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("`{text}` is not a width: write a prefix length and a factor, as in `/56 x4`");
        let (bits, factor) = text.split_once('x').unwrap_or((text, "1"));
        let bits = bits.trim().trim_start_matches('/').parse().map_err(|_| expected())?;
        let factor = factor.trim().parse().map_err(|_| expected())?;
        if factor == 0 || bits == 0 || bits > 64 {
            return Err(expected());
        }
        Ok(Self { bits, factor })
    }
}

impl TryFrom<String> for Width {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Width> for String {
    fn from(width: Width) -> Self {
        width.to_string()
    }
}

impl fmt::Display for Width {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}", self.bits)?;
        if self.factor == 1 { Ok(()) } else { write!(formatter, " x{}", self.factor) }
    }
}
