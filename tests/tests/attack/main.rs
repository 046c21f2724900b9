//! Blows that no program survives, under load: what was answered 202 still settles exactly once.

mod audit;
mod batched;
mod day;
mod full;
mod killed;
mod load;
mod overflow;
mod panicked;
mod rated;
mod signed;
mod written;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tests::World;

/// How long everything may take to arrive after a part came back: alarms back off.
const BACK: Duration = Duration::from_secs(90);

/// The World that these tests attack, one at a time; each finds it whole. Its edge is plain
/// `workerd`: one process on its own disk, which dies in one blow.
struct Attacked {
    world: &'static World,
    _alone: MutexGuard<'static, ()>,
}

fn world() -> Attacked {
    static ALONE: Mutex<()> = Mutex::new(());
    static WORLD: OnceLock<World> = OnceLock::new();
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let world = WORLD.get_or_init(World::on_workerd);
    world.mend().expect("what the last test stopped starts again");
    full::limit_files(world, "unlimited");
    Attacked { world, _alone: alone }
}
