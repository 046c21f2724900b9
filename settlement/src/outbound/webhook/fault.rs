//! What a failure of the HTTP client was: read from its causes, since its words name addresses.

use super::names::NameFault;
use super::{Answer, CallFault};
use std::error::Error;
use std::io::{self, ErrorKind};

/// Tells what failed, and whether it was ours.
pub(super) fn of(failure: &reqwest::Error) -> Answer {
    let fault = match cause(failure) {
        Cause::NoPlace => return Answer::NotMade,
        Cause::Known(fault) => fault,
        _ if failure.is_timeout() => CallFault::Timeout,
        Cause::Ended if failure.is_connect() => CallFault::Tls,
        _ if failure.is_connect() => CallFault::Unreachable,
        _ => CallFault::Broken,
    };
    Answer::Failed(fault)
}

/// What lies below a failure.
enum Cause {
    /// Its name was not even looked up.
    NoPlace,
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
        match error.downcast_ref() {
            Some(NameFault::Found(fault)) => return Cause::Known(*fault),
            Some(NameFault::NoPlace) => return Cause::NoPlace,
            None => {}
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
                Some(Cause::NoPlace) => return Cause::NoPlace,
                Some(Cause::Ended) => found = Cause::Ended,
                Some(Cause::Other) | None => {}
            }
        }
        next = error.source();
    }
    found
}
