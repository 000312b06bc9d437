//! The stages between a first factor and the session. Each lets the sign-in go on, or ends it.

mod deactivated;

use std::ops::ControlFlow;
use std::pin::Pin;

use crate::error::Result;
use crate::flow::sign_in::SignIn;
use crate::flow::sign_in::entry::Entry;

/// A stage. It owns the sign-in and its transaction: it hands both on, commits what it has written, or drops them, which rolls
/// back.
type Stage = for<'a> fn(Entry<'a>) -> Ruling<'a>;

/// The decision of a stage: the sign-in goes on, or this is its outcome.
type Ruling<'a> = Pin<Box<dyn Future<Output = Result<ControlFlow<SignIn, Entry<'a>>>> + Send + 'a>>;

/// All stages, in the order in which a sign-in passes them.
pub(super) const ORDER: &[Stage] = &[deactivated::stage];
