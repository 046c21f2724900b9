//! The ledger: it balances to zero, and each account equals what it must (MONEY §6).

use serde_json::json;
use tests::side::Side;
use tests::{Shop, World};

/// Accounts that differ from what the commissions say; amounts as text.
fn differences(side: &Side<'_>) -> Vec<serde_json::Value> {
    let [merchant, environment] = side.binds();
    let query = "
        with book as (
            select currency, account, sum(amount) as balance
            from ledger_entry where merchant_id = $1::uuid and environment = $2
            group by currency, account
        ), due as (
            select currency, 'A.' || state as account, sum(net_amount) as balance
            from commission
            where merchant_id = $1::uuid and environment = $2
              and state in ('pending', 'hold', 'approved', 'payable')
            group by currency, state
            union all
            select currency, 'M.accrued', -sum(net_amount)
            from commission
            where merchant_id = $1::uuid and environment = $2
              and state in ('pending', 'hold', 'approved')
            group by currency
            union all
            select currency, 'M.due', -sum(net_amount)
            from commission
            where merchant_id = $1::uuid and environment = $2 and state = 'payable'
            group by currency
        )
        select account, currency, book.balance::text as booked, due.balance::text as expected
        from book full join due using (currency, account)
        where coalesce(book.balance, 0) <> coalesce(due.balance, 0)";
    side.world.database.rows(query, &[&merchant, &environment])
}

pub(crate) fn assert_books(side: &Side<'_>) {
    let found = differences(side);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_account_equals_what_it_must_after_every_step() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    for order in ["pending", "held", "running", "payable", "rejected", "reduced", "low"] {
        side.sell(order, "99.90");
        assert_books(side);
    }
    let partial = |order: &str, total: &str| {
        let body = json!({"externalOrderId": order, "status": "refunded", "refundedAmount": total});
        side.tell_more(&body)
    };
    let steps =
        [("held", "confirmed"), ("running", "delivered"), ("payable", "commission_approved")];
    for (order, status) in steps {
        assert_eq!(side.tell(order, status).code, "APPLIED");
        assert_books(side);
    }
    assert_eq!(side.tell("rejected", "cancelled").code, "APPLIED");
    for order in ["reduced", "payable", "held"] {
        assert_eq!(partial(order, "33.33").code, "APPLIED");
        assert_books(side);
    }
    side.advance(15 * 86_400);
    side.commission_in("running", "payable");
    assert_books(side);
    assert_eq!(side.tell("payable", "refunded").code, "APPLIED");
    assert_eq!(side.tell("running", "returned").code, "APPLIED");
    assert_books(side);
}

#[test]
fn the_documents_example_books_as_written() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "2999.00");
    side.tell("o", "commission_approved");
    let [merchant, environment] = side.binds();
    let query = "select account, sum(amount)::text as balance from ledger_entry \
                 where merchant_id = $1::uuid and environment = $2 group by account \
                 having sum(amount) <> 0 order by account";
    let balances = world.database.rows(query, &[&merchant, &environment]);
    let expected = [
        json!({"account": "A.payable", "balance": "299.90"}),
        json!({"account": "M.due", "balance": "-299.90"}),
    ];
    assert_eq!(balances, expected);
    let keys = "select transfer_key from ledger_transfer where merchant_id = $1::uuid \
                and environment = $2 order by transfer_key";
    let keys = world.database.rows(keys, &[&merchant, &environment]);
    let id = side.commission("o")["id"].as_str().unwrap().to_owned();
    let expected = ["approved", "created", "payable"];
    let expected = expected.map(|step| json!({"transfer_key": format!("{id}:{step}")}));
    assert_eq!(keys, expected);
}

#[test]
fn the_trial_balance_is_zero() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "77.77");
    let printed = world.command(&["ledger", "trial-balance"]);
    assert!(printed.contains("NPR"), "{printed}");
    let unbalanced = "(select 1 from ledger_entry group by environment, merchant_id, transfer_key, \
                      currency having sum(amount) <> 0) broken";
    assert_eq!(world.database.count(unbalanced, &[]), 0);
}

#[test]
fn the_ledger_refuses_change() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "10.00");
    let merchant = shop.merchant.to_string();
    let statements = [
        "with changed as (update ledger_entry set amount = 1 where merchant_id = $1::uuid \
         returning 1) select * from changed",
        "with gone as (delete from ledger_entry where merchant_id = $1::uuid returning 1) \
         select * from gone",
        "with gone as (delete from ledger_transfer where merchant_id = $1::uuid returning 1) \
         select * from gone",
    ];
    let pool = world.database.pool();
    for statement in statements {
        let run = sqlx::query(statement).bind(&merchant).fetch_all(pool);
        let refused = world.database.wait(run);
        let cause = refused.map(|rows| rows.len()).unwrap_err().to_string();
        assert!(cause.contains("append-only"), "{cause}");
    }
}
