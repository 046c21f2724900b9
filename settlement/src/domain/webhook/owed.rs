//! Which notices concern an endpoint's owner at all, whatever it has chosen.

use super::endpoint::Owner;
use crate::domain::notice::Kind;
use shared::id::{AffiliateId, MerchantId};

/// Whether a notice that stands under this merchant, about this affiliate, concerns the owner. An
/// affiliate's payouts are told as a whole under the nil merchant; each merchant's lines of them
/// are that merchant's alone.
pub fn concerns(
    owner: Owner,
    merchant: MerchantId,
    about: Option<AffiliateId>,
    kind: Kind,
) -> bool {
    let network_wide = merchant.0.is_nil();
    match owner {
        Owner::Merchant => !network_wide,
        Owner::Affiliate(affiliate) => {
            let of_payout = matches!(kind, Kind::PayoutProcessed | Kind::PayoutFailed);
            about == Some(affiliate) && of_payout <= network_wide
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_merchant_hears_of_its_books_and_an_affiliate_of_what_is_its_own() {
        let (merchant, network) = (MerchantId(Uuid::from_u128(7)), MerchantId(Uuid::nil()));
        let (asha, bina) = (AffiliateId(Uuid::from_u128(1)), AffiliateId(Uuid::from_u128(2)));
        let cases = [
            (merchant, Some(asha), Kind::CommissionHeld, true, true),
            (merchant, Some(bina), Kind::CommissionHeld, true, false),
            (merchant, None, Kind::EventProcessed, true, false),
            (merchant, Some(asha), Kind::PayoutProcessed, true, false),
            (network, Some(asha), Kind::PayoutProcessed, false, true),
            (network, Some(bina), Kind::PayoutFailed, false, false),
            (network, Some(asha), Kind::EndpointPaused, false, true),
        ];
        for (stands_under, about, kind, to_merchant, to_asha) in cases {
            let told = |owner| concerns(owner, stands_under, about, kind);
            assert_eq!(told(Owner::Merchant), to_merchant, "{kind:?}");
            assert_eq!(told(Owner::Affiliate(asha)), to_asha, "{kind:?}");
        }
    }
}
