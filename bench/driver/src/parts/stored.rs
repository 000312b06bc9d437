//! (e) Whether it matters how many sessions are stored.
//!
//! A thousand sessions cannot be missed again and again: an entry is believed for five seconds. So each round asks for
//! a thousand sessions once, as fast as they are answered, over both databases in turn, and waits until what the cache
//! has kept is too old.

use std::time::{Duration, Instant};

use crate::load::closed;
use crate::parts::{CONNECTIONS, Subject, progress};
use crate::results::Stored;
use crate::statistics::Spread;

/// An entry of the cache is believed for so long, and a moment.
const UNTIL_STALE: Duration = Duration::from_millis(5200);
/// Longer than a thousand requests take.
const LONG: Duration = Duration::from_secs(30);

/// Two databases of one engine.
pub struct Pair {
    /// The engine's name.
    pub engine: String,
    /// Over few sessions; its checks ask for all of them in turn.
    pub few: Subject,
    /// Over many.
    pub many: Subject,
    /// How many are few.
    pub few_count: usize,
    /// How many are many.
    pub many_count: usize,
}

/// One burst: its rate and its cost.
async fn burst(subject: &Subject, requests: usize) -> (f64, f64) {
    let before = subject.server.cpu_seconds();
    let outcome = closed(subject.server.address, CONNECTIONS, LONG, 0..requests, &subject.check).await;
    let cpu = (subject.server.cpu_seconds() - before) * 1e6 / outcome.sent.max(1) as f64;
    (outcome.rate(), cpu)
}

/// Bursts over all pairs in turn.
pub async fn measure(pairs: &[Pair], rounds: usize) -> Vec<Stored> {
    let mut ratios: Vec<[Vec<f64>; 2]> = vec![[Vec::new(), Vec::new()]; pairs.len()];
    for round in 0..=rounds {
        let begun = Instant::now();
        for (pair, ratios) in pairs.iter().zip(&mut ratios) {
            let (few_rate, few_cpu) = burst(&pair.few, pair.few_count).await;
            let (many_rate, many_cpu) = burst(&pair.many, pair.few_count).await;
            // The first round opens connections and prepares statements.
            if round > 0 {
                ratios[0].push(many_rate / few_rate);
                ratios[1].push(many_cpu / few_cpu);
                let (engine, rate, cpu) = (&pair.engine, many_rate / few_rate, many_cpu / few_cpu);
                progress(
                    "stored",
                    &format!("{round}/{rounds} {engine:<34} rate × {rate:.2}, CPU × {cpu:.2}"),
                );
            }
        }
        tokio::time::sleep(UNTIL_STALE.saturating_sub(begun.elapsed())).await;
    }
    let of = |(pair, [rates, costs]): (&Pair, &[Vec<f64>; 2])| Stored {
        engine: pair.engine.clone(),
        rate_ratio: Spread::of(rates.iter().copied()),
        cpu_ratio: Spread::of(costs.iter().copied()),
        few: pair.few_count,
        many: pair.many_count,
    };
    pairs.iter().zip(&ratios).map(of).collect()
}
