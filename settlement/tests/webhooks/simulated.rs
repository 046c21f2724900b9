//! Seeded histories: many endpoints, faults drawn by chance, nodes that die, and one rule at the
//! end: everything arrived, the same in every copy, numbered without gaps.

use crate::crash::dying;
use crate::sink::{BAD, Mode};
use crate::world::{HOUR, Made, TIME_MAX, World, send_once};
use settlement::domain::notice::Kind;
use settlement::domain::webhook::endpoint::Format;
use settlement::flows::webhook::fan_out;
use std::collections::HashMap;
use std::time::Duration;

/// Histories, each of its own seed.
const SEEDS: u64 = 4;
const STEPS: usize = 30;
const ENDPOINTS: u64 = 8;
/// An attempt's time: one that is cut off for want of it is made again, as all that fail.
const PATIENCE: Duration = Duration::from_millis(200);

/// A xorshift generator: the same numbers for the same seed.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn index(&mut self, limit: u64) -> usize {
        usize::try_from(self.below(limit)).unwrap()
    }
}

struct History {
    seed: u64,
    random: Random,
    world: World,
    merchants: Vec<(usize, Made)>,
    affiliates: Vec<(usize, Made)>,
    /// Notices told by merchant, and by affiliate.
    told: HashMap<(bool, usize), usize>,
}

impl History {
    async fn new(seed: u64) -> Self {
        let mut world = World::new().await;
        world.set_patience(PATIENCE);
        let mut random = Random::new(seed);
        let (mut merchants, mut affiliates) = (Vec::new(), Vec::new());
        for n in 0..ENDPOINTS {
            let (whose, path) = (random.index(2), format!("hook{n}"));
            if n % 3 == 0 {
                let made = world.affiliates(whose, &path, Format::Khata).await;
                affiliates.push((whose, made));
            } else {
                let made = world.endpoint(world.scopes[whose], &path, &Kind::ALL).await;
                merchants.push((whose, made));
            }
        }
        // One answer in three is bad while the history runs; stalls are rare, for they cost time.
        let mut drawn = Random::new(seed ^ 0xfa);
        world.sink.choose(move |_| match drawn.below(30) {
            0 => Mode::Stall,
            1..=9 => BAD[[0, 2, 3, 4][drawn.index(4)]],
            _ => Mode::Status(200),
        });
        Self { seed, random, world, merchants, affiliates, told: HashMap::new() }
    }

    async fn tell(&mut self) {
        let (merchant, many) = (self.random.index(2), 1 + self.random.index(6));
        let scope = self.world.scopes[merchant];
        let mut notices = Vec::new();
        for _ in 0..many {
            let affiliate = self.random.index(2);
            let notice = self.world.notice(scope, Kind::CommissionHeld, Some(affiliate));
            notices.push((scope, notice));
            *self.told.entry((true, merchant)).or_default() += 1;
            *self.told.entry((false, affiliate)).or_default() += 1;
        }
        self.world.tell(&notices).await;
    }

    /// Two nodes at once; each may die at any step.
    async fn nodes(&mut self) {
        let polls = [self.random.index(60), self.random.index(60), self.random.index(90)];
        let world = &self.world;
        tokio::join!(
            dying(Some(polls[0]), fan_out::run_once(&world.pool, world.now)),
            dying(Some(polls[1]), fan_out::run_once(&world.pool, world.now)),
            dying(Some(polls[2]), send_once(&world.pool, &world.post, world.now)),
            async {
                fan_out::run_once(&world.pool, world.now).await.unwrap();
                send_once(&world.pool, &world.post, world.now).await.unwrap();
            },
        );
    }

    async fn run(&mut self) {
        for _ in 0..STEPS {
            match self.random.below(4) {
                0 | 1 => self.tell().await,
                2 => Box::pin(self.nodes()).await,
                _ => {
                    let seconds = [1, 70, 400, HOUR][self.random.index(4)];
                    self.world.wait(seconds);
                    Box::pin(self.nodes()).await;
                }
            }
        }
        self.world.sink.choose(|_| Mode::Status(200));
        self.world.set_patience(TIME_MAX);
        // The longest wait of a schedule, its jitter, and what a dead node had leased.
        self.world.pass(12 * HOUR).await;
    }

    fn assert_all_is_well(&self) {
        let told = |key| self.told.get(&key).copied().unwrap_or(0);
        for (whose, made) in &self.merchants {
            eprintln!("seed {}: {} of a merchant", self.seed, made.path);
            self.world.assert_complete(made, told((true, *whose)));
        }
        for (whose, made) in &self.affiliates {
            eprintln!("seed {}: {} of an affiliate", self.seed, made.path);
            self.world.assert_complete(made, told((false, *whose)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_everything_arrives_the_same_and_numbered() {
    for seed in 1..=SEEDS {
        let mut history = History::new(seed).await;
        Box::pin(history.run()).await;
        history.assert_all_is_well();
    }
}
