//! Figures out of samples: quantiles of latencies, and the spread of a figure over rounds.

use serde::{Deserialize, Serialize};

/// A figure over the rounds of a run. On a shared machine single rounds lie; the median seldom does.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Spread {
    /// The least of all rounds.
    pub minimum: f64,
    /// The middle one.
    pub median: f64,
    /// The greatest.
    pub maximum: f64,
}

impl Spread {
    /// Over what the rounds gave; zero when there were none.
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Self {
        let mut rounds: Vec<f64> = rounds.into_iter().collect();
        rounds.sort_unstable_by(f64::total_cmp);
        let (Some(&minimum), Some(&maximum)) = (rounds.first(), rounds.last()) else {
            return Self::default();
        };
        let middle = rounds.len() / 2;
        let median = if rounds.len() % 2 == 1 {
            rounds[middle]
        } else {
            f64::midpoint(rounds[middle - 1], rounds[middle])
        };
        Self { minimum, median, maximum }
    }

    /// Of the quotients, round by round: a slow moment of the machine meets both sides.
    pub fn of_ratios(ours: &[f64], theirs: &[f64]) -> Self {
        Self::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs))
    }
}

/// Latencies in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<f64>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, elapsed: std::time::Duration) {
        self.0.push(elapsed.as_secs_f64() * 1e6);
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The least value that at least `share` of all do not exceed, in microseconds; zero when there are none.
    pub fn quantile(&mut self, share: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index within the vector"
        )]
        let rank = (share * self.0.len() as f64).ceil() as usize;
        let index = rank.clamp(1, self.0.len()) - 1;
        *self.0.select_nth_unstable_by(index, f64::total_cmp).1
    }
}

/// The slope of a line through the points, by least squares; zero when there is none.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let (mean_x, mean_y) = (
        points.iter().map(|(x, _)| x).sum::<f64>() / count,
        points.iter().map(|(_, y)| y).sum::<f64>() / count,
    );
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    if variance > 0.0 { covariance / variance } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_quantile_is_a_value_that_occurred() {
        let mut latencies = Latencies::default();
        (1..=100).for_each(|micros| latencies.add(Duration::from_micros(micros)));
        assert!((latencies.quantile(0.5) - 50.0).abs() < 1e-9);
        assert!((latencies.quantile(0.99) - 99.0).abs() < 1e-9);
        assert!((latencies.quantile(1.0) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_spread_has_the_middle_round() {
        let spread = Spread::of([3.0, 1.0, 2.0, 10.0]);
        assert!((spread.median - 2.5).abs() < 1e-9);
        assert!((spread.minimum - 1.0).abs() < 1e-9);
        assert!((spread.maximum - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_slope_is_that_of_the_line() {
        assert!((slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 2.0).abs() < 1e-9);
    }
}
