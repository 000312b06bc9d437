//! How fast mail leaves, and that none is lost when the process is killed in the middle.
//!
//! The mails are those of password resets, which hash nothing: with those of signups, hashing would be what is measured.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::http;
use crate::load::{Requests, closed};
use crate::parts::progress;
use crate::place::{Installation, Place, page};
use crate::process::{Result, Server};
use crate::results::Outbox;
use crate::seed;
use crate::sink::Sink;

/// Clients that ask for resets at once.
const CLIENTS: usize = 8;
/// The mail server is kept shut for no longer: the outbox would take it for dead.
const LONGEST_FILL: Duration = Duration::from_secs(12);
/// A mail that has not arrived after so long is lost: leases are over, and tries that failed have been made again.
const LONGEST: Duration = Duration::from_mins(1);

/// Posts up to `mails` and measures how fast they leave; then the same, and the process is killed.
pub async fn measure(place: &Place, engine: &str, mails: usize) -> Result<Outbox> {
    let sink = Sink::start().await?;
    let installation = install(place, engine, &sink, mails).await?;
    let server = place.serve(&installation).await?;
    let posted = post(&server, mails).await?;
    let begun = Instant::now();
    sink.open();
    if sink.wait_for(posted, LONGEST).await < posted {
        return Err(format!("{posted} mails were posted, {} arrived", sink.count().0).into());
    }
    let rate = posted as f64 / begun.elapsed().as_secs_f64();
    drop(server.stop().await);
    let (killed_with, lost, duplicates) = kill(place, engine, mails).await?;
    let outbox = Outbox { engine: engine.to_owned(), mails: posted, rate, killed_with, lost, duplicates };
    progress(
        "outbox",
        &format!("{engine:<34} {rate:.0} mails a second; killed: {lost} lost, {duplicates} twice"),
    );
    Ok(outbox)
}

/// Kills the process in the middle of sending and starts it again: mails that had not arrived when it died, those that never
/// did, and those that came twice.
async fn kill(place: &Place, engine: &str, mails: usize) -> Result<(usize, usize, usize)> {
    let sink = Sink::start().await?;
    let installation = install(place, engine, &sink, mails).await?;
    let server = place.serve(&installation).await?;
    let posted = post(&server, mails).await?;
    sink.open();
    sink.wait_for(posted / 3, LONGEST).await;
    server.kill().await?;
    let killed_with = posted - sink.count().0;
    let server = place.serve(&installation).await?;
    let arrived = sink.wait_for(posted, LONGEST).await;
    // What comes twice comes within a lease.
    tokio::time::sleep(Duration::from_secs(10)).await;
    server.stop().await?;
    Ok((killed_with, posted - arrived, sink.count().1))
}

/// Accounts that can ask, on a server that sends its mail to the sink and limits nobody.
async fn install(place: &Place, engine: &str, sink: &Sink, accounts: usize) -> Result<Installation> {
    let name = format!("outbox_{}", sink.address.port());
    let installation = place.install(&name, &engine.to_lowercase(), accounts * seed::SESSIONS_EACH).await?;
    Ok(installation
        .with("MAIL__URL", format!("smtp://{}", sink.address))
        .with("LIMITS__MAIL_PER_ADDRESS", "0/1h")
        .with("LIMITS__MAIL_PER_IP", "0/1h"))
}

/// Asks for resets of as many accounts; says how many did.
async fn post(server: &Server, mails: usize) -> Result<usize> {
    let headers = page(server.address).await?;
    let requests: Requests = Rc::new(move |number, buffer| {
        let email = seed::email(number * seed::SESSIONS_EACH);
        let body = format!(r#"{{"email":"{email}"}}"#);
        buffer.extend_from_slice(&http::post("/api/password/reset/", &headers, &body));
    });
    let outcome = closed(server.address, CLIENTS, LONGEST_FILL, 0..mails, &requests).await;
    if outcome.share_answered() < 1.0 {
        return Err("a reset was not accepted".into());
    }
    Ok(outcome.sent)
}
