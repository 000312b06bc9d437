//! Two ways to load a server: as fast as it answers, and at a rate that does not ask whether it keeps up.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep_until, timeout};

use crate::http::Connection;
use crate::statistics::Latencies;

/// A request of an open loop that has no answer after so long counts as not answered.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The same in a closed loop, where a slow answer holds nobody else up.
const LONG_PATIENCE: Duration = Duration::from_secs(20);

/// Writes the `number`th request of a run into the buffer.
pub type Requests = Rc<dyn Fn(usize, &mut Vec<u8>)>;

/// What a load found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Of those that were answered as expected.
    pub latencies: Latencies,
    /// All that were sent.
    pub sent: usize,
    /// How long it lasted, in seconds.
    pub seconds: f64,
}

impl Outcome {
    /// Good answers a second.
    pub fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.seconds
    }

    /// Good answers of all that were sent.
    pub fn share_answered(&self) -> f64 {
        self.latencies.count() as f64 / self.sent.max(1) as f64
    }
}

/// The same request again and again.
pub fn same(request: Vec<u8>) -> Requests {
    Rc::new(move |_, buffer| buffer.extend_from_slice(&request))
}

/// A closed loop: each of `connections` sends its next request when it has its answer, for `duration` or until `most`
/// requests have been sent. Numbers begin at `first`.
pub async fn closed(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    numbers: std::ops::Range<usize>,
    requests: &Requests,
) -> Outcome {
    let next = Rc::new(Cell::new(numbers.start));
    let begun = Instant::now();
    let end = begun + duration;
    let local = LocalSet::new();
    let mut clients = Vec::new();
    for _ in 0..connections {
        let (next, requests, last) = (Rc::clone(&next), Rc::clone(requests), numbers.end);
        clients.push(local.spawn_local(async move {
            let mut latencies = Latencies::default();
            let Ok(mut connection) = Connection::open(address).await else { return latencies };
            let mut request = Vec::with_capacity(1024);
            while Instant::now() < end && next.get() < last {
                let number = next.replace(next.get() + 1);
                request.clear();
                requests(number, &mut request);
                let sent = Instant::now();
                match timeout(LONG_PATIENCE, connection.send(&request)).await {
                    Ok(Ok(200 | 202)) => latencies.add(sent.elapsed()),
                    Ok(Ok(_)) => {}
                    // A connection in the middle of something is of no use any more.
                    _ => match Connection::open(address).await {
                        Ok(another) => connection = another,
                        Err(_) => return latencies,
                    },
                }
            }
            latencies
        }));
    }
    let latencies = local
        .run_until(async {
            let mut all = Latencies::default();
            for client in clients {
                all.extend(client.await.unwrap_or_default());
            }
            all
        })
        .await;
    Outcome { latencies, sent: next.get() - numbers.start, seconds: begun.elapsed().as_secs_f64() }
}

/// An open loop: `rate` requests a second, whether or not earlier ones are answered. A latency counts from the moment
/// when the request was due, so that a server that stalls is charged for all who would have waited.
pub async fn open(address: SocketAddr, rate: u32, duration: Duration, requests: &Requests) -> Outcome {
    let idle: Rc<RefCell<Vec<Connection>>> = Rc::default();
    let begun = tokio::time::Instant::now();
    let mut running = JoinSet::new();
    let mut outcome = Outcome::default();
    LocalSet::new()
        .run_until(async {
            let mut due = begun;
            while due < begun + duration {
                sleep_until(due).await;
                let mut request = Vec::with_capacity(1024);
                requests(outcome.sent, &mut request);
                outcome.sent += 1;
                running.spawn_local(checked(address, Rc::clone(&idle), request, due));
                due += Duration::from_secs(1) / rate;
            }
            while let Some(answer) = running.join_next().await {
                if let Ok(Some(elapsed)) = answer {
                    outcome.latencies.add(elapsed);
                }
            }
        })
        .await;
    outcome.seconds = duration.as_secs_f64();
    outcome
}

async fn checked(
    address: SocketAddr,
    idle: Rc<RefCell<Vec<Connection>>>,
    request: Vec<u8>,
    due: tokio::time::Instant,
) -> Option<Duration> {
    let waiting = idle.borrow_mut().pop();
    let exchange = async {
        let mut connection = match waiting {
            Some(connection) => connection,
            None => Connection::open(address).await.ok()?,
        };
        let status = connection.send(&request).await.ok()?;
        idle.borrow_mut().push(connection);
        (status == 200).then(|| due.elapsed())
    };
    timeout(PATIENCE, exchange).await.ok().flatten()
}
