//! (a) What it costs to ask who somebody is.

use std::time::Duration;

use crate::load::closed;
use crate::parts::{CONNECTIONS, Subject, progress};
use crate::process::Result;
use crate::results::Check;
use crate::statistics::Spread;

/// The figures of one subject, round by round.
#[derive(Default)]
struct Rounds {
    rate: Vec<f64>,
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

/// Loads all subjects in turn, `rounds` times; the first is what the others are compared with.
pub async fn measure(subjects: &[Subject], rounds: usize, duration: Duration) -> Result<Vec<Check>> {
    let mut figures: Vec<Rounds> = subjects.iter().map(|_| Rounds::default()).collect();
    for subject in subjects {
        let warm =
            closed(subject.server.address, CONNECTIONS, duration / 4, 0..usize::MAX, &subject.check).await;
        if warm.share_answered() < 0.99 {
            return Err(format!("{} does not answer its session checks with 200", subject.name).into());
        }
    }
    for round in 1..=rounds {
        for (subject, figures) in subjects.iter().zip(&mut figures) {
            let before = subject.server.cpu_seconds();
            let mut outcome =
                closed(subject.server.address, CONNECTIONS, duration, 0..usize::MAX, &subject.check).await;
            let cpu = (subject.server.cpu_seconds() - before) * 1e6 / outcome.sent.max(1) as f64;
            figures.rate.push(outcome.rate());
            figures.cpu.push(cpu);
            figures.p50.push(outcome.latencies.quantile(0.5));
            figures.p99.push(outcome.latencies.quantile(0.99));
            let (name, rate) = (&subject.name, outcome.rate());
            progress("session check", &format!("{round}/{rounds} {name:<34} {rate:>9.0}/s {cpu:>8.1} µs"));
        }
    }
    let Some(baseline) = figures.first() else { return Ok(Vec::new()) };
    let of = |subject: &Subject, own: &Rounds| Check {
        system: subject.name.clone(),
        rate: Spread::of(own.rate.iter().copied()),
        rate_ratio: Spread::of_ratios(&own.rate, &baseline.rate),
        cpu: Spread::of(own.cpu.iter().copied()),
        cpu_ratio: Spread::of_ratios(&own.cpu, &baseline.cpu),
        p50: Spread::of(own.p50.iter().copied()),
        p99: Spread::of(own.p99.iter().copied()),
        p99_ratio: Spread::of_ratios(&own.p99, &baseline.p99),
        share_missed: None,
    };
    Ok(subjects.iter().zip(&figures).map(|(subject, own)| of(subject, own)).collect())
}
