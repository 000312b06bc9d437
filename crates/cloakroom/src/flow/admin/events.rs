//! Events for programs: all of them, in one order, so that a reader misses none.
//!
//! A *hook* is a function of yours that gets every event. Cloakroom keeps how far it has come, and starts it again from there.
//!
//! ```
//! use axum::Router;
//! use cloakroom::administration::Rank;
//! use cloakroom::events::Begin;
//! use cloakroom::testing::TestApp;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let database = format!("sqlite:{}", directory.path().join("test.db").display());
//! let app = TestApp::with(TestApp::config(&database), Router::new()).await;
//! let (sender, mut people) = tokio::sync::mpsc::unbounded_channel();
//! app.cloakroom
//!     .events()
//!     .hook("crm", Begin::Now, move |event| {
//!         let sender = sender.clone();
//!         async move {
//!             if matches!(&*event.event_type, "signup.proven" | "user.made" | "user.invited") {
//!                 // Here you would call another system. An error has the event handled again later.
//!                 sender.send(event.target.and_then(|person| person.label))?;
//!             }
//!             Ok(())
//!         }
//!     })
//!     .await?;
//! app.add("ada@example.test", Rank::Plain).await;
//! assert_eq!(people.recv().await.flatten().as_deref(), Some("ada@example.test"));
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Invalid, Result};
use crate::flow::admin::audit::LONGEST_PAGE;
use crate::store::{Store, Tx};

pub use crate::model::event::{EventView, NameView, PartyView};

/// The events that get their positions in one transaction.
const BATCH: u64 = 500;
/// The time after its last run for which the sweep leaves a hook the events that it has not handled.
pub(crate) const HOOK_LIFE: Duration = Duration::from_hours(30 * 24);

/// A place between two events in their order. Keep its number where you keep what you make of the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(i64);

impl Cursor {
    /// The place before the oldest event.
    pub const OLDEST: Self = Self(0);

    /// Makes a cursor from its number.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Returns the number. It is only good for this database.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// The first event that a hook gets when its name is new. Later starts go on where the hook was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begin {
    /// Events from now on. Some of the moment before may be among them.
    Now,
    /// The oldest event that is kept.
    Oldest,
}

/// Events that follow a cursor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The events, oldest first.
    pub events: Vec<EventView>,
    /// The cursor after the last of them.
    pub next: Cursor,
    /// True when events after the cursor were removed (`audit.keep`) before this call read them.
    pub missed: bool,
}

/// Reads events in order; made by [`Cloakroom::events`](crate::Cloakroom::events).
#[derive(Clone)]
pub struct Events {
    context: Context,
}

impl Events {
    pub(crate) fn new(context: Context) -> Self {
        Self { context }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Returns at most `limit` events after `cursor`, oldest first.
    ///
    /// Each event that was committed before the call is on this page or on a later one, also one whose transaction took longer
    /// than those of newer events. It is on one page only.
    ///
    /// # Errors
    /// [`Error::Validation`](crate::Error::Validation) for a limit of 0 or above [`LONGEST_PAGE`], and for a cursor that is ahead
    /// of this database: it comes from another one, or from before a restore.
    pub async fn after(&self, cursor: Cursor, limit: u32) -> Result<Page> {
        if limit == 0 || limit > LONGEST_PAGE {
            let detail = format!("a page has 1 to {LONGEST_PAGE} events");
            return Err(Invalid::new("limit", "invalid", detail).into());
        }
        let store = self.context.store();
        place(store).await?;
        let events = store.events_after(cursor.0, i64::from(limit)).await?;
        // The ends are read after the events: what was swept in between counts as missed.
        let feed = store.feed().await?;
        if cursor.0 > feed.last {
            return Err(Invalid::new("cursor", "unknown", "the cursor is not of this database").into());
        }
        let next = events.last().map_or(cursor.0.max(feed.swept), |(position, _)| *position);
        Ok(Page {
            events: events.into_iter().map(|(_, event)| event).collect(),
            next: Cursor(next),
            missed: cursor != Cursor::OLDEST && cursor.0 < feed.swept,
        })
    }

    /// Returns the cursor after the newest event.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) when storage does not answer.
    pub async fn newest(&self) -> Result<Cursor> {
        place(self.context.store()).await?;
        Ok(Cursor(self.context.store().feed().await?.last))
    }
}

/// Gives positions to all committed events.
pub(crate) async fn place(store: &Store) -> Result<()> {
    while store.has_unplaced_events().await? {
        let mut tx = store.begin().await?;
        let placed = tx.place_events(i64::try_from(BATCH).unwrap_or(i64::MAX)).await?;
        tx.commit().await?;
        if placed < BATCH {
            break;
        }
    }
    Ok(())
}

/// Removes at most `most` events from before `before`, unless a hook that is in use has yet to handle them. Returns their number.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, read: Option<i64>, most: i64) -> Result<u64> {
    let swept = tx.sweep_events(before, read.unwrap_or(i64::MAX), most).await?;
    for (hook, seen_at) in swept.passed {
        tracing::warn!(hook, last_run = %seen_at, "a hook that does not run loses events: they are older than audit.keep");
    }
    Ok(swept.count)
}
