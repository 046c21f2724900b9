//! What a failure of the HTTP client was: read from its causes, since its words name addresses.

use super::CallFault;
use super::names::NameFault;
use std::error::Error;
use std::io::{self, ErrorKind};

/// Tells what failed.
pub(super) fn of(failure: &reqwest::Error) -> CallFault {
    match cause(failure) {
        Cause::Known(fault) => fault,
        _ if failure.is_timeout() => CallFault::Timeout,
        Cause::Ended if failure.is_connect() => CallFault::Tls,
        _ if failure.is_connect() => CallFault::Unreachable,
        _ => CallFault::Broken,
    }
}

/// What lies below a failure.
enum Cause {
    /// It says by itself what it was.
    Known(CallFault),
    /// The other side ended the connection. While connecting, that is in the middle of TLS: who
    /// takes no connection at all refuses it.
    Ended,
    /// Anything else.
    Other,
}

fn cause(failure: &(dyn Error + 'static)) -> Cause {
    let mut found = Cause::Other;
    let mut next = Some(failure);
    while let Some(error) = next {
        if let Some(NameFault(fault)) = error.downcast_ref() {
            return Cause::Known(*fault);
        }
        if error.is::<rustls::Error>() {
            return Cause::Known(CallFault::Tls);
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) {
                found = Cause::Ended;
            }
            // `source` of an `io::Error` steps over what it wraps.
            match error.get_ref().map(|inner| cause(inner)) {
                Some(Cause::Known(fault)) => return Cause::Known(fault),
                Some(Cause::Ended) => found = Cause::Ended,
                Some(Cause::Other) | None => {}
            }
        }
        next = error.source();
    }
    found
}
