//! Whose books a command is about, who does it, and the candidates that say who earns an order.

use super::{ENVIRONMENT, Failure};
use clap::Args;
use jiff::Timestamp;
use settlement::app;
use settlement::config;
use settlement::domain::attribution::Kind;
use settlement::domain::order::Scope;
use settlement::error::Fault;
use settlement::flows::actor::{self, Actor};
use settlement::flows::set_attribution as flow;
use settlement::store;
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use std::process::ExitCode;
use uuid::Uuid;

/// A merchant's books in one environment.
#[derive(Debug, Args)]
pub(super) struct OnBooks {
    /// Whose: a UUID
    #[arg(long)]
    merchant: Uuid,
    /// Which world: live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
}

impl OnBooks {
    pub(super) fn scope(&self) -> Scope {
        Scope { environment: self.environment, merchant: MerchantId(self.merchant) }
    }
}

/// The account that does something.
#[derive(Debug, Args)]
pub(super) struct Doer {
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    pub(super) by: String,
}

/// What a command that tells the edge nothing works with.
pub(super) struct Books {
    pub(super) pool: PgPool,
    pub(super) actor: Actor,
    pub(super) now: Timestamp,
}

impl Books {
    pub(super) async fn open(doer: &Doer) -> Result<Self, Failure> {
        let pool = app::pool(&config::database(ENVIRONMENT)?)?;
        let mut connection = pool.acquire().await.map_err(Fault::from)?;
        let actor = actor::by_email(&mut connection, &doer.by).await?;
        drop(connection);
        Ok(Self { pool, actor, now: Timestamp::now() })
    }
}

#[derive(Debug, Args)]
pub(super) struct Attribution {
    /// The merchant's UUID
    merchant: Uuid,
    /// Which world: live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
    /// What is considered, in this order: click,coupon,customer
    #[arg(long, value_delimiter = ',', value_parser = candidate, required = true)]
    order: Vec<Kind>,
    /// What makes a commission without a person: coupon, customer or both
    #[arg(long, value_delimiter = ',', value_parser = candidate)]
    automatic: Vec<Kind>,
    #[command(flatten)]
    doer: Doer,
}

/// `merchant attribution`: the next version of a merchant's setting, in force from now.
pub(super) async fn set_attribution(chosen: Attribution) -> Result<ExitCode, Failure> {
    let books = Books::open(&chosen.doer).await?;
    let scope = Scope { environment: chosen.environment, merchant: MerchantId(chosen.merchant) };
    let (order, automatic) = (&chosen.order, &chosen.automatic);
    let version = flow::run(&books.pool, books.actor, scope, order, automatic, books.now).await?;
    println!("attribution setting {version} of merchant {} is in force", chosen.merchant);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn environment(text: &str) -> Result<Environment, String> {
    Environment::parse(text).ok_or_else(|| "is neither live nor test".to_owned())
}

pub(super) fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| "is no ISO 4217 code in capitals, such as NPR".to_owned())
}

/// Fails when there is no such merchant: an empty list of nobody's would calm wrongly.
pub(super) async fn must_exist(
    connection: &mut PgConnection,
    merchant: Uuid,
) -> Result<(), Failure> {
    let found = store::merchant::find(connection, merchant).await.map_err(Fault::from)?;
    found.map(|_| ()).ok_or_else(|| Fault::NotFound("merchant").into())
}

fn candidate(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| "click, coupon or customer".to_owned())
}
