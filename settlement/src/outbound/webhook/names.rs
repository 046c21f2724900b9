//! Resolves names for the guarded client: what is judged here is exactly what is connected to.

use super::{CallFault, Reach};
use crate::domain::webhook::address::{Verdict, of_addresses};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Names looked up at once at most: each takes a thread for as long as its server is silent, and
/// the others of this process are to keep theirs.
const LOOKUPS_MAX: usize = 64;

/// Looks a name up, blocking: the system's way, or a test's.
pub(super) type LookUp = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The system's way: hosts file, then name servers.
pub(super) fn system() -> LookUp {
    Arc::new(|name| Ok((name, 0).to_socket_addrs()?.collect()))
}

/// Why a name leads nowhere. It names neither the name nor an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.as_str())]
pub(super) struct NameFault(pub(super) CallFault);

/// The resolver that the client asks each time it connects.
pub(super) struct Names {
    reach: Reach,
    look_up: LookUp,
    places: Arc<Semaphore>,
}

impl Names {
    pub(super) fn new(reach: Reach, look_up: LookUp) -> Self {
        Self { reach, look_up, places: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, look_up) = (self.reach, Arc::clone(&self.look_up));
        let places = Arc::clone(&self.places);
        Box::pin(async move {
            let place = places.acquire_owned().await?;
            // Who gives up waiting leaves the thread behind, so the thread holds the place.
            let found = spawn_blocking(move || {
                let _place = place;
                look_up(name.as_str())
            });
            let addresses = found.await?.unwrap_or_default();
            match of_addresses(addresses.iter().map(SocketAddr::ip), reach) {
                Verdict::Allowed => Ok(Box::new(addresses.into_iter()) as Addrs),
                Verdict::Refused => Err(NameFault(CallFault::AddressRefused).into()),
                Verdict::Nowhere => Err(NameFault(CallFault::Unresolved).into()),
            }
        })
    }
}
