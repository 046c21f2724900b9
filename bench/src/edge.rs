//! The edge beside a twin in JavaScript: redirect, intake, size and cold start, on plain `workerd`.

mod batch;
mod cold;
mod equal;
mod intake;
mod pair;
mod per_event;
mod redirect;
mod shop;
mod sink;

pub use batch::measure as batch;
pub use cold::measure as cold;
pub use intake::measure as intake;
pub use per_event::measure as per_event;
pub use redirect::measure as redirect;
