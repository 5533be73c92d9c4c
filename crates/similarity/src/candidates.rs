//! The k highest values of a stream of rows.

/// The rows with the k highest values so far, and those within a slack below them.
///
/// Values that are rounded may rank two rows wrongly; with a slack of twice the largest error, the true k highest are
/// always among the candidates.
#[derive(Clone, Debug)]
pub struct Candidates {
    k: usize,
    slack: f32,
    found: Vec<(u32, f32)>,
    /// The length of `found` at which the low values are dropped.
    full: usize,
    /// No row below it can be among the k highest.
    threshold: f32,
}

impl Candidates {
    /// Looks for the `k` highest of values that are off by less than half of `slack`.
    pub fn new(k: usize, slack: f32) -> Self {
        Self { k, slack, found: Vec::new(), full: k.saturating_mul(2).max(64), threshold: f32::NEG_INFINITY }
    }

    /// A row with a value below this need not be offered.
    #[inline]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Keeps `row` if it may be among the k highest. A NaN never is.
    #[inline]
    pub fn offer(&mut self, row: u32, value: f32) {
        if value >= self.threshold {
            self.found.push((row, value));
            if self.found.len() >= self.full {
                self.drop_low();
                self.full = (2 * self.found.len()).max(self.full);
            }
        }
    }

    /// Adds the candidates among other rows.
    pub fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.drop_low();
    }

    /// The candidates with their values, in no order.
    pub fn finish(mut self) -> Vec<(u32, f32)> {
        self.drop_low();
        self.found
    }

    fn drop_low(&mut self) {
        if self.k == 0 {
            self.found.clear();
        } else if self.found.len() > self.k {
            let (_, last, _) = self.found.select_nth_unstable_by(self.k - 1, |a, b| b.1.total_cmp(&a.1));
            self.threshold = last.1 - self.slack;
            self.found.retain(|&(_, value)| value >= self.threshold);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_and_those_within_the_slack_are_kept() {
        let mut candidates = Candidates::new(2, 0.01);
        for row in 0..1000 {
            candidates.offer(row, if row % 100 == 7 { 0.5 } else { row as f32 / 1e4 });
        }
        candidates.offer(1000, f32::NAN);
        candidates.offer(1001, 0.495);
        let mut rows: Vec<u32> = candidates.finish().into_iter().map(|(row, _)| row).collect();
        rows.sort();
        assert_eq!(rows, [7, 107, 207, 307, 407, 507, 607, 707, 807, 907, 1001]);
    }

    #[test]
    fn of_none_asked_for_none_is_kept() {
        let mut candidates = Candidates::new(0, 0.0);
        (0..100).for_each(|row| candidates.offer(row, 1.0));
        assert_eq!(candidates.finish(), []);
    }
}
