//! What was found out, kept while it is asked for and while there is room.

use std::collections::HashMap;
use std::hash::Hash;

/// Values by their keys, those that were used last, up to a weight.
pub(crate) struct Cache<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Of all entries together.
    weight: usize,
    most: usize,
    /// Counts how often the cache was used.
    clock: u64,
}

struct Entry<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// A cache for values that weigh `most` together.
    pub fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), weight: 0, most, clock: 0 }
    }

    /// The value of `key`, if it is still there.
    pub fn get(&mut self, key: &K) -> Option<V> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.value.clone())
    }

    /// Keeps `value`, and lets go of what was not used for longest until there is room. A value that is too heavy by itself is
    /// not kept.
    pub fn keep(&mut self, key: K, value: V, weight: usize) {
        if weight > self.most {
            return;
        }
        self.clock += 1;
        if let Some(old) = self.entries.insert(key, Entry { value, weight, used: self.clock }) {
            self.weight -= old.weight;
        }
        self.weight += weight;
        while self.weight > self.most {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let gone = oldest.and_then(|key| self.entries.remove(&key)).expect("what weighs something is there");
            self.weight -= gone.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut cache = Cache::new(3);
        ["a", "b", "c"].into_iter().for_each(|key| cache.keep(key, key, 1));
        assert_eq!(cache.get(&"a"), Some("a"));
        cache.keep("d", "d", 1);
        assert_eq!(["a", "b", "c", "d"].map(|key| cache.get(&key).is_some()), [true, false, true, true]);
    }

    #[test]
    fn the_weight_of_all_is_never_more_than_was_said() {
        let mut cache = Cache::new(10);
        cache.keep(1, "heavy", 11);
        assert_eq!(cache.get(&1), None);
        cache.keep(1, "light", 2);
        cache.keep(1, "heavier", 9);
        cache.keep(2, "light", 2);
        assert_eq!((cache.get(&1), cache.get(&2)), (None, Some("light")));
    }
}
