//! What the books of a world must be at any time.

use crate::world::{World, keys};
use settlement::flows::verify;

impl World {
    /// MONEY §6: what each account must equal; everything sums to zero per currency; and it is what
    /// the recorded inputs make.
    pub async fn assert_books_hold(&self) {
        let unequal = self
            .text(
                "with must as (
                     select merchant_id, currency,
                            case when in_flight then null else 'A.' || state end as account,
                            sum(net_amount) as amount
                     from commission where state in ('pending', 'hold', 'approved', 'payable')
                     group by 1, 2, 3
                     union all
                     select merchant_id, currency, 'A.payable', sum(amount) from payable_item
                     group by 1, 2
                     union all
                     select line.merchant_id, line.currency, 'A.payable', -sum(line.amount)
                     from payout_line line join payout using (payout_id)
                     where kind <> 'commission' and state in ('processing', 'settled', 'returned')
                     group by 1, 2
                     union all
                     select line.merchant_id, line.currency, 'A.in_flight', sum(line.amount)
                     from payout_line line join payout using (payout_id)
                     where state = 'processing' group by 1, 2
                     union all
                     select merchant_id, currency, 'M.accrued', -sum(net_amount) from commission
                     where state in ('pending', 'hold', 'approved') group by 1, 2
                     union all
                     select merchant_id, currency, 'M.due', -sum(net_amount) from commission
                     where state in ('payable', 'paid') group by 1, 2
                     union all
                     select merchant_id, currency, 'M.due', -sum(amount) from correction
                     where state = 'approved' and charged_to = 'merchant' group by 1, 2
                     union all
                     select merchant_id, currency, 'M.due', sum(amount) from merchant_payment
                     group by 1, 2
                     union all
                     select line.merchant_id, line.currency, 'N.bank', sum(line.amount)
                     from payout_line line join payout using (payout_id)
                     where state = 'settled' group by 1, 2
                     union all
                     select merchant_id, currency, 'N.bank', -sum(amount) from merchant_payment
                     group by 1, 2
                 ), held as (
                     select merchant_id, currency, account, sum(amount) as amount from must
                     where account is not null group by 1, 2, 3
                 ), booked as (
                     select merchant_id, currency, account, sum(amount) as amount from ledger_entry
                     where account not in ('N.cost', 'N.fx') group by 1, 2, 3
                 )
                 select string_agg(account || ' ' || currency || ': ' || coalesce(held.amount, 0)
                                   || ' is booked as ' || coalesce(booked.amount, 0), ', ')
                 from held full join booked using (merchant_id, currency, account)
                 where coalesce(held.amount, 0) <> coalesce(booked.amount, 0)",
            )
            .await;
        assert_eq!(unequal, "");
        let sums = "select coalesce(string_agg(currency || ' ' || sum, ', '), '') from (
                        select currency, sum(amount) from ledger_entry
                        group by merchant_id, currency having sum(amount) <> 0) off";
        assert_eq!(self.text(sums).await, "");
        let verified = verify::run(&self.pool, &keys(), &|_| {}).await.unwrap();
        assert!(verified.holds(), "{verified:#?}");
    }

    /// Every balance that is not zero, over all merchants.
    pub async fn balances(&self) -> String {
        self.text(
            "select string_agg(account || ' ' || currency || ' ' || amount, ', '
                               order by account, currency)
             from (select account, currency, sum(amount) as amount from ledger_entry
                   group by 1, 2 having sum(amount) <> 0) held",
        )
        .await
    }
}
