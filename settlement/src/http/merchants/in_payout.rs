//! What `explain` says of a commission that a payout holds.

use crate::store::payout::line::HolderRow;

/// The sentence for a shop owner; `when` is the payout's last instant on the merchant's clock.
/// `None` when the payout says nothing beyond the commission's own state.
pub(super) fn sentence(holder: &HolderRow, when: &str) -> Option<String> {
    let payout = holder.payout_id;
    match holder.state.as_str() {
        "draft" | "approved" => {
            Some(format!("Payable; in payout {payout}, which is not sent yet."))
        }
        "processing" => Some(format!(
            "In payout {payout}, with the bank since {when}. A refund now waits for its answer."
        )),
        "settled" => Some(format!("Paid with payout {payout} on {when}.")),
        "returned" => Some(format!(
            "Paid with payout {payout}; the bank sent that money back on {when}, and it goes out \
             again with the next payout."
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_commission_in_a_payout_says_which_one_and_where_it_is() {
        let told = |state: &str| {
            let holder = HolderRow {
                payout_id: Uuid::from_u128(7),
                state: state.to_owned(),
                moved_at: None,
            };
            sentence(&holder, "5 July 2026, 01:45 (Asia/Kathmandu)")
        };
        for state in ["draft", "approved", "processing", "settled", "returned"] {
            let sentence = told(state).unwrap();
            assert!(sentence.contains("00000000-0000-0000-0000-000000000007"), "{sentence}");
        }
        for state in ["processing", "settled", "returned"] {
            assert!(told(state).unwrap().contains("5 July 2026"), "{state}");
        }
        assert_eq!(told("failed"), None);
    }
}
