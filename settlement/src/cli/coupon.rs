//! `coupon assign` and `coupon end`: whose a coupon code is.

use super::Failure;
use super::scope::{Books, Doer, OnBooks};
use clap::{Args, Subcommand};
use settlement::flows::assign_coupon::{self, Ended};
use shared::id::{AffiliateId, CampaignId};
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Orders with it are this affiliate's from now on
    Assign(Assign),
    /// Orders with it are nobody's from now on
    End(End),
}

#[derive(Debug, Args)]
pub(super) struct Assign {
    /// The code, in any case
    code: String,
    #[command(flatten)]
    on: OnBooks,
    /// Who earns orders with it: a UUID
    #[arg(long)]
    affiliate: Uuid,
    /// On which campaign's terms: a UUID
    #[arg(long)]
    campaign: Uuid,
    #[command(flatten)]
    doer: Doer,
}

#[derive(Debug, Args)]
pub(super) struct End {
    /// The code, in any case
    code: String,
    #[command(flatten)]
    on: OnBooks,
    #[command(flatten)]
    doer: Doer,
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Assign(Assign { code, on, affiliate, campaign, doer }) => {
            let books = Books::open(&doer).await?;
            let earner = (AffiliateId(affiliate), CampaignId(campaign));
            let (pool, by, now) = (&books.pool, books.actor, books.now);
            assign_coupon::run(pool, by, on.scope(), &code, earner, now).await?;
            println!("coupon {code} is affiliate {affiliate}'s");
        }
        Verb::End(End { code, on, doer }) => {
            let books = Books::open(&doer).await?;
            let (pool, by, now) = (&books.pool, books.actor, books.now);
            match assign_coupon::end(pool, by, on.scope(), &code, now).await? {
                Ended::Now => println!("coupon {code} has ended"),
                Ended::NothingToEnd => {
                    return Err(Failure::Other(format!("coupon {code} is nobody's")));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
