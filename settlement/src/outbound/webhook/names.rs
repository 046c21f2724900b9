//! Resolves names for the guarded client: what is judged here is exactly what is connected to.
//!
//! A name is looked up once at a time, however many calls wait for it: a name server that is silent
//! costs one place, not one for each of them.

use super::{CallFault, Reach};
use crate::domain::webhook::address::{Verdict, of_addresses};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

/// Names looked up at once at most: each takes a thread for as long as its server is silent, and
/// the others of this process are to keep theirs.
pub(super) const LOOKUPS_MAX: usize = 64;
/// How long a name waits for its place: little of the time that an attempt may take.
const PLACE_WAIT_MAX: Duration = Duration::from_millis(500);

/// Looks a name up, blocking: the system's way, or a test's.
pub(super) type LookUp = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The system's way: hosts file, then name servers.
pub(super) fn system() -> LookUp {
    Arc::new(|name| Ok((name, 0).to_socket_addrs()?.collect()))
}

/// Why a name leads nowhere. It names neither the name nor an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameFault {
    /// By what was found.
    #[error("{}", .0.as_str())]
    Found(CallFault),
    /// Nothing was looked up: every place was taken.
    #[error("no place to look a name up")]
    NoPlace,
}

/// What came of a look-up.
#[derive(Clone)]
enum LookedUp {
    /// These addresses; none: the name has none.
    Addresses(Vec<SocketAddr>),
    /// It was not made.
    NoPlace,
}

type Told = watch::Receiver<Option<LookedUp>>;
type UnderWay = Arc<Mutex<HashMap<String, Told>>>;

/// The resolver that the client asks each time it connects.
pub(super) struct Names {
    reach: Reach,
    look_up: LookUp,
    places: Arc<Semaphore>,
    under_way: UnderWay,
}

impl Names {
    pub(super) fn new(reach: Reach, look_up: LookUp) -> Self {
        let places = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Self { reach, look_up, places, under_way: UnderWay::default() }
    }

    /// Joins the look-up of a name that is under way, or begins one.
    fn join(&self, name: &str) -> Told {
        let mut under_way = entries(&self.under_way);
        // One that broke off tells nothing any more.
        if let Some(told) = under_way.get(name).filter(|told| told.has_changed().is_ok()) {
            return told.clone();
        }
        let (tell, told) = watch::channel(None);
        under_way.insert(name.to_owned(), told.clone());
        let (places, look_up) = (Arc::clone(&self.places), Arc::clone(&self.look_up));
        let (under_way, name) = (Arc::clone(&self.under_way), name.to_owned());
        // By itself: whoever asked may give up, and the others wait on.
        tokio::spawn(async move {
            let found = found(places, look_up, name.clone()).await;
            // Whoever comes from here on gets an answer of its own.
            entries(&under_way).remove(&name);
            tell.send_replace(Some(found));
        });
        told
    }
}

fn entries(under_way: &UnderWay) -> MutexGuard<'_, HashMap<String, Told>> {
    // Nothing panics while it is held, and a map is whole after each call.
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn found(places: Arc<Semaphore>, look_up: LookUp, name: String) -> LookedUp {
    let Ok(Ok(place)) = tokio::time::timeout(PLACE_WAIT_MAX, places.acquire_owned()).await else {
        tracing::warn!(places = LOOKUPS_MAX, "every place to look names up is taken");
        return LookedUp::NoPlace;
    };
    // The thread holds the place: nothing ends it before its server answers.
    let found = spawn_blocking(move || {
        let _place = place;
        look_up(&name)
    });
    let addresses = found.await.ok().and_then(Result::ok).unwrap_or_default();
    LookedUp::Addresses(addresses)
}

fn judged(found: Option<LookedUp>, reach: Reach) -> Result<Addrs, NameFault> {
    let addresses = match found {
        Some(LookedUp::Addresses(addresses)) => addresses,
        Some(LookedUp::NoPlace) => return Err(NameFault::NoPlace),
        None => return Err(NameFault::Found(CallFault::Unresolved)),
    };
    match of_addresses(addresses.iter().map(SocketAddr::ip), reach) {
        Verdict::Allowed => Ok(Box::new(addresses.into_iter())),
        Verdict::Refused => Err(NameFault::Found(CallFault::AddressRefused)),
        Verdict::Nowhere => Err(NameFault::Found(CallFault::Unresolved)),
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, mut told) = (self.reach, self.join(name.as_str()));
        Box::pin(async move {
            let found = told.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
            Ok(judged(found, reach)?)
        })
    }
}
