//! What operators entered in one scope's books, compared with what is posted there.

use super::Verified;
use crate::domain::correction::ChargedTo;
use crate::domain::order::Scope;
use crate::domain::rebuild::Difference;
use crate::domain::rebuild::entered::{self, Entered, Kind};
use crate::error::Fault;
use crate::store::instant;
use crate::store::verify::{self, EnteredRow};
use shared::id::AffiliateId;
use shared::money::Currency;
use sqlx::PgConnection;

/// Compares the entries of a scope.
pub(super) async fn verify(
    connection: &mut PgConnection,
    scope: Scope,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let mut made = Vec::new();
    for row in verify::entered(connection, scope).await? {
        match read(&row) {
            Some(entered) => made.push(entered),
            None => verified.add([Difference::of(&row.id, &row.kind, "unreadable", "an entry")]),
        }
    }
    let stored = verify::transfers_of_entries(connection, scope).await?;
    verified.transfers += stored.len() as u64;
    verified.add(entered::differences(&made, &stored));
    Ok(())
}

fn read(row: &EnteredRow) -> Option<Entered> {
    let kind = match row.kind.as_str() {
        "correction" => Kind::Correction(ChargedTo::parse(row.charged_to.as_deref()?)?),
        "write_off" => Kind::WriteOff,
        "merchant_payment" => Kind::Payment,
        "fx" => Kind::Fx {
            rate: row.rate?,
            entered_rate: row.entered_rate?,
            to: Currency::parse(row.to_currency.as_deref()?)?,
            came: row.to_amount?,
        },
        _ => return None,
    };
    Some(Entered {
        id: row.id.clone(),
        affiliate: row.affiliate_id.map(AffiliateId),
        amount: row.amount,
        currency: Currency::parse(&row.currency)?,
        at: instant::from_row(row.effective_at),
        kind,
    })
}
