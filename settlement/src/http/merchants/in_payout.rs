//! What `explain` says of a commission that a payout holds.

use crate::store::payout::line::HolderRow;

/// The sentence for a shop owner; `when` is the payout's last instant on the merchant's clock,
/// `again` that of the payout with what the bank sent back. `None` when the payout says nothing
/// beyond the commission's own state.
pub(super) fn sentence(holder: &HolderRow, when: &str, again: &str) -> Option<String> {
    let payout = holder.payout_id;
    match holder.state.as_str() {
        "draft" | "approved" if holder.lacks_method => Some(format!(
            "Payable; in payout {payout}, which cannot be sent before the affiliate has said how \
             it is to be paid."
        )),
        "draft" => {
            Some(format!("Payable; in payout {payout}, which waits for an operator's approval."))
        }
        "approved" => {
            Some(format!("Payable; in payout {payout}, which is approved and not sent yet."))
        }
        "processing" => Some(format!(
            "In payout {payout}, with the bank since {when}. A refund now waits for its answer."
        )),
        "settled" => Some(format!("Paid with payout {payout} on {when}.")),
        "returned" => {
            let then = sent_again(holder, again);
            Some(format!(
                "Paid with payout {payout}; the bank sent that money back on {when}, and {then}"
            ))
        }
        _ => None,
    }
}

/// What became of money that the bank sent back.
fn sent_again(holder: &HolderRow, when: &str) -> String {
    let (Some(payout), Some(state)) = (holder.again_payout_id, holder.again_state.as_deref())
    else {
        return "it goes out again with the next payout.".to_owned();
    };
    match state {
        "processing" => format!("it is in payout {payout}, with the bank since {when}."),
        "settled" => format!("it was paid with payout {payout} on {when}."),
        "returned" => {
            format!("after payout {payout} sent it out again, the bank sent it back on {when}.")
        }
        _ => format!("it is in payout {payout}, which is not sent yet."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn holder(state: &str, again: Option<&str>) -> HolderRow {
        HolderRow {
            payout_id: Uuid::from_u128(7),
            state: state.to_owned(),
            moved_at: None,
            lacks_method: false,
            again_payout_id: again.map(|_| Uuid::from_u128(8)),
            again_state: again.map(str::to_owned),
            again_at: None,
        }
    }

    fn told(holder: &HolderRow) -> Option<String> {
        sentence(holder, "5 July 2026, 01:45 (Asia/Kathmandu)", "9 July 2026, 10:00 (UTC)")
    }

    #[test]
    fn a_commission_in_a_payout_says_which_one_and_where_it_is() {
        for state in ["draft", "approved", "processing", "settled", "returned"] {
            let sentence = told(&holder(state, None)).unwrap();
            assert!(sentence.contains("00000000-0000-0000-0000-000000000007"), "{sentence}");
        }
        for state in ["processing", "settled", "returned"] {
            assert!(told(&holder(state, None)).unwrap().contains("5 July 2026"), "{state}");
        }
        assert_eq!(told(&holder("failed", None)), None);
        let lacking = HolderRow { lacks_method: true, ..holder("draft", None) };
        let lacking = told(&lacking).unwrap();
        assert!(lacking.ends_with("has said how it is to be paid."), "{lacking}");
    }

    #[test]
    fn money_that_came_back_is_followed_to_the_payout_that_sent_it_again() {
        let other = "payout 00000000-0000-0000-0000-000000000008";
        let when = "9 July 2026, 10:00 (UTC)";
        let cases = [
            (None, "it goes out again with the next payout.".to_owned()),
            (Some("draft"), format!("it is in {other}, which is not sent yet.")),
            (Some("processing"), format!("it is in {other}, with the bank since {when}.")),
            (Some("settled"), format!("it was paid with {other} on {when}.")),
            (
                Some("returned"),
                format!("after {other} sent it out again, the bank sent it back on {when}."),
            ),
        ];
        for (again, expected) in cases {
            let sentence = told(&holder("returned", again)).unwrap();
            assert!(sentence.ends_with(&format!(", and {expected}")), "{sentence}");
        }
    }
}
