//! Months of old deliveries go, and those that may still be asked for stay.

use crate::webhook_lane::{Lane, at};
use settlement::flows::webhook::drop_old;
use settlement::store::instant;

const DAY: i64 = 86_400;

#[tokio::test]
async fn a_month_goes_once_all_of_it_is_older_than_what_is_kept() {
    let lane = Lane::new().await;
    let partitions = |parent: &'static str| {
        let sql = "select count(*) from pg_inherits where inhparent = $1::regclass";
        sqlx::query_scalar::<_, i64>(sql).bind(parent).fetch_one(lane.pool())
    };
    for (table, days) in
        [("webhook_delivery", -400), ("webhook_delivery", -130), ("webhook_attempt", -130)]
    {
        let sql = "select ensure_month_partition($1, $2)";
        let moment = instant::to_row(at(days * DAY));
        sqlx::query(sql).bind(table).bind(moment).execute(lane.pool()).await.unwrap();
    }
    let kept = lane.deliver(256, "delivered", -20 * DAY).await;
    let gone = lane.deliver(512, "delivered", -130 * DAY).await;
    let (deliveries, attempts) = (
        partitions("webhook_delivery").await.unwrap(),
        partitions("webhook_attempt").await.unwrap(),
    );
    assert_eq!(drop_old::run_once(lane.pool(), at(0)).await.unwrap(), 3);
    assert_eq!(partitions("webhook_delivery").await.unwrap(), deliveries - 2);
    assert_eq!(partitions("webhook_attempt").await.unwrap(), attempts - 1);
    assert_eq!(lane.deliveries().await, [format!("{kept} 256 delivered 8 8")], "{gone} went");
    assert_eq!(drop_old::run_once(lane.pool(), at(0)).await.unwrap(), 0, "a repeat finds none");
}
