//! L25: a long run at a low rate. Nothing may grow.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::{interval, sleep};

use crate::http::{self, Connection};
use crate::parts::progress;
use crate::place::{account, login_request, logout_request, session_check};
use crate::process::{Result, Server};
use crate::results::Soak;
use crate::statistics::slope;

/// Requests a second.
const RATE: f64 = 20.0;
/// Between two looks at the process.
const PERIOD: Duration = Duration::from_secs(5);

/// What a look at the process found.
struct Sample {
    minutes: f64,
    resident: f64,
    descriptors: f64,
    database: f64,
}

/// Runs the mix for `duration`.
pub async fn measure(server: &Server, database: &Path, duration: Duration) -> Result<Soak> {
    let begun = Instant::now();
    let watch = watch(server, database, begun, duration);
    let (samples, (sent, unexpected)) = tokio::join!(watch, mix(server, begun, duration));
    // The first fifth fills caches, pools and the allocator.
    let steady = &samples[samples.len() / 5..];
    let slope_of = |of: fn(&Sample) -> f64| {
        slope(&steady.iter().map(|sample| (sample.minutes, of(sample))).collect::<Vec<_>>())
    };
    let last = samples.last().ok_or("the soak was too short for a sample")?;
    Ok(Soak {
        seconds: begun.elapsed().as_secs_f64(),
        rate: f64::from(sent) / begun.elapsed().as_secs_f64(),
        unexpected,
        resident_slope: slope_of(|sample| sample.resident) * 1024.0,
        descriptor_slope: slope_of(|sample| sample.descriptors),
        database_slope: slope_of(|sample| sample.database),
        resident: last.resident,
        descriptors: server.descriptors(),
        database: last.database,
    })
}

async fn watch(server: &Server, database: &Path, begun: Instant, duration: Duration) -> Vec<Sample> {
    let mut samples = Vec::new();
    while begun.elapsed() + PERIOD <= duration {
        sleep(PERIOD).await;
        let sample = Sample {
            minutes: begun.elapsed().as_secs_f64() / 60.0,
            resident: server.resident_mib(),
            descriptors: f64::from(u32::try_from(server.descriptors()).unwrap_or(u32::MAX)),
            database: database_kib(database),
        };
        if samples.len() % 6 == 5 {
            let Sample { minutes, resident, descriptors, database } = &sample;
            progress(
                "soak",
                &format!(
                    "{minutes:.1} min, {resident:.1} MiB, {descriptors} descriptors, {database:.0} KiB of database"
                ),
            );
        }
        samples.push(sample);
    }
    samples
}

/// The database with its log, in KiB.
fn database_kib(database: &Path) -> f64 {
    let of =
        |suffix: &str| fs::metadata(format!("{}{suffix}", database.display())).map_or(0, |file| file.len());
    (of("") + of("-wal")) as f64 / 1024.0
}

/// Of twenty requests: a sign-in, a wrong password, a logout, and checks of the session between. Says how many were
/// sent and how many of them were not answered as expected.
async fn mix(server: &Server, begun: Instant, duration: Duration) -> (u32, usize) {
    let mut ticks = interval(Duration::from_secs_f64(1.0 / RATE));
    let (mut sent, mut unexpected, mut ticket) = (0_u32, 0, None);
    let Ok(mut connection) = Connection::open(server.address).await else { return (0, 1) };
    while begun.elapsed() < duration {
        ticks.tick().await;
        let step = sent % 20;
        sent += 1;
        let is_good = match (step, &ticket) {
            (0, _) => {
                ticket = sign_in(server, sent / 20).await.ok();
                ticket.is_some()
            }
            (10, _) => is_wrong_password_refused(server, sent / 20).await.unwrap_or(false),
            (19, Some(held)) => sign_out(server, held).await.unwrap_or(false),
            (_, Some(held)) => matches!(connection.send(&session_check(held)).await, Ok(200)),
            (_, None) => false,
        };
        unexpected += usize::from(!is_good);
    }
    (sent, unexpected)
}

async fn sign_in(server: &Server, number: u32) -> Result<String> {
    let request = login_request(server.address, &account(usize::try_from(number)?)).await?;
    let reply = http::once(server.address, &request).await?;
    Ok(reply.cookie("__Host-sessionid").ok_or("no session in the reply")?.to_owned())
}

async fn is_wrong_password_refused(server: &Server, number: u32) -> Result<bool> {
    let request = login_request(server.address, &account(usize::try_from(number)?)).await?;
    // A password of the same length, so that the head still fits.
    let wrong = String::from_utf8(request)?.replace("correct-horse", "correct-zebra");
    Ok(http::once(server.address, wrong.as_bytes()).await?.status == 400)
}

async fn sign_out(server: &Server, ticket: &str) -> Result<bool> {
    let request = logout_request(server.address, ticket).await?;
    Ok(http::once(server.address, &request).await?.status == 200)
}
