//! A set for what a command asks for: few keys, given mostly in their order.

use alloc::vec::{self, Vec};
use core::borrow::Borrow;
use core::slice;

/// A set as a sorted list: one that is empty costs nothing, to make or to drop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SortedSet<T>(Vec<T>);

impl<T: Ord> SortedSet<T> {
    /// No key.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a key; whether it was not there.
    pub fn insert(&mut self, key: T) -> bool {
        let at = match self.0.last() {
            Some(last) if *last >= key => self.0.binary_search(&key),
            _ => Err(self.0.len()),
        };
        if let Err(at) = at {
            self.0.insert(at, key);
        }
        at.is_err()
    }

    /// Takes a key away; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let at = self.find(key);
        at.map(|at| self.0.remove(at)).is_ok()
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        self.0.binary_search_by(|there| there.borrow().cmp(key))
    }
}

impl<T> SortedSet<T> {
    /// The keys, in their order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, keys: I) {
        let before = self.0.len().saturating_sub(1);
        self.0.extend(keys);
        // What was there is in order, so that a sort that merges takes little more than what came.
        let came = self.0.get(before..).unwrap_or_default();
        if !came.is_sorted_by(|one, next| one < next) {
            self.0.sort();
            self.0.dedup();
        }
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(keys: I) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for SortedSet<T> {
    fn from(keys: [T; N]) -> Self {
        keys.into_iter().collect()
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a SortedSet<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_as_a_set_has_them(first: Vec<u8>, more: Vec<u8>, one: u8) {
            let (mut keys, mut set) =
                (first.iter().copied().collect::<SortedSet<_>>(), first.into_iter().collect::<BTreeSet<_>>());
            prop_assert_eq!(keys.insert(one), set.insert(one));
            prop_assert!(!keys.insert(one));
            keys.extend(more.clone());
            set.extend(more);
            prop_assert_eq!((keys.len(), keys.is_empty()), (set.len(), set.is_empty()));
            prop_assert!((0..=u8::MAX).all(|key| keys.contains(&key) == set.contains(&key)));
            prop_assert!(keys.iter().eq(&set) && (&keys).into_iter().eq(&set));
            prop_assert!(keys.into_iter().eq(set));
        }
    }
}
