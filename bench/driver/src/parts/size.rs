//! (d) What Cloakroom takes: time to start, memory, disk, and the bytes of the login page.

use std::fs;
use std::time::Duration;

use tokio::time::sleep;

use crate::http;
use crate::load::closed;
use crate::parts::{CONNECTIONS, checks_of, progress};
use crate::place::{Installation, Place};
use crate::process::{Result, Server};
use crate::results::Size;
use crate::statistics::Spread;

/// How often both are started.
const STARTS: usize = 5;
/// Sessions that warm the server up before cached ones are weighed, and sessions weighed.
const WARM: usize = 20_000;
const WEIGHED: usize = 80_000;
/// Longer than it takes to ask for all of them.
const LONG: Duration = Duration::from_mins(1);

/// Measures over an installation on SQLite with `sessions` sessions.
pub async fn measure(place: &Place, installation: &Installation, sessions: usize) -> Result<Size> {
    let (mut start, mut start_bare, mut idle, mut idle_bare) = (Vec::new(), Vec::new(), 0.0, 0.0);
    for _ in 0..STARTS {
        let bare = place.bare("{}").await?;
        start_bare.push(bare.start.as_secs_f64() * 1e3);
        let server = place.serve(installation).await?;
        start.push(server.start.as_secs_f64() * 1e3);
        sleep(Duration::from_millis(500)).await;
        (idle, idle_bare) = (server.resident_mib(), bare.resident_mib());
        bare.stop().await?;
        server.stop().await?;
    }
    let server = place.serve(installation).await?;
    let (loaded, bytes_per_session, full) = weigh(&server, sessions).await;
    let page = login_page(&server).await?;
    server.stop().await?;
    let size = Size {
        start: Spread::of(start),
        start_bare: Spread::of(start_bare),
        sessions,
        idle,
        idle_bare,
        loaded,
        bytes_per_session,
        full,
        binary: fs::metadata(&place.cloakroom)?.len(),
        page,
    };
    progress(
        "size",
        &format!(
            "start {:.1} ms, idle {idle:.1} MiB, {bytes_per_session:.0} bytes a session",
            size.start.median
        ),
    );
    Ok(size)
}

/// Resident memory under load in MiB, bytes for each cached session, and MiB when the cache is full.
async fn weigh(server: &Server, sessions: usize) -> (f64, f64, f64) {
    let checks = checks_of(sessions);
    let most = WARM.min(sessions / 5);
    closed(server.address, CONNECTIONS, LONG, 0..most, &checks).await;
    let loaded = server.resident_mib();
    let weighed = WEIGHED.min(sessions - most);
    closed(server.address, CONNECTIONS, LONG, 0..weighed, &checks).await;
    let bytes = (server.resident_mib() - loaded) * 1024.0 * 1024.0 / weighed as f64;
    closed(server.address, CONNECTIONS, LONG, 0..sessions / 5, &checks).await;
    (loaded, bytes, server.peak_mib())
}

/// The bytes, compressed as a browser asks for them, of the login page and of what its markup names.
async fn login_page(server: &Server) -> Result<usize> {
    let accept = "Accept: text/html\r\nAccept-Encoding: gzip\r\n";
    let page = http::once(server.address, &http::get("/login", "Accept: text/html\r\n")).await?;
    let markup = String::from_utf8(page.body)?;
    let mut bytes = http::once(server.address, &http::get("/login", accept)).await?.body.len();
    for path in markup.split('"').filter(|part| part.starts_with("/_cloakroom/")) {
        let file = http::once(server.address, &http::get(path, "Accept-Encoding: gzip\r\n")).await?;
        if file.status != 200 {
            return Err(format!("the login page names {path}, which is not there").into());
        }
        bytes += file.body.len();
    }
    Ok(bytes)
}
