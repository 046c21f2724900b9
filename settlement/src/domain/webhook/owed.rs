//! Which notices an endpoint is owed: those that concern its owner, of types that it chose.

use super::endpoint::{EndpointKey, Owner};
use crate::domain::notice::{Kind, Notice};
use crate::domain::order::Scope;
use shared::id::{AffiliateId, MerchantId};

/// An endpoint that a notice may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Which.
    pub key: EndpointKey,
    /// Whose.
    pub owner: Owner,
    /// The types it chose.
    pub events: Vec<Kind>,
}

impl Listener {
    /// Whether it is owed a notice of this scope.
    pub fn is_owed(&self, (scope, notice): (Scope, &Notice)) -> bool {
        let here = match self.owner {
            Owner::Merchant => scope.merchant == self.key.merchant,
            Owner::Affiliate(_) => true,
        };
        here && scope.environment == self.key.environment
            && self.events.contains(&notice.kind)
            && concerns(self.owner, scope.merchant, notice.affiliate, notice.kind)
    }
}

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
            about == Some(affiliate) && (network_wide || !of_payout)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::Value;
    use shared::id::Environment;
    use uuid::Uuid;

    #[test]
    fn a_listener_is_owed_what_it_chose_in_its_own_world_and_of_its_own_merchant() {
        let (here, other) = (MerchantId(Uuid::from_u128(7)), MerchantId(Uuid::from_u128(8)));
        let asha = AffiliateId(Uuid::from_u128(1));
        let listener = |merchant, owner| Listener {
            key: EndpointKey { environment: Environment::Live, merchant, endpoint: Uuid::nil() },
            owner,
            events: vec![Kind::CommissionHeld],
        };
        let merchants = listener(here, Owner::Merchant);
        let affiliates = listener(MerchantId(Uuid::nil()), Owner::Affiliate(asha));
        let cases = [
            (Environment::Live, here, Kind::CommissionHeld, Some(asha), true, true),
            (Environment::Live, other, Kind::CommissionHeld, Some(asha), false, true),
            (Environment::Live, here, Kind::CommissionHeld, None, true, false),
            (Environment::Live, here, Kind::CommissionPaid, Some(asha), false, false),
            (Environment::Test, here, Kind::CommissionHeld, Some(asha), false, false),
        ];
        for (environment, merchant, kind, affiliate, to_merchant, to_asha) in cases {
            let notice = Notice {
                kind,
                affiliate,
                conversion: None,
                about_commission: false,
                event_id: None,
                occurred_at: Timestamp::UNIX_EPOCH,
                data: Value::Null,
            };
            let told = (Scope { environment, merchant }, &notice);
            assert_eq!(merchants.is_owed(told), to_merchant, "{environment:?} {kind:?}");
            assert_eq!(affiliates.is_owed(told), to_asha, "{environment:?} {kind:?}");
        }
    }

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
