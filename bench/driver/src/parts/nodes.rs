//! (f) How long a logout on one node takes to the other.

use std::time::{Duration, Instant};

use crate::http::Connection;
use crate::parts::progress;
use crate::place::{logout_request, session_check};
use crate::process::{Result, Server};
use crate::results::Nodes;
use crate::seed;
use crate::statistics::Spread;

/// A revocation that is not heard after so long is not going to be.
const LONGEST: Duration = Duration::from_secs(6);

/// Ends the sessions with these numbers on `here` while `there` has them in its cache.
pub async fn measure(here: &Server, there: &Server, numbers: std::ops::Range<usize>) -> Result<Nodes> {
    let (mut heard, mut let_through_here) = (Vec::new(), 0);
    let tries = numbers.len();
    let (mut near, mut far) = (Connection::open(here.address).await?, Connection::open(there.address).await?);
    for number in numbers {
        let ticket = seed::ticket(number);
        let check = session_check(&ticket);
        let logout = logout_request(here.address, &ticket).await?;
        for node in [&mut near, &mut far] {
            if node.send(&check).await? != 200 {
                return Err("a session that was just seeded is not known".into());
            }
        }
        if near.send(&logout).await? != 200 {
            return Err("a logout was refused".into());
        }
        let told = Instant::now();
        let_through_here += usize::from(near.send(&check).await? == 200);
        let elapsed = loop {
            let status = far.send(&check).await?;
            if status == 401 || told.elapsed() > LONGEST {
                break told.elapsed();
            }
        };
        heard.push(elapsed.as_secs_f64() * 1e3);
    }
    let heard = Spread::of(heard);
    progress("nodes", &format!("heard after {:.1} ms, at most {:.1} ms", heard.median, heard.maximum));
    Ok(Nodes { tries, heard, let_through_here })
}
