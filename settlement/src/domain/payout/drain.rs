//! Whether all events of a merchant up to a cut-off are settled: only then is it paid out from.

use jiff::Timestamp;

/// Where a merchant's streams stand, over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    /// The edge's clock at its last batch, in the merchant's time; `None`: it never sent one.
    pub edge_time: Option<Timestamp>,
    /// Whether everything the edge named is stored.
    pub is_stored: bool,
    /// Whether everything stored is settled.
    pub is_settled: bool,
    /// Events that could not be settled.
    pub failed: i64,
}

/// Whether a merchant's events are all in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are.
    Drained,
    /// The edge has not been heard since the cut-off.
    NotHeard,
    /// Some are still at the edge.
    NotStored,
    /// Some are not settled yet.
    NotSettled,
    /// Some could not be settled.
    Failed,
}

impl Verdict {
    /// Why it is left out, for an operator; `None` when it is not.
    pub fn why(self) -> Option<&'static str> {
        match self {
            Self::Drained => None,
            Self::NotHeard => Some("the edge has not been heard since the cut-off"),
            Self::NotStored => Some("events are still at the edge"),
            Self::NotSettled => Some("events are not settled yet"),
            Self::Failed => Some("events could not be settled; retry them first"),
        }
    }
}

/// Judges a merchant's streams against a cut-off in its own time.
pub fn judge(streams: Streams, cut_off: Timestamp) -> Verdict {
    if streams.edge_time.is_none_or(|heard| heard < cut_off) {
        Verdict::NotHeard
    } else if !streams.is_stored {
        Verdict::NotStored
    } else if !streams.is_settled {
        Verdict::NotSettled
    } else if streams.failed > 0 {
        Verdict::Failed
    } else {
        Verdict::Drained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchant_is_drained_when_nothing_up_to_the_cut_off_is_out() {
        let at = |second| Timestamp::from_second(second).expect("a second");
        let all =
            Streams { edge_time: Some(at(100)), is_stored: true, is_settled: true, failed: 0 };
        let cases = [
            (all, 100, Verdict::Drained),
            (all, 101, Verdict::NotHeard),
            (Streams { edge_time: None, ..all }, 0, Verdict::NotHeard),
            (Streams { is_stored: false, ..all }, 100, Verdict::NotStored),
            (Streams { is_settled: false, ..all }, 100, Verdict::NotSettled),
            (Streams { failed: 1, ..all }, 100, Verdict::Failed),
        ];
        for (streams, cut_off, expected) in cases {
            assert_eq!(judge(streams, at(cut_off)), expected, "{streams:?}");
            assert_eq!(expected.why().is_none(), expected == Verdict::Drained);
        }
    }
}
