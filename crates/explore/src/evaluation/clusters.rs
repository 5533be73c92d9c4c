//! Agglomerative clustering with average linkage, by nearest-neighbour chains (Murtagh 1983): n² work and memory.

/// The cluster, from 0, of each of `n` items: the nearest clusters are merged until `k` are left.
///
/// The distance of two clusters is the mean over all pairs between them.
pub(super) fn clusters(n: usize, k: usize, distance: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let mut merges = merges(Distances::new(n, distance));
    // A chain finds merges out of order, but never two that contradict each other.
    merges.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    let mut parent: Vec<usize> = (0..n).collect();
    for merge in merges.iter().take(n.saturating_sub(k)) {
        let (kept, gone) = (root(&parent, merge.a), root(&parent, merge.b));
        parent[gone] = kept;
    }
    let roots: Vec<usize> = (0..n).map(|item| root(&parent, item)).collect();
    let mut kept: Vec<usize> = roots.clone();
    kept.sort_unstable();
    kept.dedup();
    roots.iter().map(|root| kept.binary_search(root).expect("every root is kept")).collect()
}

/// Two clusters that become one; each is named by one of its items.
struct Merge {
    a: usize,
    b: usize,
    distance: f64,
}

/// All n − 1 merges. The chain goes from a cluster to its nearest, to that one's nearest, until two are each other's nearest.
fn merges(mut distances: Distances) -> Vec<Merge> {
    let n = distances.n;
    let mut sizes = vec![1.0_f64; n];
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    let mut chain: Vec<usize> = Vec::new();
    while merges.len() + 1 < n {
        if chain.is_empty() {
            chain.extend(sizes.iter().position(|&size| size > 0.0));
        }
        let end = chain[chain.len() - 1];
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        // Among equally near clusters the previous one of the chain is taken, so that the chain ends.
        let mut nearest = before.map_or((end, f64::INFINITY), |before| (before, distances.of(end, before)));
        for other in (0..n).filter(|&other| other != end && sizes[other] > 0.0) {
            let found = distances.of(end, other);
            if found < nearest.1 || nearest.0 == end {
                nearest = (other, found);
            }
        }
        if Some(nearest.0) != before {
            chain.push(nearest.0);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (a, b) = (end.min(nearest.0), end.max(nearest.0));
        merges.push(Merge { a, b, distance: nearest.1 });
        for other in (0..n).filter(|&other| other != a && other != b && sizes[other] > 0.0) {
            let sum = sizes[a] * distances.of(a, other) + sizes[b] * distances.of(b, other);
            distances.set(a, other, sum / (sizes[a] + sizes[b]));
        }
        sizes[a] += sizes[b];
        sizes[b] = 0.0;
    }
    merges
}

/// The distances of all pairs, each stored once.
struct Distances {
    n: usize,
    values: Vec<f64>,
}

impl Distances {
    fn new(n: usize, distance: impl Fn(usize, usize) -> f64) -> Self {
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        Self { n, values: pairs.map(|(a, b)| distance(a, b)).collect() }
    }

    fn of(&self, a: usize, b: usize) -> f64 {
        self.values[self.index(a, b)]
    }

    fn set(&mut self, a: usize, b: usize, distance: f64) {
        let index = self.index(a, b);
        self.values[index] = distance;
    }

    fn index(&self, a: usize, b: usize) -> usize {
        let (a, b) = (a.min(b), a.max(b));
        a * (2 * self.n - a - 1) / 2 + b - a - 1
    }
}

fn root(parent: &[usize], mut item: usize) -> usize {
    while parent[item] != item {
        item = parent[item];
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clumps_on_a_line_are_found() {
        let at = [0.0, 0.1, 5.0, 5.2, 0.3, 9.0_f64];
        let distance = |a: usize, b: usize| (at[a] - at[b]).abs();
        assert_eq!(clusters(6, 3, distance), [0, 0, 1, 1, 0, 2]);
        assert_eq!(clusters(6, 1, distance), [0; 6]);
        assert_eq!(clusters(6, 6, distance), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn items_at_equal_distances_and_single_items_are_clustered() {
        assert_eq!(clusters(1, 1, |_, _| 1.0), [0]);
        let found = clusters(5, 2, |_, _| 1.0);
        assert!(found.contains(&0) && found.contains(&1) && !found.contains(&2));
    }
}
