//! B13: tries to sign in under very many names.
//!
//! The limit by network is set to one try, so that every further one is refused before anything is hashed: otherwise two
//! hundred thousand hashes would be the measurement. What is refused leaves no row for its name.

use std::rc::Rc;
use std::time::Duration;

use crate::load::{Requests, closed};
use crate::parts::progress;
use crate::place::login_request;
use crate::process::{Result, Server};
use crate::results::Limiter;
use crate::seed;

/// Clients at once.
const CLIENTS: usize = 32;
/// The bench goes on without the rest after so long.
const LONGEST: Duration = Duration::from_secs(150);

/// Tries `names` addresses that nobody has.
pub async fn measure(server: &Server, database: &str, names: usize) -> Result<Limiter> {
    let template = String::from_utf8(login_request(server.address, "nobody-000000@example.test").await?)?;
    let (head, tail) = template.split_once("000000").ok_or("the address is not in the request")?;
    let (head, tail) = (head.to_owned(), tail.to_owned());
    let requests: Requests = Rc::new(move |number, buffer| {
        buffer.extend_from_slice(format!("{head}{number:06}{tail}").as_bytes());
    });
    closed(server.address, 1, LONGEST, 0..100, &requests).await;
    let before = server.resident_mib();
    let outcome = closed(server.address, CLIENTS, LONGEST, 100..names, &requests).await;
    let limiter = Limiter {
        keys: seed::count_limits(database).await?,
        before,
        after: server.resident_mib(),
        rate: outcome.sent as f64 / outcome.seconds,
    };
    let Limiter { keys, before, after, .. } = limiter;
    progress("limits", &format!("{keys} rows, resident {before:.1} MiB before, {after:.1} MiB after"));
    Ok(limiter)
}
