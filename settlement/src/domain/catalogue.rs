//! What writing a product changes: its row, and the rule of its own commission.

use shared::validate::CommissionTerms;
use shared::validate::resource::Product;

/// What became of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was not there.
    Created,
    /// Something of it is new.
    Updated,
    /// All of it was so already.
    Unchanged,
}

impl Written {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Compares a product with what is known of it, its own commission included.
pub fn written(known: Option<&Product>, wanted: &Product) -> Written {
    match known {
        None => Written::Created,
        Some(known) if known == wanted => Written::Unchanged,
        Some(_) => Written::Updated,
    }
}

/// What becomes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleStep<'a> {
    /// Nothing.
    Keep,
    /// It gets a version with these terms.
    Set(&'a CommissionTerms),
    /// It gets a last version that matches nothing.
    End,
}

/// Compares the terms in force, if any, with the terms wanted, if any. Amounts are compared as
/// numbers: `5.0` is `5.00`.
pub fn rule_step<'a>(
    in_force: Option<&CommissionTerms>,
    wanted: Option<&'a CommissionTerms>,
) -> RuleStep<'a> {
    match (in_force, wanted) {
        (None, None) => RuleStep::Keep,
        (Some(known), Some(wanted)) if known == wanted => RuleStep::Keep,
        (_, Some(wanted)) => RuleStep::Set(wanted),
        (Some(_), None) => RuleStep::End,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;
    use shared::money::Currency;
    use shared::validate::Pays;
    use shared::validate::resource::Stock;

    fn terms(flat: &str) -> CommissionTerms {
        CommissionTerms {
            pays: Pays::Flat(flat.parse().expect("a decimal of the test")),
            cap: None,
            minimum_order: None,
            currency: Currency::parse("NPR"),
        }
    }

    fn product() -> Product {
        Product {
            sku: "TEA".to_owned(),
            name: "Tea".to_owned(),
            price: Decimal::new(4_500, 1),
            currency: Currency::parse("NPR").expect("a currency of the test"),
            url: "https://shop.np/tea".to_owned(),
            image_url: None,
            category: None,
            stock: Stock::InStock,
            commission: Some(terms("5.0")),
        }
    }

    #[test]
    fn a_product_is_unchanged_only_when_all_of_it_is() {
        let known = product();
        assert_eq!(written(None, &known), Written::Created);
        let same = Product {
            price: Decimal::new(45_000, 2),
            commission: Some(terms("5.00")),
            ..product()
        };
        assert_eq!(written(Some(&known), &same), Written::Unchanged);
        let changes: [fn(&mut Product); 8] = [
            |p| p.name.push('!'),
            |p| p.price += Decimal::ONE,
            |p| p.currency = Currency::parse("USD").expect("a currency of the test"),
            |p| p.url.push('2'),
            |p| p.image_url = Some("https://cdn.example/a".to_owned()),
            |p| p.category = Some("Tea".to_owned()),
            |p| p.stock = Stock::OutOfStock,
            |p| p.commission = None,
        ];
        for change in changes {
            let mut wanted = product();
            change(&mut wanted);
            assert_eq!(written(Some(&known), &wanted), Written::Updated, "{wanted:?}");
        }
    }

    #[test]
    fn a_rule_moves_only_when_its_terms_differ() {
        let (five, same, six) = (terms("5"), terms("5.00"), terms("6"));
        assert_eq!(rule_step(None, None), RuleStep::Keep);
        assert_eq!(rule_step(Some(&five), Some(&same)), RuleStep::Keep);
        assert_eq!(rule_step(Some(&five), Some(&six)), RuleStep::Set(&six));
        assert_eq!(rule_step(None, Some(&six)), RuleStep::Set(&six));
        assert_eq!(rule_step(Some(&five), None), RuleStep::End);
    }

    #[test]
    fn each_result_of_a_write_has_a_word_of_its_own() {
        let words = [Written::Created, Written::Updated, Written::Unchanged].map(Written::as_str);
        assert_eq!(words, ["created", "updated", "unchanged"]);
    }
}
