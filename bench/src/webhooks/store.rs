//! The benchmark's own SQL: merchants with an endpoint each, whether all was sent, how long it took.

use anyhow::{Result, ensure};
use sqlx::PgConnection;
use uuid::Uuid;

/// An endpoint to be made, with a merchant of its own.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The merchant's id, and the endpoint's.
    pub id: Uuid,
    /// Where it is.
    pub url: String,
    /// Its secret, sealed.
    pub secret_sealed: Vec<u8>,
}

/// Makes endpoints that chose every type of commissions, each of a merchant of its own.
pub async fn open(connection: &mut PgConnection, endpoints: &[Endpoint]) -> Result<()> {
    let ids: Vec<Uuid> = endpoints.iter().map(|endpoint| endpoint.id).collect();
    sqlx::query(
        "-- bench_webhook_merchants
         insert into merchant (merchant_id, name, state, approved_domain, home_url, currency,
                               time_zone, created_at)
         select id, 'Shop', 'approved', id || '.example', 'https://shop.example/', 'NPR',
                'Asia/Kathmandu', now()
         from unnest($1::uuid[]) as id",
    )
    .bind(&ids)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "-- bench_webhook_endpoints
         insert into webhook_endpoint (environment, merchant_id, endpoint_id, url, events, format,
                                       state, secret_sealed, created_at, updated_at)
         select 'live', id, id, url, '{commission.held,commission.approved}', 'khata', 'active',
                secret, now(), now()
         from unnest($1::uuid[], $2::text[], $3::bytea[]) as endpoint (id, url, secret)",
    )
    .bind(&ids)
    .bind(endpoints.iter().map(|endpoint| endpoint.url.as_str()).collect::<Vec<_>>())
    .bind(endpoints.iter().map(|endpoint| endpoint.secret_sealed.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether nothing is owed any more and nothing waits to be sent.
pub async fn all_sent(connection: &mut PgConnection) -> Result<bool> {
    let all_sent = sqlx::query_scalar(
        "-- bench_webhooks_all_sent
         select not exists (select from webhook_due)
            and not exists (select from webhook_lane where due_at is not null)",
    )
    .fetch_one(connection)
    .await?;
    Ok(all_sent)
}

/// Fails unless so many deliveries arrived at the first attempt, each recorded, numbered on their
/// endpoints without gaps.
pub async fn check(connection: &mut PgConnection, deliveries: usize) -> Result<()> {
    let (arrived, attempts, gaps): (i64, i64, i64) = sqlx::query_as(
        "-- bench_webhooks_check
         select (select count(*) from webhook_delivery where state = 'delivered' and attempts = 1),
                (select count(*) from webhook_attempt where status = 200),
                (select count(*) from (
                     select from webhook_delivery group by endpoint_id
                     having count(*) <> max(sequence) or min(sequence) <> 1) as gap)",
    )
    .fetch_one(connection)
    .await?;
    let expected = i64::try_from(deliveries)?;
    ensure!(
        (arrived, attempts, gaps) == (expected, expected, 0),
        "{arrived} arrived and {attempts} attempts of {expected}; {gaps} endpoints with gaps"
    );
    Ok(())
}

/// The time that 99 of 100 deliveries of these endpoints stayed below, from the notice's commit to
/// the end of the call, in milliseconds; without what was written in the first two seconds.
pub async fn p99_ms(connection: &mut PgConnection, endpoints: &[Uuid]) -> Result<f64> {
    let p99 = sqlx::query_scalar(
        "-- bench_webhooks_p99
         select coalesce(percentile_disc(0.99) within group (
             order by extract(epoch from delivery.ended_at - written.created_at)::float8), 0) * 1000
         from webhook_delivery delivery
         join webhook_event_group written
             on written.environment = delivery.environment
            and written.merchant_id = delivery.merchant_id
            and written.position = delivery.position / 256
         where delivery.state = 'delivered' and delivery.endpoint_id = any($1)
           and written.created_at > (
               select min(created_at) + interval '2 seconds' from webhook_event_group)",
    )
    .bind(endpoints)
    .fetch_one(connection)
    .await?;
    Ok(p99)
}
