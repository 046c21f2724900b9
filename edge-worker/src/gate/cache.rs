//! How old a cached link or key may be, and a map that never holds too many of them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// A link this young is used as it is.
pub const LINK_FRESH_MS: i64 = 2_000;
/// A link older than this is not used while the Directory answers.
pub const LINK_STALE_MS: i64 = 4_000;
/// A link older than this is not used at all.
pub const LINK_LOST_MS: i64 = 3_600_000;
/// A key is used this long, and never longer.
pub const KEY_FRESH_MS: i64 = 3_000;
/// "No such link or key" is believed this long.
pub const MISSING_FRESH_MS: i64 = 3_000;
/// A refresh that has not ended after this long is taken for lost.
pub const REFRESH_LOST_MS: i64 = 2_000;
/// After the Directory failed to answer, it is left alone this long.
pub const DIRECTORY_REST_MS: i64 = 1_000;

/// What to do with a cached link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkUse {
    /// Use it.
    Fresh,
    /// Use it, and refresh it in the background unless that is under way.
    Stale,
    /// Ask the Directory; use it only when the Directory cannot be reached.
    Expired,
    /// Ask the Directory; this is too old to be used.
    Lost,
}

/// Judges a cached link by its age.
pub fn link_use(age_ms: i64) -> LinkUse {
    if age_ms < LINK_FRESH_MS {
        LinkUse::Fresh
    } else if age_ms < LINK_STALE_MS {
        LinkUse::Stale
    } else if age_ms < LINK_LOST_MS {
        LinkUse::Expired
    } else {
        LinkUse::Lost
    }
}

/// A map that forgets what was not asked for lately: when the young half is full it becomes the
/// old half, and the old half goes.
#[derive(Debug)]
pub struct Bounded<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    entries_max: usize,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    /// A map of at most so many entries.
    pub fn new(entries_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), entries_max }
    }

    /// Finds an entry and keeps it young.
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if !self.young.contains_key(key)
            && let Some((key, value)) = self.old.remove_entry(key)
        {
            self.insert(key, value);
        }
        self.young.get_mut(key)
    }

    /// Puts an entry in, in place of one with the same key.
    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() * 2 >= self.entries_max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_fresh_then_stale_then_expired_then_lost() {
        let cases = [
            (-5, LinkUse::Fresh),
            (0, LinkUse::Fresh),
            (1_999, LinkUse::Fresh),
            (2_000, LinkUse::Stale),
            (3_999, LinkUse::Stale),
            (4_000, LinkUse::Expired),
            (3_599_999, LinkUse::Expired),
            (3_600_000, LinkUse::Lost),
        ];
        for (age_ms, expected) in cases {
            assert_eq!(link_use(age_ms), expected, "{age_ms}");
        }
    }

    #[test]
    fn the_map_stays_bounded_and_keeps_what_is_asked_for() {
        let mut map: Bounded<u32, u32> = Bounded::new(10);
        for n in 0..1_000 {
            map.insert(n, n);
            assert!(map.young.len() + map.old.len() <= 10, "after {n}");
            assert_eq!(map.get_mut(&0), Some(&mut 0), "after {n}");
        }
        assert_eq!(map.get_mut(&500), None);
        map.insert(0, 7);
        assert_eq!(map.get_mut(&0), Some(&mut 7));
    }

    #[test]
    fn the_younger_half_stays_and_an_entry_put_in_again_drives_nothing_out() {
        let mut map: Bounded<u32, u32> = Bounded::new(10);
        for n in 0..100_u32 {
            map.insert(n, n);
            map.insert(n, n);
            for lately in n.saturating_sub(4)..=n {
                let is_there = map.young.contains_key(&lately) || map.old.contains_key(&lately);
                assert!(is_there, "{lately} after {n}");
            }
        }
    }
}
