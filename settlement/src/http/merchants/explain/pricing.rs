//! Why an amount is what it is, in sentences for a shop owner, from the terms frozen at the sale.

use crate::domain::pricing::{FrozenRule, PricedLine};
use crate::domain::rule::Level;
use crate::domain::statement::Money;
use crate::domain::statement::words::money;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use shared::money::Currency;

/// Basis points of one percent.
const BPS_PER_PERCENT: i64 = 100;
/// Digits behind the point of a rate of one basis point.
const BPS_DIGITS: u32 = 4;
/// Items named in a sentence at most.
const SKUS_NAMED_MAX: usize = 5;

/// What a commission's terms and a receipt's pricing both hold.
#[derive(Debug, Deserialize)]
struct Frozen {
    base: Decimal,
    lines: Vec<PricedLine>,
}

/// An order as it was priced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    /// Of every amount.
    pub currency: Currency,
    /// Order total.
    pub total: Decimal,
}

/// The lines that one rule priced, or that none did.
struct Group<'a> {
    rule: Option<&'a FrozenRule>,
    lines: Vec<&'a PricedLine>,
}

/// How the amount came to be; `None` when nothing was priced or its terms cannot be read.
///
/// `frozen` is a commission's terms, or the `pricing` of a receipt when there is no commission.
pub(super) fn sentence(order: Order, frozen: &Value) -> Option<String> {
    // What cannot be read is told by the frozen terms themselves, which stand beside this.
    let frozen: Frozen = serde_json::from_value(frozen.clone()).ok()?;
    let groups = groups(&frozen.lines);
    let names_items = groups.len() > 1;
    let mut told: Vec<String> = Vec::new();
    if frozen.base < order.total {
        let (base, total) = (order.of(frozen.base), order.of(order.total));
        told.push(format!("The items listed come to {base} of the order's {total}; they count."));
    }
    for group in &groups {
        told.extend(passed_over(order, group));
        let items = if names_items { named(&group.lines) } else { String::new() };
        told.push(priced(order, group, &items));
    }
    if names_items {
        let amount = frozen.lines.iter().map(|line| line.amount).sum();
        told.push(format!("Together {}.", order.of(amount)));
    }
    (!groups.is_empty()).then(|| told.join(" "))
}

/// What refunds and rejections left of an amount; `None` when all of it is.
pub(super) fn left(
    currency: Currency,
    amount: Decimal,
    net: Decimal,
    is_rejected: bool,
) -> Option<String> {
    let of = |amount| money(Money { currency, amount });
    if is_rejected {
        return Some("It was rejected, so nothing of it is paid.".to_owned());
    }
    (net < amount)
        .then(|| format!("Refunds took back {} of it, which leaves {}.", of(amount - net), of(net)))
}

/// A correction: an amount beside the commission's own, posted `when`.
pub(super) fn corrected(correction: Money, when: &str, reason: &str) -> String {
    let (does, to) =
        if correction.amount < Decimal::ZERO { ("takes back", "from") } else { ("adds", "for") };
    let amount = money(Money { amount: correction.amount.abs(), ..correction });
    format!("A correction of {when} {does} {amount} {to} the affiliate: {reason}")
}

impl Order {
    fn of(self, amount: Decimal) -> String {
        money(Money { currency: self.currency, amount })
    }
}

fn groups(lines: &[PricedLine]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for line in lines {
        let rule = line.rule.as_ref();
        match groups.iter_mut().find(|group| group.rule == rule) {
            Some(group) => group.lines.push(line),
            None => groups.push(Group { rule, lines: vec![line] }),
        }
    }
    groups
}

/// `For A × 2 and B: `; lines without a SKU have no name.
fn named(lines: &[&PricedLine]) -> String {
    let name = |line: &&PricedLine| {
        let sku = line.sku.as_deref()?;
        Some(if line.quantity == 1 {
            sku.to_owned()
        } else {
            format!("{sku} × {}", line.quantity)
        })
    };
    let mut names: Vec<String> = lines.iter().filter_map(name).collect();
    let more = names.len().saturating_sub(SKUS_NAMED_MAX);
    names.truncate(SKUS_NAMED_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => format!("For {last}: "),
        Some((last, others)) => format!("For {} and {last}: ", others.join(", ")),
    }
}

/// The levels that had a rule which did not apply.
fn passed_over(order: Order, group: &Group<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for tried in group.lines.iter().flat_map(|line| &line.tried) {
        let owner = owner(tried.level);
        let sentence = match tried.result.as_str() {
            "other_currency" => format!(
                "{} rule is in another currency than the order's {}, so it was passed over.",
                capital(owner),
                order.currency
            ),
            "ended" => format!("{} rule had ended, so it was passed over.", capital(owner)),
            _ => continue,
        };
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    told
}

fn priced(order: Order, group: &Group<'_>, items: &str) -> String {
    let Some(rule) = group.rule else {
        let told = format!("{items}no rule applies, so nothing is earned.");
        return capital(&told);
    };
    let by = format!("by {} rule", owner(rule.level));
    let total = order.of(order.total);
    if let Some(minimum) = rule.minimum_order.filter(|minimum| order.total < *minimum) {
        let told = format!(
            "{items}{} rule pays from an order of {} on; this one comes to {total}, so nothing is \
             earned.",
            owner(rule.level),
            order.of(minimum)
        );
        return capital(&told);
    }
    let amount: Decimal = group.lines.iter().map(|line| line.amount).sum();
    let (how, earned) = reckoned(order, rule, &group.lines);
    let result = order.of(amount);
    match rule.cap_amount.filter(|cap| earned > *cap) {
        Some(_) => format!(
            "{items}{how} {by} would be {}; the rule's cap makes that {result}.",
            order.of(earned)
        ),
        None if amount.is_zero() && !earned.is_zero() => {
            format!("{items}{how} {by} is too little for the currency and rounds to {result}.")
        }
        None => format!("{items}{how} {by} is {result}."),
    }
}

/// What the rule says of the lines, and what that comes to before cap and rounding.
fn reckoned(order: Order, rule: &FrozenRule, lines: &[&PricedLine]) -> (String, Decimal) {
    let base: Decimal = lines.iter().map(|line| line.base).sum();
    if let Some(bps) = rule.rate_bps {
        let percent = (Decimal::from(bps) / Decimal::from(BPS_PER_PERCENT)).normalize();
        let earned = base * Decimal::new(i64::from(bps), BPS_DIGITS);
        return (format!("{percent} % of {}", order.of(base)), earned);
    }
    let flat = rule.flat_amount.unwrap_or_default();
    if rule.level != Level::Product {
        return (format!("{} per order", order.of(flat)), flat);
    }
    let pieces: u64 = lines.iter().map(|line| u64::from(line.quantity)).sum();
    let pieces_told = if pieces == 1 { "1 piece".to_owned() } else { format!("{pieces} pieces") };
    (format!("{} for each of {pieces_told}", order.of(flat)), flat * Decimal::from(pieces))
}

/// Whose rule a level's is.
fn owner(level: Level) -> &'static str {
    match level {
        Level::Product => "the product's",
        Level::Campaign => "the campaign's",
        Level::Merchant => "the shop's",
        Level::Platform => "the network's",
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(level: &str, kind: &Value) -> Value {
        let mut rule = json!({
            "level": level, "id": "00000000-0000-0000-0000-000000000001", "version": 1,
            "kind": "percent",
        });
        for (name, value) in kind.as_object().unwrap() {
            rule[name] = value.clone();
        }
        rule
    }

    fn line(sku: Option<&str>, quantity: u32, base: &str, amount: &str, rule: &Value) -> Value {
        json!({
            "sku": sku, "quantity": quantity, "base": base, "exact": amount, "amount": amount,
            "rule": rule, "tried": [],
        })
    }

    fn order(total: &str) -> Order {
        Order { currency: Currency::parse("NPR").unwrap(), total: total.parse().unwrap() }
    }

    fn told(total: &str, base: &str, lines: &[Value]) -> String {
        sentence(order(total), &json!({"base": base, "lines": lines})).unwrap()
    }

    #[test]
    fn every_way_to_an_amount_is_told_with_its_figures() {
        let ten = json!({"rateBps": 1000});
        let whole = |base: &str, amount: &str, level: &str, kind: Value| {
            told(base, base, &[line(None, 1, base, amount, &rule(level, &kind))])
        };
        let cases = [
            (
                whole("2999.00", "299.90", "campaign", ten.clone()),
                "10 % of NPR 2,999.00 by the campaign's rule is NPR 299.90.",
            ),
            (
                whole(
                    "9000.00",
                    "500.00",
                    "merchant",
                    json!({"rateBps": 1000, "capAmount": "500"}),
                ),
                "10 % of NPR 9,000.00 by the shop's rule would be NPR 900.00; the rule's cap makes \
                 that NPR 500.00.",
            ),
            (
                whole("300", "0", "merchant", json!({"rateBps": 1000, "minimumOrder": "500"})),
                "The shop's rule pays from an order of NPR 500.00 on; this one comes to NPR 300.00, \
                 so nothing is earned.",
            ),
            (
                whole("2999.00", "0.00", "platform", json!({"rateBps": 0})),
                "0 % of NPR 2,999.00 by the network's rule is NPR 0.00.",
            ),
            (
                whole("0.02", "0.00", "platform", ten.clone()),
                "10 % of NPR 0.02 by the network's rule is too little for the currency and rounds \
                 to NPR 0.00.",
            ),
            (
                whole("0.00", "0.00", "campaign", ten),
                "10 % of NPR 0.00 by the campaign's rule is NPR 0.00.",
            ),
            (
                whole("80.00", "50.00", "merchant", json!({"flatAmount": "50"})),
                "NPR 50.00 per order by the shop's rule is NPR 50.00.",
            ),
            (
                whole("80.00", "0.00", "merchant", json!({})),
                "NPR 0.00 per order by the shop's \
                 rule is NPR 0.00.",
            ),
        ];
        for (sentence, expected) in cases {
            assert_eq!(sentence, expected);
        }
        let without = told("80", "80", &[line(None, 1, "80", "0", &Value::Null)]);
        assert_eq!(without, "No rule applies, so nothing is earned.");
    }

    #[test]
    fn each_rule_names_the_items_it_priced_and_what_does_not_count_is_said() {
        let (shop, product) = (
            rule("merchant", &json!({"rateBps": 500})),
            rule("product", &json!({"flatAmount": "20"})),
        );
        let lines = [
            line(Some("TEA"), 2, "400.00", "40.00", &product),
            line(Some("CUP"), 1, "500.00", "25.00", &shop),
            line(Some("POT"), 1, "100.00", "5.00", &shop),
        ];
        assert_eq!(
            told("1200.00", "1000.00", &lines),
            "The items listed come to NPR 1,000.00 of the order's NPR 1,200.00; they count. For \
             TEA × 2: NPR 20.00 for each of 2 pieces by the product's rule is NPR 40.00. For CUP \
             and POT: 5 % of NPR 600.00 by the shop's rule is NPR 30.00. Together NPR 70.00."
        );
        let names: Vec<Value> =
            (0..7).map(|at| line(Some(&format!("S{at}")), 1, "1", "0", &Value::Null)).collect();
        let many = [names, vec![line(Some("TEA"), 1, "4", "20", &product)]].concat();
        let many = told("11", "11", &many);
        assert!(many.starts_with("For S0, S1, S2, S3, S4 and 2 more: no rule applies"), "{many}");
    }

    #[test]
    fn a_rule_that_was_passed_over_is_named_with_its_reason() {
        let mut line = line(None, 1, "100", "5.00", &rule("merchant", &json!({"rateBps": 500})));
        line["tried"] = json!([
            {"level": "product", "result": "ended"},
            {"level": "campaign", "result": "other_currency"},
            {"level": "merchant", "result": "matched"},
        ]);
        assert_eq!(
            told("100", "100", &[line]),
            "The product's rule had ended, so it was passed over. The campaign's rule is in \
             another currency than the order's NPR, so it was passed over. 5 % of NPR 100.00 by \
             the shop's rule is NPR 5.00."
        );
    }

    #[test]
    fn what_is_left_is_told_and_what_cannot_be_read_is_not() {
        let npr = order("1").currency;
        let of = |net: &str, is_rejected| {
            left(npr, "299.90".parse().unwrap(), net.parse().unwrap(), is_rejected)
        };
        assert_eq!(of("299.90", false), None);
        let partly = "Refunds took back NPR 99.97 of it, which leaves NPR 199.93.";
        assert_eq!(of("199.93", false).as_deref(), Some(partly));
        let rejected = "It was rejected, so nothing of it is paid.";
        assert_eq!(of("0", true).as_deref(), Some(rejected));
        assert_eq!(sentence(order("1"), &Value::Null), None);
        assert_eq!(sentence(order("1"), &json!({"base": "1", "lines": []})), None);
    }

    #[test]
    fn a_correction_says_which_way_it_goes_and_why() {
        let told = |amount: &str| {
            let amount = amount.parse().unwrap();
            let money = Money { currency: order("1").currency, amount };
            corrected(money, "5 July 2026, 01:45 (UTC)", "counted twice")
        };
        let of = "A correction of 5 July 2026, 01:45 (UTC)";
        let back = format!("{of} takes back NPR 50.00 from the affiliate: counted twice");
        assert_eq!(told("-50"), back);
        assert_eq!(told("50"), format!("{of} adds NPR 50.00 for the affiliate: counted twice"));
    }
}
