//! (b) How much of the machine's Argon2 a login can use.

use std::time::Duration;

use tokio::process::Command;

use crate::load::closed;
use crate::parts::{Subject, progress};
use crate::place::Place;
use crate::process::Result;
use crate::results::Login;
use crate::statistics::Spread;

/// Clients that sign in without pause.
const CLIENTS: usize = 8;

/// Loads Argon2 by itself and all subjects in turn.
pub async fn measure(
    place: &Place,
    subjects: &[Subject],
    rounds: usize,
    duration: Duration,
) -> Result<Vec<Login>> {
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); subjects.len() + 1];
    let mut costs = rates.clone();
    for round in 1..=rounds {
        let (rate, cost) = raw(place, duration).await?;
        rates[0].push(rate);
        costs[0].push(cost);
        progress(
            "login",
            &format!("{round}/{rounds} {:<34} {rate:>9.1}/s {cost:>8.1} ms", "Argon2 by itself"),
        );
        for (index, subject) in subjects.iter().enumerate() {
            let before = subject.server.cpu_seconds();
            let outcome =
                closed(subject.server.address, CLIENTS, duration, 0..usize::MAX, &subject.login()).await;
            if outcome.share_answered() < 0.5 {
                return Err(format!("{} does not sign in", subject.name).into());
            }
            let cost = (subject.server.cpu_seconds() - before) * 1e3 / outcome.sent as f64;
            let (rate, name) = (outcome.rate(), &subject.name);
            rates[index + 1].push(rate);
            costs[index + 1].push(cost);
            progress("login", &format!("{round}/{rounds} {name:<34} {rate:>9.1}/s {cost:>8.1} ms"));
        }
    }
    let names = std::iter::once("Argon2 by itself").chain(subjects.iter().map(|subject| &*subject.name));
    let of = |(index, name): (usize, &str)| Login {
        system: name.to_owned(),
        rate: Spread::of(rates[index].iter().copied()),
        rate_ratio: Spread::of_ratios(&rates[index], &rates[0]),
        cpu: Spread::of(costs[index].iter().copied()),
        cpu_ratio: Spread::of_ratios(&costs[index], &costs[0]),
    };
    Ok(names.enumerate().map(of).collect())
}

/// Hashes a second on all cores, and milliseconds of a core for each.
async fn raw(place: &Place, duration: Duration) -> Result<(f64, f64)> {
    let output = Command::new(place.baselines.join("raw-argon2"))
        .arg(duration.as_secs_f64().to_string())
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [hashes, seconds, cpu] = figures[..] else { return Err("raw-argon2 printed no figures".into()) };
    Ok((hashes / seconds, cpu * 1e3 / hashes))
}
