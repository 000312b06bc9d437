//! Whether the time of an answer tells something.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

/// So many samples of each kind at most.
const MOST_ROUNDS: usize = 120;
/// Of two kinds that differ in nothing, a sample of one is slower than one of the other half of the time; further from a half
/// than this, the two can be told apart (security catalogue, E02).
const TELLING: f64 = 0.15;

/// Fails when the time of an answer tells of which of `kinds` it was.
///
/// Samples are interleaved, in another order each round: what one call leaves to be done in the background falls on whichever
/// comes next. On a quiet machine the quicker half of each kind soon
/// agrees; a busy one adds time to all of them, so that what is left to ask is whether one kind is slower more often than not.
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

/// Whether the first quartiles lie close together.
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

/// How often a sample of `one` is slower than one of `other`: the statistic of Mann and Whitney, as a share.
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

/// The rule above is only as good as this.
#[test]
fn kinds_that_differ_are_told_apart() {
    let quick: Vec<_> = (0..50).map(|number| Duration::from_millis(10 + number % 5)).collect();
    let slow: Vec<_> = (0..50).map(|number| Duration::from_millis(13 + number % 5)).collect();
    assert!(share_slower(&slow, &quick) > 0.9);
    assert!((share_slower(&quick, &quick) - 0.5).abs() < 1e-9);
    assert!(!is_close(&[quick.clone(), slow.iter().map(|sample| *sample * 2).collect()]));
    assert!(is_close(&[quick.clone(), quick]));
}
