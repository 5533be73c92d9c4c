//! The rows that may be among the nearest, while all are looked at.

/// The rows of the highest cosines so far, with those too close below to be told apart from them by rounded numbers.
#[derive(Clone, Debug)]
pub struct Candidates {
    top: usize,
    slack: f32,
    found: Vec<(u32, f32)>,
    /// How many may be held before the low ones are dropped.
    full: usize,
    /// No row below this one can be among the nearest.
    threshold: f32,
}

impl Candidates {
    /// Looks for the `top` nearest, where cosines are off by less than half of `slack`.
    pub fn new(top: usize, slack: f32) -> Self {
        Self { top, slack, found: Vec::new(), full: top.saturating_mul(2).max(64), threshold: f32::NEG_INFINITY }
    }

    /// Below which cosine a row need not be offered.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Takes `row` in if it may be among the nearest. A cosine that is no number never is.
    pub fn offer(&mut self, row: u32, cosine: f32) {
        if cosine >= self.threshold {
            self.found.push((row, cosine));
            if self.found.len() >= self.full {
                self.drop_low();
                self.full = (2 * self.found.len()).max(self.full);
            }
        }
    }

    /// Takes in what `other` found among other rows.
    pub fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.drop_low();
    }

    /// The rows that are left.
    pub fn rows(mut self) -> impl Iterator<Item = u32> {
        self.drop_low();
        self.found.into_iter().map(|(row, _)| row)
    }

    fn drop_low(&mut self) {
        if self.found.len() > self.top {
            let (_, last, _) = self.found.select_nth_unstable_by(self.top - 1, |a, b| b.1.total_cmp(&a.1));
            self.threshold = last.1 - self.slack;
            self.found.retain(|&(_, cosine)| cosine >= self.threshold);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_and_all_that_are_as_high_are_left() {
        let mut candidates = Candidates::new(2, 0.01);
        for row in 0..1000 {
            candidates.offer(row, if row % 100 == 7 { 0.5 } else { row as f32 / 1e4 });
        }
        candidates.offer(1000, f32::NAN);
        candidates.offer(1001, 0.495);
        let mut rows: Vec<u32> = candidates.rows().collect();
        rows.sort();
        assert_eq!(rows, [7, 107, 207, 307, 407, 507, 607, 707, 807, 907, 1001]);
    }
}
