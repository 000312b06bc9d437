//! Acts of an administrator, by the command line or from an app that embeds the library.

mod accounts;
pub mod administration;
pub mod audit;
#[cfg(feature = "sqlite")]
pub mod backup;
pub mod events;
pub mod mailing;
#[cfg(feature = "development")]
pub(crate) mod samples;
