//! Objects at the edge that may hold unsent rows are woken (EDGE §6).

use crate::error::Fault;
use crate::outbound::edge::{Edge, EdgeFault};
use crate::store::{api_key, edge_stream};
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use shared::internal::{POKE_NAMES_MAX, Poke, PokeAnswer, click_outbox_name, intake_name};
use sqlx::PgPool;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// Names in one call at most: the edge wakes them one after the other.
const NAMES_MAX: usize = 20;
const _: () = assert!(NAMES_MAX <= POKE_NAMES_MAX, "the edge refuses more");
/// Calls under way at once at most.
const CALLS_MAX: usize = 8;

/// What a round of pokes came to.
#[derive(Debug, Default)]
pub struct Poked {
    /// What the objects answered.
    pub answer: PokeAnswer,
    /// Why calls failed; their objects are among the unanswered.
    pub faults: Vec<EdgeFault>,
}

/// Wakes every object that is known. Answers how many; a call that fails does not hold up the
/// others.
pub async fn run_once(pool: &PgPool, edge: &Edge, now: Timestamp) -> Result<usize, Fault> {
    let names: Vec<String> = known(pool, edge.click_shards).await?.into_iter().collect();
    let poked = poke(edge, &names, now).await;
    if poked.faults.is_empty() && !poked.answer.unanswered.is_empty() {
        tracing::warn!(objects = ?poked.answer.unanswered, "objects at the edge did not answer");
    }
    match poked.faults.into_iter().next() {
        None => Ok(names.len()),
        Some(fault) => Err(fault.into()),
    }
}

/// Wakes these objects, several calls at once.
pub(super) async fn poke(edge: &Edge, names: &[String], now: Timestamp) -> Poked {
    let mut poked = Poked::default();
    let mut calls = JoinSet::new();
    for part in names.chunks(NAMES_MAX) {
        if calls.len() >= CALLS_MAX {
            take(&mut poked, calls.join_next().await);
        }
        let (edge, objects) = (edge.clone(), part.to_vec());
        calls.spawn(async move {
            let poke = Poke { objects };
            let answer = edge.poke(&poke, now).await;
            (poke.objects, answer)
        });
    }
    while !calls.is_empty() {
        take(&mut poked, calls.join_next().await);
    }
    poked
}

type Call = (Vec<String>, Result<PokeAnswer, EdgeFault>);

fn take(poked: &mut Poked, ended: Option<Result<Call, tokio::task::JoinError>>) {
    match ended {
        Some(Ok((_, Ok(answer)))) => {
            poked.answer.version = answer.version;
            poked.answer.heads.extend(answer.heads);
            poked.answer.unanswered.extend(answer.unanswered);
        }
        Some(Ok((objects, Err(fault)))) => {
            poked.answer.unanswered.extend(objects);
            poked.faults.push(fault);
        }
        // A call that panicked has been reported by the panic; its objects count as not answered.
        Some(Err(_)) | None => {}
    }
}

/// Intakes of merchants with keys, click shards, and whatever sent something before.
pub(super) async fn known(pool: &PgPool, click_shards: u32) -> Result<BTreeSet<String>, Fault> {
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
