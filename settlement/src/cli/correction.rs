//! `correction …`, `operator super-admin`: extra entries on paid or rejected commissions.

use super::Failure;
use super::operate::Desk;
use clap::Subcommand;
use rust_decimal::Decimal;
use settlement::domain::correction::ChargedTo;
use settlement::flows::open_account::{self, NewAccount, Party};
use settlement::flows::post_correction::{self, Decided, Decision, NewCorrection, Requested};
use settlement::flows::set_super_admin;
use settlement::secrets::draw;
use shared::id::ConversionId;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Ask for a correction, as a super-admin
    Request {
        /// The commission, com_…
        #[arg(value_parser = commission)]
        commission: ConversionId,
        /// Your own id of this request: the same again is the same request
        #[arg(long)]
        id: String,
        /// Plus favours the affiliate; in the commission's currency
        #[arg(long, allow_hyphen_values = true)]
        amount: Decimal,
        /// merchant or network
        #[arg(long, value_parser = charged_to)]
        charged_to: ChargedTo,
        /// Why, for merchant and affiliate to read
        #[arg(long)]
        reason: String,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
    /// Post a correction that another super-admin asked for
    Approve {
        /// The request's id
        id: String,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
    /// Refuse a correction that another super-admin asked for
    Refuse {
        /// The request's id
        id: String,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OperatorVerb {
    /// Open an operator's account; its password is drawn and printed once
    Open {
        /// The new operator's e-mail address
        email: String,
        /// E-mail address of the operator who does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
    /// Give an operator the super-admin role, or take it
    SuperAdmin {
        /// Whose e-mail address
        email: String,
        /// Take it
        #[arg(long)]
        revoke: bool,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
}

fn commission(text: &str) -> Result<ConversionId, String> {
    post_correction::read_id(text).ok_or_else(|| "is no commission's id".to_owned())
}

fn charged_to(word: &str) -> Result<ChargedTo, String> {
    ChargedTo::parse(word).ok_or_else(|| "is neither merchant nor network".to_owned())
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    let (id, by, decision) = match verb {
        Verb::Request { commission, id, amount, charged_to, reason, by } => {
            let new = NewCorrection { id, conversion: commission, amount, reason, charged_to };
            return request(new, &by).await;
        }
        Verb::Approve { id, by } => (id, by, Decision::Approve),
        Verb::Refuse { id, by } => (id, by, Decision::Refuse),
    };
    let desk = Desk::open(&by).await?;
    match post_correction::decide(&desk.pool, desk.actor, &id, decision, desk.now).await? {
        Decided::Done if decision == Decision::Approve => println!("correction {id} is posted"),
        Decided::Done => println!("correction {id} is refused"),
        Decided::TakenBefore(state) => println!("correction {id} was {state} before"),
        Decided::TakenOtherwise(state) => {
            let what = format!("correction {id} was {state} before; nothing changed");
            return Err(Failure::Other(what));
        }
        Decided::Refused(refusal) => return Err(Failure::Other(refusal.to_string())),
    }
    Ok(ExitCode::SUCCESS)
}

async fn request(new: NewCorrection, by: &str) -> Result<ExitCode, Failure> {
    let desk = Desk::open(by).await?;
    let id = new.id.clone();
    match post_correction::request(&desk.pool, desk.actor, new, desk.now).await? {
        Requested::Noted => println!("correction {id}: waits for another super-admin"),
        Requested::NotedBefore(state) => println!("correction {id} is {state}"),
        Requested::AnotherRequest => {
            return Err(Failure::Other(format!("{id} is the id of another request")));
        }
        Requested::Refused(refusal) => return Err(Failure::Other(refusal.to_string())),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn operator(verb: OperatorVerb) -> Result<ExitCode, Failure> {
    match verb {
        OperatorVerb::Open { email, by } => {
            let desk = Desk::open(&by).await?;
            let password = draw::password();
            let input = NewAccount {
                email: email.clone(),
                password: password.clone(),
                party: Party::Operator,
            };
            open_account::run(&desk.pool, desk.actor, input, desk.now).await?;
            println!("{email} is an operator; the password, shown this once: {password}");
        }
        OperatorVerb::SuperAdmin { email, revoke, by } => {
            let desk = Desk::open(&by).await?;
            set_super_admin::run(&desk.pool, desk.actor, &email, !revoke, desk.now).await?;
            println!("{email} is {} super-admin", if revoke { "no longer a" } else { "a" });
        }
    }
    Ok(ExitCode::SUCCESS)
}
