//! Everything that can go wrong, and the one table that says what a caller is told about it.

use crate::secrets::vault::Unopenable;
use shared::fault::Faults;
use shared::problem::{Code, Problem};

/// Why a flow or a read did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Postgres refused or could not be reached.
    #[error("the database: {0}")]
    Store(#[from] sqlx::Error),
    /// A stored secret does not open.
    #[error(transparent)]
    Secret(#[from] Unopenable),
    /// The edge did not take a call.
    #[error(transparent)]
    Edge(#[from] crate::outbound::edge::EdgeFault),
    /// A row that must be readable is not.
    #[error("{0}")]
    Corrupt(String),
    /// Not there, or another merchant's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Faults of the input, each a sentence that names its field.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// Faults of a body; one of them may decide the code.
    #[error("{}", .0.messages().join("; "))]
    Body(Faults),
    /// A URL leads off the merchant's approved domain (`MERCHANT_DOMAIN_INVALID`).
    #[error("{field} must be an https URL on {domain} or below it")]
    MerchantDomainInvalid {
        /// Which URL.
        field: &'static str,
        /// Where it must lead.
        domain: String,
    },
    /// The keys' limits together would pass what one intake object can take.
    #[error("the keys' per-minute limits would sum to {sum}, more than {max}")]
    RateSumExceeded {
        /// What they would sum to.
        sum: i64,
        /// What they may sum to.
        max: i64,
    },
    /// The name is taken, or the state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The signature of a write was used before.
    #[error("this signature was used before")]
    Replayed,
    /// What was accepted has no outcome yet.
    #[error("not settled yet")]
    NotSettledYet,
    /// The idempotency key belongs to another call.
    #[error("{0}")]
    KeyInUse(&'static str),
    /// Who asks may not do this.
    #[error("PERMISSION_DENIED: {0}")]
    PermissionDenied(String),
    /// The edge seals click ids with a key that is not configured here yet.
    #[error("click key {0} is not known here")]
    ClickKeyUnknown(u8),
    /// A batch that no edge of ours sends.
    #[error("a batch was refused: {0}")]
    BatchRefused(String),
    /// An internal call that did not prove itself.
    #[error("an internal call was refused: {0}")]
    Unsigned(#[from] shared::signing::InternalFault),
    /// A body over its limit.
    #[error("a body over its limit")]
    TooLarge,
    /// A route that exists, with another method.
    #[error("no such method on this route")]
    MethodNotAllowed,
}

impl Fault {
    /// Whether Postgres ended one of two transactions that waited for each other: the same again
    /// goes through.
    pub fn is_deadlock(&self) -> bool {
        const DEADLOCK_DETECTED: &str = "40P01";
        let Self::Store(sqlx::Error::Database(cause)) = self else { return false };
        cause.code().as_deref() == Some(DEADLOCK_DETECTED)
    }
}

impl From<Faults> for Fault {
    fn from(faults: Faults) -> Self {
        Self::Body(faults)
    }
}

impl Fault {
    /// A single fault of the input.
    pub fn invalid(sentence: impl Into<String>) -> Self {
        Self::Invalid(vec![sentence.into()])
    }

    /// What the caller is told: the one status table of settlement.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Store(cause) if is_passing(cause) => {
                Problem::new(Code::Unavailable, "Try again shortly")
            }
            Self::ClickKeyUnknown(_) | Self::Edge(_) | Self::NotSettledYet => {
                Problem::new(Code::Unavailable, "Try again shortly")
            }
            Self::Store(_) | Self::Secret(_) | Self::Corrupt(_) => {
                Problem::new(Code::InternalError, "Something went wrong on our side")
            }
            Self::NotFound("product") => {
                Problem::new(Code::ProductNotFound, "there is no such product")
            }
            Self::NotFound("campaign") => {
                Problem::new(Code::CampaignNotFound, "there is no such campaign")
            }
            Self::NotFound(_) => Problem::new(Code::NotFound, "Not found"),
            Self::Invalid(faults) => Problem::faults(Code::ValidationError, faults.clone()),
            Self::Body(faults) => Problem::faults(faults.code(), faults.messages().to_vec()),
            Self::MerchantDomainInvalid { .. } => {
                Problem::faults(Code::MerchantDomainInvalid, vec![self.to_string()])
            }
            Self::RateSumExceeded { .. } | Self::Conflict(_) | Self::BatchRefused(_) => {
                Problem::faults(Code::ValidationError, vec![self.to_string()])
            }
            Self::PermissionDenied(sentence) => Problem::new(Code::PermissionDenied, sentence),
            Self::Replayed => Problem::unauthorized(Code::ReplayDetected),
            Self::KeyInUse(sentence) => Problem::new(Code::DuplicateRequest, *sentence),
            Self::Unsigned(_) => Problem::unauthorized(Code::InvalidSignature),
            Self::TooLarge => Problem::new(Code::PayloadTooLarge, "The body is too large"),
            Self::MethodNotAllowed => Problem::new(Code::MethodNotAllowed, "Method not allowed"),
        }
    }

    /// Whether trying the same again later can help.
    pub fn is_passing(&self) -> bool {
        self.problem().code == Code::Unavailable
    }
}

/// Whether Postgres is away, starting, full or at odds with a neighbour: worth another try.
fn is_passing(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
            // Connection trouble, rollback by conflict, out of resources, operator intervention.
            ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}

/// The named constraint that a write broke; `None` for any other failure.
pub fn broken_constraint(cause: &sqlx::Error) -> Option<&str> {
    cause.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_503_and_what_is_ours_says_nothing_of_its_cause() {
        let cases = [
            (Fault::Store(sqlx::Error::PoolTimedOut), 503),
            (Fault::Store(sqlx::Error::RowNotFound), 500),
            (Fault::ClickKeyUnknown(7), 503),
            (Fault::Secret(Unopenable), 500),
            (Fault::Corrupt("a secret cause".to_owned()), 500),
            (Fault::NotFound("conversion"), 404),
            (Fault::invalid("limit is off"), 400),
            (Fault::PermissionDenied("no".to_owned()), 403),
            (Fault::Replayed, 401),
            (Fault::KeyInUse("in progress"), 409),
            (Fault::NotFound("campaign"), 404),
            (Fault::TooLarge, 413),
            (Fault::MethodNotAllowed, 405),
            (Fault::Unsigned(shared::signing::InternalFault::Stale), 401),
        ];
        for (fault, status) in cases {
            assert_eq!(fault.problem().status(), status, "{fault}");
            assert!(!fault.problem().body("r").contains("secret"), "{fault}");
        }
    }
}
