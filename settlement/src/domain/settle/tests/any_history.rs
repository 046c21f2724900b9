//! Any history at all: books balance, postings are unique, accounts equal the commissions.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Op {
    Order(u8, u32),
    Report(u8, usize, Option<u32>),
    Wait(u32),
    Release,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        2 => (0u8..4, 0u32..1_000_000).prop_map(|(order, cents)| Op::Order(order, cents)),
        5 => (0u8..4, 0usize..9, proptest::option::of(1u32..1_000_000))
            .prop_map(|(order, status, refunded)| Op::Report(order, status, refunded)),
        1 => (0u32..2_000_000).prop_map(Op::Wait),
        1 => Just(Op::Release),
    ];
    proptest::collection::vec(op, 1..60)
}

fn cents(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

proptest! {
    #[test]
    fn any_history_keeps_the_books_balanced_and_equal_to_the_commissions(ops in ops()) {
        let mut history = live();
        for op in ops {
            match op {
                Op::Order(order, amount) => {
                    let click = (order != 3).then(|| history.click(LINK));
                    history.order(&format!("O{order}"), &cents(amount), click.as_deref());
                }
                Op::Report(order, status, refunded) => {
                    let status = S::ALL[status];
                    let refunded = refunded.filter(|_| status.is_reversal()).map(cents);
                    history.report(&format!("O{order}"), status, refunded.as_deref());
                }
                Op::Wait(seconds) => history.wait(i64::from(seconds)),
                Op::Release => history.release(),
            }
        }
        let transfers = &history.book.changes.steps.transfers;
        for transfer in transfers {
            let sum: Decimal = transfer.entries.iter().map(|entry| entry.amount).sum();
            prop_assert_eq!(sum, Decimal::ZERO);
        }
        let keys: HashSet<_> = transfers.iter().map(|transfer| &transfer.key).collect();
        prop_assert_eq!(keys.len(), transfers.len(), "every posting has its own key");
        let mut expected: BTreeMap<Account, Decimal> = BTreeMap::new();
        for commission in history.book.orders.values().filter_map(|o| o.commission.as_ref()) {
            prop_assert!(commission.net >= Decimal::ZERO && commission.net <= commission.amount);
            prop_assert!(npr().holds(commission.net));
            if let Some(account) = Account::holding(commission.state) {
                *expected.entry(account).or_default() += commission.net;
            }
        }
        let balances = history.balances();
        for account in [
            Account::AffiliatePending, Account::AffiliateHold, Account::AffiliateApproved,
            Account::AffiliatePayable,
        ] {
            let have = balances.get(&account).copied().unwrap_or_default();
            let want = expected.get(&account).copied().unwrap_or_default();
            prop_assert_eq!(have, want, "{:?}", account);
        }
    }
}
