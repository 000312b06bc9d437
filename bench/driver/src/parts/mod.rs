//! The measurements, one file for each question.

pub mod check;
pub mod crowd;
pub mod descriptors;
pub mod flood;
pub mod instructions;
pub mod limiter;
pub mod login;
pub mod nodes;
pub mod outbox;
pub mod size;
pub mod soak;
pub mod stored;
pub mod storm;

use std::cell::Cell;
use std::rc::Rc;

use crate::load::Requests;
use crate::place::write_session_check;
use crate::process::Server;
use crate::seed;

/// Connections of a closed loop of session checks.
pub const CONNECTIONS: usize = 32;

/// A system under measurement.
pub struct Subject {
    /// How the page calls it.
    pub name: String,
    /// Where it runs.
    pub server: Server,
    /// Its session check.
    pub check: Requests,
    /// Its sign-ins, one for each client.
    pub logins: Vec<Vec<u8>>,
}

impl Subject {
    /// The next sign-in.
    pub fn login(&self) -> Requests {
        let logins = self.logins.clone();
        Rc::new(move |number, buffer| buffer.extend_from_slice(&logins[number % logins.len()]))
    }
}

/// Session checks of `count` sessions in turn, beginning where the last load stopped.
pub fn checks_of(count: usize) -> Requests {
    let next = Cell::new(0);
    Rc::new(move |_, buffer| {
        write_session_check(&seed::ticket(next.replace((next.get() + 1) % count)), buffer);
    })
}

/// A line of progress.
pub fn progress(part: &str, text: &str) {
    eprintln!("  {part:<13} {text}");
}
