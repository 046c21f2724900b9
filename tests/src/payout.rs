//! Payouts put beside the system, as a run would leave them, where how they came to be is not what
//! a test is about.

use uuid::Uuid;

use crate::Side;

/// A payout of the side's world to its affiliate, in this state, of one commission line. Answers
/// its id. In live it is the network's; in test the merchant's own.
pub fn insert_payout(side: &Side<'_>, state: &str, commission_id: &str, amount: &str) -> String {
    let (run_id, payout_id) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let [merchant, environment] = side.binds();
    let affiliate = side.affiliate.to_string();
    let database = &side.world.database;
    database.execute(
        "insert into payout_run (run_id, environment, merchant_id, cut_off_at, state, created_at,
                                 sent_at)
         values ($1::uuid, $2, case when $2 = 'test' then $3::uuid end, now(), 'sent', now(), now())",
        &[&run_id, &environment, &merchant],
    );
    database.execute(
        "insert into payout (payout_id, run_id, environment, merchant_id, affiliate_id, currency,
                             amount, state, cut_off_at, created_at, approved_at, processing_at,
                             answered_at)
         select $1::uuid, $2::uuid, $3, case when $3 = 'test' then $4::uuid end, $5::uuid, 'NPR',
                $6::numeric, $7, now(), now(), now(), case when $7 <> 'approved' then now() end,
                case when $7 in ('settled', 'failed', 'returned') then now() end",
        &[&payout_id, &run_id, &environment, &merchant, &affiliate, amount, state],
    );
    database.execute(
        "insert into payout_line (environment, merchant_id, payout_id, kind, subject, affiliate_id,
                                  currency, amount)
         values ($1, $2::uuid, $3::uuid, 'commission', $4, $5::uuid, 'NPR', $6::numeric)",
        &[&environment, &merchant, &payout_id, commission_id, &affiliate, amount],
    );
    payout_id
}
