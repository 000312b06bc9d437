//! Events: records of what happened and who did it (`store/events.rs`, `flow/admin/audit.rs`).

mod acts;
mod atomicity;
mod export;
mod flows;
mod keeping;
mod page;
mod races;
mod search;
mod sign_ins;
