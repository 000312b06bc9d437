//! (c) Honest sign-ins beside a flood from one network: S3.

use std::rc::Rc;
use std::time::Duration;

use crate::load::{Requests, closed};
use crate::parts::{Subject, progress};
use crate::place::login_request;
use crate::process::{Result, Server};
use crate::results::Crowd;

/// Connections of the flood; two networks' shares of the queue.
const FLOOD: usize = 256;
/// Honest clients, each in a network of its own.
const CLIENTS: usize = 8;
/// What the requests of the bench carry as the client's address.
const FROM: &str = "X-Forwarded-For: 203.0.113.7\r\n";

/// How a flood is made.
pub enum Kind {
    /// One address that is refused already.
    Refused,
    /// One account that signs in rightly, again and again.
    Right,
}

/// Honest sign-ins in calm, then beside the flood. For refused tries `subject` must count them.
pub async fn measure(subject: &Subject, kind: Kind, duration: Duration) -> Result<Crowd> {
    let server = &subject.server;
    let (name, flood) = match kind {
        Kind::Refused => ("one address that is refused", login_request(server.address, "nobody@example.test").await?),
        Kind::Right => ("one account that signs in rightly", subject.logins[0].clone()),
    };
    let flood = from(&flood, "198.51.100.7")?;
    let flood: Requests = Rc::new(move |_, buffer| buffer.extend_from_slice(&flood));
    let calm = closed(server.address, CLIENTS, duration, 0..usize::MAX, &honest(subject)?).await.rate();
    let beside = beside(server, &flood, &honest(subject)?, duration).await;
    let crowd = Crowd { flood: name.to_owned(), connections: FLOOD, calm, beside, ratio: beside / calm };
    progress("crowd", &format!("{name}: {beside:.1}/s beside it, {calm:.1}/s in calm"));
    Ok(crowd)
}

async fn beside(server: &Server, flood: &Requests, honest: &Requests, duration: Duration) -> f64 {
    // The flood rises before the first honest sign-in and lasts beyond the last one.
    let flooding = closed(server.address, FLOOD, duration + Duration::from_secs(2), 0..usize::MAX, flood);
    let signing_in = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        closed(server.address, CLIENTS, duration, 0..usize::MAX, honest).await.rate()
    };
    tokio::join!(flooding, signing_in).1
}

/// The sign-ins of the clients, each from a network of its own.
fn honest(subject: &Subject) -> Result<Requests> {
    let requests = subject.logins.iter().enumerate();
    let requests: Result<Vec<_>> =
        requests.map(|(number, request)| from(request, &format!("192.0.{number}.7"))).collect();
    let requests = requests?;
    Ok(Rc::new(move |number, buffer| buffer.extend_from_slice(&requests[number % requests.len()])))
}

/// The same request from another address.
fn from(request: &[u8], address: &str) -> Result<Vec<u8>> {
    let text = String::from_utf8(request.to_vec())?;
    if !text.contains(FROM) {
        return Err("the request does not say where it comes from".into());
    }
    Ok(text.replacen(FROM, &format!("X-Forwarded-For: {address}\r\n"), 1).into_bytes())
}
