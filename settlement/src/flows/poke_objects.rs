//! Objects at the edge that may hold unsent rows are woken (EDGE §6).

use crate::error::Fault;
use crate::outbound::edge::Edge;
use crate::store::{api_key, edge_stream};
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use shared::internal::{Poke, click_outbox_name, intake_name};
use sqlx::PgPool;
use std::collections::BTreeSet;

/// Names in one call at most.
pub const NAMES_MAX: usize = 500;

/// Wakes every object that is known: intakes of merchants with keys, click shards, and whatever
/// sent something before. Answers how many.
pub async fn run_once(pool: &PgPool, edge: &Edge, now: Timestamp) -> Result<usize, Fault> {
    let names = names(pool, edge.click_shards).await?;
    let names: Vec<String> = names.into_iter().collect();
    for part in names.chunks(NAMES_MAX) {
        edge.poke(&Poke { objects: part.to_vec() }, now).await?;
    }
    Ok(names.len())
}

async fn names(pool: &PgPool, click_shards: u32) -> Result<BTreeSet<String>, Fault> {
    let mut connection = pool.acquire().await?;
    let mut names: BTreeSet<String> =
        edge_stream::objects(&mut connection).await?.into_iter().collect();
    names.extend((0..click_shards).map(click_outbox_name));
    for (merchant_id, environment) in api_key::intakes(&mut connection).await? {
        if let Some(environment) = Environment::parse(&environment) {
            names.insert(intake_name(MerchantId(merchant_id), environment));
        }
    }
    Ok(names)
}
