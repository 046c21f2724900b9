//! A merchant's latest order totals in one currency, and their median.

use rust_decimal::Decimal;
use std::collections::VecDeque;

/// How many totals are kept.
pub const AMOUNTS_MAX: usize = 100;
/// Totals below which a median says nothing about what is usual.
pub const AMOUNTS_MIN: usize = 20;

/// The latest totals, in order of arrival and in order of size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatestAmounts {
    arrived: VecDeque<Decimal>,
    sorted: Vec<Decimal>,
}

impl LatestAmounts {
    /// Totals as they were kept, oldest first.
    pub fn new(amounts: Vec<Decimal>) -> Self {
        let mut latest = Self::default();
        for amount in amounts {
            latest.push(amount);
        }
        latest
    }

    /// Oldest first.
    pub fn arrived(&self) -> impl Iterator<Item = &Decimal> {
        self.arrived.iter()
    }

    /// Adds the newest total; beyond `AMOUNTS_MAX` the oldest goes.
    pub fn push(&mut self, amount: Decimal) {
        if self.arrived.len() == AMOUNTS_MAX
            && let Some(oldest) = self.arrived.pop_front()
            && let Ok(place) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(place);
        }
        self.arrived.push_back(amount);
        let place = self.sorted.partition_point(|known| *known < amount);
        self.sorted.insert(place, amount);
    }

    /// The middle total, or the mean of the middle two; `None` while too few are known.
    pub fn median(&self) -> Option<Decimal> {
        let many = self.sorted.len();
        if many < AMOUNTS_MIN {
            return None;
        }
        let upper = self.sorted[many / 2];
        if many % 2 == 1 {
            return Some(upper);
        }
        Some((self.sorted[many / 2 - 1] + upper) / Decimal::TWO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_needs_twenty_totals() {
        let mut latest = LatestAmounts::new((1..=19).map(Decimal::from).collect());
        assert_eq!(latest.median(), None);
        latest.push(Decimal::from(20));
        assert_eq!(latest.median(), Some(Decimal::new(105, 1)));
        latest.push(Decimal::from(21));
        assert_eq!(latest.median(), Some(Decimal::from(11)));
    }

    #[test]
    fn only_the_latest_hundred_count_however_they_came() {
        let all: Vec<Decimal> = (0..250).map(|n| Decimal::from(n * 37 % 101)).collect();
        let mut latest = LatestAmounts::default();
        for amount in &all {
            latest.push(*amount);
        }
        let mut last = all[150..].to_vec();
        assert_eq!(latest.arrived().copied().collect::<Vec<_>>(), last);
        last.sort();
        assert_eq!(latest.median(), Some((last[49] + last[50]) / Decimal::TWO));
        assert_eq!(LatestAmounts::new(all).median(), latest.median());
    }

    #[test]
    fn a_shop_that_grows_is_measured_by_its_latest_hundred() {
        let rising = LatestAmounts::new((0..250).map(Decimal::from).collect());
        assert_eq!(rising.median(), Some(Decimal::new(1995, 1)));
        let falling = LatestAmounts::new((0..250).rev().map(Decimal::from).collect());
        assert_eq!(falling.median(), Some(Decimal::new(495, 1)));
    }
}
