//! `POST /api/v1/test/simulate`: body to a story to be played. Rules: PRODUCT §9, MONEY §11.

use super::fields::{Fields, Need};
use crate::fault::Faults;

/// Days one story may last: what one call may move a test clock by.
pub const SIMULATION_DAYS_MAX: u32 = 366;

/// What happens to the order of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Ordered, confirmed, delivered, and nothing more.
    Delivered,
    /// Delivered; four tenths are refunded soon after.
    PartialRefund,
    /// Delivered; all of it comes back soon after.
    Returned,
    /// Delivered; all of it is refunded near the story's end.
    LateRefund,
    /// Cancelled before it was sent.
    Cancelled,
    /// Confirmed, and never said to be delivered.
    Undelivered,
    /// Delivered, but reported without a click id.
    Unattributed,
    /// Ordered near the story's end, long after the click.
    LateOrder,
}

impl Scenario {
    /// Every scenario by its word.
    pub const ALL: [(&'static str, Self); 8] = [
        ("delivered", Self::Delivered),
        ("partial_refund", Self::PartialRefund),
        ("returned", Self::Returned),
        ("late_refund", Self::LateRefund),
        ("cancelled", Self::Cancelled),
        ("undelivered", Self::Undelivered),
        ("unattributed", Self::Unattributed),
        ("late_order", Self::LateOrder),
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(_, scenario)| *scenario == self);
        found.map_or("", |(word, _)| word)
    }
}

/// A story to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulation {
    /// What happens.
    pub scenario: Scenario,
    /// Decides order id and amount: the same seed is the same order.
    pub seed: u32,
    /// How far the test clock moves.
    pub days: u32,
}

/// Reads a story, or every fault of the body.
pub fn simulation(body: &[u8]) -> Result<Simulation, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let scenario = fields.one_of("scenario", &Scenario::ALL, Need::Required);
    let seed = fields.whole("seed", 0, u32::MAX, Need::Required);
    let days = fields.whole("days", 1, SIMULATION_DAYS_MAX, Need::Required);
    fields.refuse_unknown(&[]);
    match (scenario, seed, days, fields.faults.is_empty()) {
        (Some(scenario), Some(seed), Some(days), true) => Ok(Simulation { scenario, seed, days }),
        _ => Err(fields.faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_read_strictly() {
        for (word, scenario) in Scenario::ALL {
            let body = format!(r#"{{"scenario":"{word}","seed":7,"days":60}}"#);
            let expected = Simulation { scenario, seed: 7, days: 60 };
            assert_eq!(simulation(body.as_bytes()), Ok(expected));
            assert_eq!(scenario.as_str(), word);
        }
        let body = br#"{"scenario":"x","seed":-1,"days":367,"more":1}"#;
        let faults = simulation(body).expect_err("all of it is wrong").into_messages();
        let names: Vec<_> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        assert_eq!(names, ["scenario", "seed", "days", "more"]);
    }
}
