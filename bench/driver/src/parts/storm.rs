//! (c) What those who are signed in notice of those who sign in.

use std::time::Duration;

use crate::load::{Outcome, PATIENCE, closed, open};
use crate::parts::{Subject, progress};
use crate::results::Storm;
use crate::statistics::Spread;

/// Session checks a second.
const RATE: u32 = 100;
/// Clients that sign in without pause.
const CLIENTS: usize = 32;

/// The figures of one subject, round by round.
#[derive(Default)]
struct Rounds {
    calm_p50: Vec<f64>,
    calm_p99: Vec<f64>,
    loaded_p50: Vec<f64>,
    loaded_p99: Vec<f64>,
    answered: Vec<f64>,
    logins: Vec<f64>,
}

/// For each subject in turn: checks in calm, then the same beside the storm.
pub async fn measure(subjects: &[Subject], rounds: usize, duration: Duration) -> Vec<Storm> {
    let mut figures: Vec<Rounds> = subjects.iter().map(|_| Rounds::default()).collect();
    for round in 1..=rounds {
        for (subject, figures) in subjects.iter().zip(&mut figures) {
            one(subject, duration, figures).await;
            let last = |values: &[f64]| values.last().copied().unwrap_or(0.0);
            progress(
                "storm",
                &format!(
                    "{round}/{rounds} {:<34} p99 {:>7.2} ms, in calm {:>6.2} ms, answered {:.0} %",
                    subject.name,
                    last(&figures.loaded_p99),
                    last(&figures.calm_p99),
                    last(&figures.answered) * 100.0
                ),
            );
        }
    }
    let of = |(subject, own): (&Subject, &Rounds)| Storm {
        system: subject.name.clone(),
        calm_p50: Spread::of(own.calm_p50.iter().copied()),
        calm_p99: Spread::of(own.calm_p99.iter().copied()),
        loaded_p50: Spread::of(own.loaded_p50.iter().copied()),
        loaded_p99: Spread::of(own.loaded_p99.iter().copied()),
        p50_ratio: Spread::of_ratios(&own.loaded_p50, &own.calm_p50),
        p99_ratio: Spread::of_ratios(&own.loaded_p99, &own.calm_p99),
        answered: Spread::of(own.answered.iter().copied()),
        logins: Spread::of(own.logins.iter().copied()),
    };
    subjects.iter().zip(&figures).map(of).collect()
}

async fn one(subject: &Subject, duration: Duration, figures: &mut Rounds) {
    let address = subject.server.address;
    let mut calm = open(address, RATE, duration, &subject.check).await;
    let logins = subject.login();
    // The storm rises before the first check and lasts beyond the last one.
    let storm = closed(address, CLIENTS, duration + Duration::from_secs(1), 0..usize::MAX, &logins);
    let checks = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        open(address, RATE, duration, &subject.check).await
    };
    let (storm, mut checks) = tokio::join!(storm, checks);
    figures.calm_p50.push(quantile(&mut calm, 0.5));
    figures.calm_p99.push(quantile(&mut calm, 0.99));
    figures.loaded_p50.push(quantile(&mut checks, 0.5));
    figures.loaded_p99.push(quantile(&mut checks, 0.99));
    figures.answered.push(checks.share_answered());
    figures.logins.push(storm.rate());
}

/// In milliseconds; the patience of a check when none was answered.
fn quantile(outcome: &mut Outcome, share: f64) -> f64 {
    match outcome.latencies.count() {
        0 => PATIENCE.as_secs_f64() * 1e3,
        _ => outcome.latencies.quantile(share) / 1e3,
    }
}
