//! What is known of a sale when it is settled, frozen with the order.

use crate::domain::attribution::{Candidate, Kind, Outcome, Receipt};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::click_id::ClickClass;
use shared::money::Currency;

/// What is wrong with a click id that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClickFault {
    /// Its seal is false.
    Forged,
    /// It leads to another merchant.
    OtherMerchant,
    /// It belongs to the other environment.
    OtherEnvironment,
}

/// Facts of a sale that risk weighs. What is absent says nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Signals {
    /// When the order was placed, in the merchant's time; its row has it too.
    #[serde(skip_serializing_if = "is_epoch")]
    pub ordered_at: Timestamp,
    /// The class of the click that earned it, unless it was a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_class: Option<ClickClass>,
    /// Whole seconds from that click to the order; negative when the clocks differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_to_order_seconds: Option<i64>,
    /// Two capital letters, from the click's record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_country: Option<String>,
    /// Two capital letters, from `metadata.country`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_country: Option<String>,
    /// Order total; kept where there is a median to hold it against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_amount: Option<Decimal>,
    /// Median of the merchant's latest totals before this one, in the same currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_amount: Option<Decimal>,
    /// What was wrong with the click id sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_fault: Option<ClickFault>,
    /// The same for orders with the same click id, amount and currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_key: Option<i64>,
    /// Keyed daily hash of the shopper's address, from the click's record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shopper_hash: Option<String>,
    /// The click id whose record has not arrived; its row has it too.
    #[serde(skip)]
    pub awaits_click: Option<String>,
    /// Whether the customer was entered as the affiliate itself.
    #[serde(skip_serializing_if = "is_false")]
    pub self_referral: bool,
    /// Whether the affiliate was suspended when the order was placed.
    #[serde(skip_serializing_if = "is_false")]
    pub affiliate_suspended: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_epoch(at: &Timestamp) -> bool {
    *at == Timestamp::UNIX_EPOCH
}

/// What a click's record adds to its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClickRecord {
    /// Keyed daily hash of the address.
    pub shopper_hash: Option<String>,
    /// Two letters; anything else is unknown.
    pub country: Option<String>,
}

impl Signals {
    /// Takes in what a click's record says, at the sale or later.
    pub fn take_click(&mut self, record: &ClickRecord) {
        self.shopper_hash.clone_from(&record.shopper_hash);
        self.click_country = record.country.as_deref().and_then(country);
    }

    /// Takes in what attribution found.
    pub fn take_receipt(&mut self, receipt: &Receipt, judged_at: Timestamp) {
        let is_click = |candidate: &&Candidate| {
            candidate.kind == Kind::Click && candidate.result == Outcome::Won
        };
        let won = receipt.candidates.iter().find(is_click);
        if let Some(won) = won {
            self.click_class = won.class.filter(|class| *class != ClickClass::Human);
            let clicked_at = won.clicked_at;
            self.click_to_order_seconds =
                clicked_at.map(|at| judged_at.as_second().saturating_sub(at.as_second()));
            if won.notes.iter().any(|note| note == "click_record_missing") {
                self.awaits_click = won.click_id.as_deref().and_then(shared::click_id::canonical);
            }
        }
        self.click_fault = receipt.risk_reasons.iter().find_map(|reason| match reason.as_str() {
            "click_forged" => Some(ClickFault::Forged),
            "click_other_merchant" => Some(ClickFault::OtherMerchant),
            "click_other_environment" => Some(ClickFault::OtherEnvironment),
            _ => None,
        });
    }
}

/// Two letters as capitals; `None` for anything else and for `XX`, which means unknown.
pub fn country(text: &str) -> Option<String> {
    let capitals = text.trim().to_ascii_uppercase();
    let two = capitals.len() == 2 && capitals.bytes().all(|b| b.is_ascii_uppercase());
    (two && capitals != "XX").then_some(capitals)
}

/// The country an order's `metadata` names, when it is an object that does.
pub fn order_country(metadata: Option<&str>) -> Option<String> {
    let metadata: serde_json::Value = serde_json::from_str(metadata?).ok()?;
    metadata.get("country")?.as_str().and_then(country)
}

/// The same for two orders with the same click id and amount; `None` without a click id of ours.
pub fn sale_key(click_id: Option<&str>, amount: Decimal, currency: Currency) -> Option<i64> {
    let click_id = shared::click_id::canonical(click_id?)?;
    let text = format!("{click_id} {} {}", amount.normalize(), currency.code());
    let digest = Sha256::digest(text.as_bytes());
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    Some(i64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters_in_any_case() {
        let cases = [("np", Some("NP")), (" Np ", Some("NP")), ("NPL", None), ("T1", None)];
        for (text, expected) in cases.into_iter().chain([("xx", None), ("", None), ("ñp", None)]) {
            assert_eq!(country(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_order_s_country_is_read_from_an_object_alone() {
        let cases = [
            (r#"{"country":"in","a":[1]}"#, Some("IN")),
            (r#"{"country":5}"#, None),
            (r#"{"Country":"in"}"#, None),
            (r#"["country"]"#, None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(order_country(Some(text)).as_deref(), expected, "{text}");
        }
        assert_eq!(order_country(None), None);
    }

    #[test]
    fn a_sale_is_the_same_whatever_the_spelling_of_its_click_id_and_amount() {
        let npr = Currency::parse("NPR").expect("a currency");
        let inr = Currency::parse("INR").expect("a currency");
        let id = format!("clk_{}", "10".repeat(20));
        let spelt = format!("CLK_{}", "lO".repeat(20));
        let key = |id: &str, cents, currency| sale_key(Some(id), Decimal::new(cents, 2), currency);
        assert!(key(&id, 1000, npr).is_some());
        assert_eq!(key(&id, 1000, npr), key(&spelt, 1000, npr));
        assert_eq!(key(&id, 1000, npr), sale_key(Some(&id), Decimal::TEN, npr));
        assert_ne!(key(&id, 1000, npr), key(&id, 1001, npr));
        assert_ne!(key(&id, 1000, npr), key(&id, 1000, inr));
        assert_eq!(key("CLK_example123", 1000, npr), None);
    }

    #[test]
    fn what_is_absent_leaves_no_trace_and_reads_back() {
        let empty = serde_json::to_string(&Signals::default()).expect("plain data");
        assert_eq!(empty, "{}");
        let read: Signals = serde_json::from_str("{}").expect("plain data");
        assert_eq!(read, Signals::default());
        let full = Signals {
            ordered_at: Timestamp::from_second(7).expect("a second"),
            click_class: Some(ClickClass::Bot),
            click_to_order_seconds: Some(-3),
            click_country: Some("NP".to_owned()),
            order_country: Some("IN".to_owned()),
            order_amount: Some(Decimal::TEN),
            median_amount: Some(Decimal::ONE),
            click_fault: Some(ClickFault::Forged),
            sale_key: Some(i64::MIN),
            shopper_hash: Some("h".to_owned()),
            awaits_click: None,
            self_referral: true,
            affiliate_suspended: true,
        };
        let text = serde_json::to_string(&full).expect("plain data");
        assert_eq!(serde_json::from_str::<Signals>(&text).expect("plain data"), full);
    }
}
