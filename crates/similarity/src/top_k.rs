//! The first k of many, in order.

use std::cmp::Ordering;

/// The first `k` of `all` by `order`, in that order, without sorting the rest: N + k log k comparisons.
pub fn top_k<T>(mut all: Vec<T>, k: usize, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if k < all.len() {
        all.select_nth_unstable_by(k, &order);
        all.truncate(k);
        all.shrink_to_fit();
    }
    all.sort_unstable_by(order);
    all
}

/// Orders rows by value, the largest first, and rows of equal value by index.
pub fn descending(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first_and_equal_ones_by_index() {
        let all = vec![(3, 0.5), (0, 0.1), (1, 0.5), (2, 0.9)];
        assert_eq!(top_k(all.clone(), 2, descending), [(2, 0.9), (1, 0.5)]);
        assert_eq!(top_k(all.clone(), 9, descending), [(2, 0.9), (1, 0.5), (3, 0.5), (0, 0.1)]);
        assert_eq!(top_k(all, 0, descending), []);
    }
}
