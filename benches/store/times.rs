//! How long things took, for people to read.

use std::time::Duration;

/// The milliseconds that so many of a hundred took at most, of times that are sorted and not none; 100 is the longest.
pub fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted[place].as_secs_f64() * 1000.0
}
