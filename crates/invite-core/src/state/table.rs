//! A map for slices: few rows, added mostly in the order of their keys, and asked for several times in a row.

use alloc::boxed::Box;
use alloc::vec::{self, Vec};
use core::sync::atomic::{AtomicUsize, Ordering};

/// A map as a sorted list, which remembers the place of the last answer.
///
/// Keys here are texts whose comparison costs more than anything else. Adding at the end and asking again for
/// the same key or the next one take one comparison; everything else is a binary search.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: Vec<(K, V)>,
    last: AtomicUsize,
}

impl<K: Ord, V> Table<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let at = self.find(key).ok()?;
        self.rows.get(at).map(|(_, row)| row)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(key).ok()?;
        self.rows.get_mut(at).map(|(_, row)| row)
    }

    /// All rows, in the order of their keys.
    pub(super) fn rows(&self) -> impl Iterator<Item = &V> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// All keys and rows, in the order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.rows.iter()
    }

    pub(super) fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// Puts a row in, and gives back the one that was there.
    pub(super) fn insert(&mut self, key: K, row: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => self.rows.get_mut(at).map(|(_, old)| core::mem::replace(old, row)),
            Err(at) => {
                self.rows.insert(at, (key, row));
                None
            }
        }
    }

    /// Puts a row in, unless there is one.
    pub(super) fn insert_new(&mut self, key: K, row: impl FnOnce() -> V) {
        if let Err(at) = self.find(&key) {
            self.rows.insert(at, (key, row()));
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.find(key).ok()?;
        Some(self.rows.remove(at).1)
    }

    /// Puts a row in, or takes it out, and gives back the one that was there.
    pub(super) fn swap(&mut self, key: &K, row: Option<V>) -> Option<V>
    where
        K: Clone,
    {
        match row {
            Some(row) => self.insert(key.clone(), row),
            None => self.remove(key),
        }
    }

    /// The place of a key, or the one where it belongs.
    fn find(&self, key: &K) -> Result<usize, usize> {
        let last = self.last.load(Ordering::Relaxed);
        for at in [last, last.saturating_add(1)] {
            if self.rows.get(at).is_some_and(|(there, _)| there == key) {
                self.last.store(at, Ordering::Relaxed);
                return Ok(at);
            }
        }
        if self.rows.last().is_none_or(|(there, _)| there < key) {
            return Err(self.rows.len());
        }
        let found = self.rows.binary_search_by(|(there, _)| there.cmp(key));
        self.last.store(found.unwrap_or_else(|at| at), Ordering::Relaxed);
        found
    }
}

impl<K: Ord, R: Clone> Table<K, Option<Box<R>>> {
    /// The row with a change made to it, if there is one.
    pub(super) fn changed(&self, key: &K, change: impl FnOnce(&mut R)) -> Option<Box<R>> {
        let mut row = self.get(key)?.clone()?;
        change(&mut row);
        Some(row)
    }
}

impl<K, V> IntoIterator for Table<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: Vec::new(), last: AtomicUsize::new(0) }
    }
}

impl<K: Clone, V: Clone> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), last: AtomicUsize::new(self.last.load(Ordering::Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_table_answers_as_a_map_does(steps in proptest::collection::vec((0..3_u8, 0..12_u8, any::<u8>()), 0..60)) {
            let (mut table, mut map) = (Table::default(), BTreeMap::new());
            for (step, key, row) in steps {
                match step {
                    0 => prop_assert_eq!(table.swap(&key, Some(row)), map.insert(key, row)),
                    1 => prop_assert_eq!(table.swap(&key, None), map.remove(&key)),
                    _ => {
                        table.insert_new(key, || row);
                        map.entry(key).or_insert(row);
                    }
                }
                for key in [key, key.wrapping_add(1), key.wrapping_sub(1)] {
                    prop_assert_eq!(table.get(&key), map.get(&key));
                    prop_assert_eq!(table.contains_key(&key), map.contains_key(&key));
                    prop_assert_eq!(table.get_mut(&key).copied(), map.get(&key).copied());
                }
                prop_assert!(table.iter().map(|(key, row)| (key, row)).eq(map.iter()));
            }
        }
    }
}
