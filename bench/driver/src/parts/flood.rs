//! (c) More sign-ins at one moment than fit: L20 and W07.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::http::Connection;
use crate::parts::{Subject, progress};
use crate::process::Result;
use crate::results::Flood;
use crate::statistics::Latencies;

/// Sign-ins at the same moment.
const SIGN_INS: usize = 500;
/// What a hashing thread may take beside the idle server, and what requests in flight may, in MiB.
const PER_THREAD: f64 = 20.0;
const IN_FLIGHT: f64 = 16.0;

/// Sends all at once. `calm_rate` is how many sign-ins a second the server makes without a crowd, `idle` its
/// resident memory after the start, in MiB.
pub async fn measure(subject: &Subject, calm_rate: f64, idle: f64) -> Result<Flood> {
    let server = &subject.server;
    let mut connections = Vec::with_capacity(SIGN_INS);
    for _ in 0..SIGN_INS {
        connections.push(Connection::open(server.address).await?);
    }
    server.forget_peak();
    let before = server.resident_mib();
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for (number, mut connection) in connections.into_iter().enumerate() {
        let request = subject.logins[number % subject.logins.len()].clone();
        running.spawn(async move {
            let sent = Instant::now();
            let status = connection.send(&request).await.ok()?;
            Some((status, connection.reply().header("retry-after").is_some(), sent.elapsed()))
        });
    }
    let (mut accepted, mut refusals, mut last) = (0, Latencies::default(), Duration::ZERO);
    while let Some(answer) = running.join_next().await {
        match answer.ok().flatten() {
            Some((200, _, _)) => {
                accepted += 1;
                last = begun.elapsed();
            }
            Some((503, true, elapsed)) => refusals.add(elapsed),
            _ => {}
        }
    }
    let cores = std::thread::available_parallelism()?.get();
    let flood = Flood {
        sent: SIGN_INS,
        accepted,
        refused: refusals.count(),
        other: SIGN_INS - accepted - refusals.count(),
        refused_p50: refusals.quantile(0.5) / 1e3,
        refused_max: refusals.quantile(1.0) / 1e3,
        accepted_ratio: f64::from(u32::try_from(accepted)?) / last.as_secs_f64() / calm_rate,
        resident_before: before,
        resident_peak: server.peak_mib(),
        resident_allowed: idle + cores as f64 * PER_THREAD + IN_FLIGHT,
    };
    progress(
        "flood",
        &format!(
            "{} signed in, {} refused, slowest after {:.0} ms",
            accepted, flood.refused, flood.refused_max
        ),
    );
    Ok(flood)
}
