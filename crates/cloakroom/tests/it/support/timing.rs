//! A statistical check that response times reveal nothing.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

/// The maximum number of samples of each kind.
const MOST_ROUNDS: usize = 120;
/// The tolerated deviation from one half of the share of slower pairs. If two kinds do not differ, a sample
/// of one is slower than one of the other half of the time. Beyond this deviation they can be told apart
/// (security case E02).
const TELLING: f64 = 0.15;

/// Fails if response times tell which of `kinds` a request was about.
///
/// Samples are interleaved in a new order each round, because background work of one call slows down
/// whichever call is next. On a quiet machine the lower quartiles soon agree, which is enough. A busy machine
/// adds noise to all samples, so the final check compares how often one kind is slower than another.
pub(crate) async fn assert_alike(what: &str, kinds: &[&str], mut call: impl AsyncFnMut(&str)) {
    let shuffle = RandomState::new();
    let mut samples: Vec<Vec<Duration>> = vec![Vec::new(); kinds.len()];
    for round in 0..MOST_ROUNDS {
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        order.sort_by_cached_key(|kind| shuffle.hash_one((round, kind)));
        for kind in order {
            let start = Instant::now();
            call(kinds[kind]).await;
            samples[kind].push(start.elapsed());
        }
        if round >= 12 && is_close(&samples) {
            return;
        }
    }
    for (kind, of_kind) in kinds.iter().zip(&samples) {
        for (other, of_other) in kinds.iter().zip(&samples) {
            let share = share_slower(of_kind, of_other);
            assert!(
                (share - 0.5).abs() < TELLING,
                "{what}: {kind} is slower than {other} in {:.0} % of all pairs: {samples:?}",
                share * 100.0
            );
        }
    }
}

/// Returns whether the first quartiles lie close together.
fn is_close(samples: &[Vec<Duration>]) -> bool {
    let quartiles = samples.iter().map(|samples| {
        let mut sorted = samples.clone();
        sorted.sort_unstable();
        sorted[sorted.len() / 4]
    });
    let (least, most) = quartiles.fold((Duration::MAX, Duration::ZERO), |(least, most), quartile| {
        (least.min(quartile), most.max(quartile))
    });
    most.as_secs_f64() < 1.3 * least.as_secs_f64()
}

/// Returns the share of pairs in which the sample of `one` is slower than that of `other` (the Mann-Whitney
/// statistic).
pub(crate) fn share_slower(one: &[Duration], other: &[Duration]) -> f64 {
    let mut slower = 0.0;
    for a in one {
        for b in other {
            slower += match a.cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    let pairs = u32::try_from(one.len() * other.len()).unwrap_or(u32::MAX);
    slower / f64::from(pairs)
}

/// Checks the check itself.
#[test]
fn kinds_that_differ_are_told_apart() {
    let quick: Vec<_> = (0..50).map(|number| Duration::from_millis(10 + number % 5)).collect();
    let slow: Vec<_> = (0..50).map(|number| Duration::from_millis(13 + number % 5)).collect();
    assert!(share_slower(&slow, &quick) > 0.9);
    assert!((share_slower(&quick, &quick) - 0.5).abs() < 1e-9);
    assert!(!is_close(&[quick.clone(), slow.iter().map(|sample| *sample * 2).collect()]));
    assert!(is_close(&[quick.clone(), quick]));
}
