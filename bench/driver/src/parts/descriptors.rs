//! L22: more connections than the process may have open files.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::http::{self, Connection};
use crate::parts::progress;
use crate::process::{Result, Server};
use crate::results::Descriptors;

/// Connections that are opened and say nothing.
const CONNECTIONS: usize = 300;

/// Opens them all, and asks on a connection from before; then closes them, and asks on a new one.
pub async fn measure(server: &Server, most: u32, check: &[u8]) -> Result<Descriptors> {
    let mut early = Connection::open(server.address).await?;
    early.send(check).await?;
    let mut silent = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        if let Ok(Ok(stream)) = timeout(Duration::from_millis(20), TcpStream::connect(server.address)).await {
            silent.push(stream);
        }
    }
    sleep(Duration::from_millis(500)).await;
    let meanwhile = timeout(Duration::from_secs(2), early.send(check)).await;
    let connections = silent.len();
    drop(silent);
    let begun = Instant::now();
    let recovery = loop {
        let answer = timeout(Duration::from_secs(2), http::once(server.address, check)).await;
        if matches!(answer, Ok(Ok(reply)) if reply.status == 200) {
            break begun.elapsed();
        }
        if begun.elapsed() > Duration::from_secs(30) {
            return Err("the server did not recover from a shortage of descriptors within 30 s".into());
        }
    };
    let served_meanwhile = matches!(meanwhile, Ok(Ok(200)));
    let recovery = recovery.as_secs_f64() * 1e3;
    progress(
        "descriptors",
        &format!(
            "{connections} connections, served meanwhile: {served_meanwhile}, recovered after {recovery:.1} ms"
        ),
    );
    Ok(Descriptors { most, connections, served_meanwhile, recovery })
}
