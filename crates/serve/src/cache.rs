//! A cache with a limit on the total weight of its values; the least recently used go first.

use std::collections::HashMap;
use std::hash::Hash;

/// Values by key, up to a total weight.
pub(crate) struct Cache<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// The weight of all entries together.
    weight: usize,
    max_weight: usize,
    /// Counts the uses of the cache.
    clock: u64,
}

struct Entry<V> {
    value: V,
    weight: usize,
    last_used: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// An empty cache for values that weigh at most `max_weight` together.
    pub fn new(max_weight: usize) -> Self {
        Self { entries: HashMap::new(), weight: 0, max_weight, clock: 0 }
    }

    /// The value of `key`, if it is still there.
    pub fn get(&mut self, key: &K) -> Option<V> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.last_used = self.clock;
        Some(entry.value.clone())
    }

    /// Keeps `value` and drops the least recently used values until it fits. A value that is too heavy by itself is not kept.
    pub fn keep(&mut self, key: K, value: V, weight: usize) {
        if weight > self.max_weight {
            return;
        }
        self.clock += 1;
        if let Some(old) = self.entries.insert(key, Entry { value, weight, last_used: self.clock }) {
            self.weight -= old.weight;
        }
        self.weight += weight;
        while self.weight > self.max_weight {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| key.clone());
            let dropped = oldest.and_then(|key| self.entries.remove(&key)).expect("a positive weight has an entry");
            self.weight -= dropped.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_value_goes_first() {
        let mut cache = Cache::new(3);
        ["a", "b", "c"].into_iter().for_each(|key| cache.keep(key, key, 1));
        assert_eq!(cache.get(&"a"), Some("a"));
        cache.keep("d", "d", 1);
        assert_eq!(["a", "b", "c", "d"].map(|key| cache.get(&key).is_some()), [true, false, true, true]);
    }

    #[test]
    fn the_total_weight_stays_within_its_limit() {
        let mut cache = Cache::new(10);
        cache.keep(1, "heavy", 11);
        assert_eq!(cache.get(&1), None);
        cache.keep(1, "light", 2);
        cache.keep(1, "heavier", 9);
        cache.keep(2, "light", 2);
        assert_eq!((cache.get(&1), cache.get(&2)), (None, Some("light")));
    }
}
