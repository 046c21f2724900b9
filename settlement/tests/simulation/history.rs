//! A history as it is played: the edge's side, the clock, and the model beside the real thing.

use crate::calm::calm;
use crate::crash::dying;
use crate::draw::{self, Made};
use crate::model::{self, Sent};
use crate::network::{Network, instant};
use crate::ops::{Op, TEST_SCOPE};
use crate::random::Random;
use crate::told::{Micros, SECOND, Told, Truth};
use serde_json::json;
use serde_json::value::RawValue;
use settlement::flows::accept_events::{self, Intake};
use settlement::flows::settle_events::Progress;
use settlement::flows::{record_clicks, release_holds, resume_parked, settle_events};
use shared::id::EventId;
use shared::internal::{
    BATCH_EVENTS_MAX, BATCH_VERSION, ClickBatch, ClickRow, EventBatch, EventRecord, StreamHead,
    epoch_text, intake_name,
};
use shared::keys::ClickKeys;
use sqlx::PgPool;
use std::collections::HashMap;
use uuid::Uuid;

/// The clicks' stream; each intake has one of the numbers after it.
const EPOCH: u64 = 7;
const CLICK_SHARD: &str = "clicks-0";
/// Clicks remembered for later orders at most.
const CLICKS_KEPT: usize = 30;
/// Runs of a job until it says that nothing is left, at most.
const RUNS_MAX: usize = 10_000;

pub struct History {
    pub pool: PgPool,
    pub keys: ClickKeys,
    pub network: Network,
    pub books: Vec<model::Scope>,
    pub world: model::World,
    pub now: Micros,
    intake: Intake,
    random: Random,
    /// Events at the edge that are not acknowledged, of each book.
    held: Vec<Vec<EventRecord>>,
    newest: Vec<usize>,
    made: Vec<Made>,
    unrecorded: Vec<Made>,
    click_rows: u64,
    /// Scores that were left to the release job.
    pub postponed: usize,
    /// Lines of payouts the model has followed, with their payout's state then.
    pub(crate) followed: HashMap<(Uuid, String), String>,
}

impl History {
    pub async fn begin(pool: PgPool, seed: u64) -> Self {
        let now = instant_of("2026-01-05T03:15:00Z");
        let network = Network::open(&pool, now).await;
        let (books, world) = network.model(now);
        let keys = ClickKeys::parse(&format!("3:{}", "cd".repeat(32))).unwrap();
        let mut history = Self {
            intake: Intake::new(keys.clone()),
            random: Random::new(seed),
            held: vec![Vec::new(); books.len()],
            newest: vec![1; books.len()],
            made: Vec::new(),
            unrecorded: Vec::new(),
            click_rows: 0,
            postponed: 0,
            followed: HashMap::new(),
            pool,
            keys,
            network,
            books,
            world,
            now,
        };
        history.set_first_rules().await;
        history
    }

    /// Plays the next thing; answers what it was.
    pub async fn step(&mut self) -> Op {
        let op = Op::draw(&mut self.random);
        match op {
            Op::Order { scope } => self.order(scope),
            Op::Report { scope } => self.report(scope),
            Op::Advance { seconds } => {
                // The edge makes a move at a whole second.
                self.now = (self.now + SECOND - 1).div_euclid(SECOND) * SECOND;
                self.accept(TEST_SCOPE, Told::Advance(seconds));
            }
            Op::Garbage { scope } => self.accept(scope, Told::Garbage),
            Op::Drain { scope, is_lost } => self.drain(scope, is_lost).await,
            Op::Clicks => self.record_clicks().await,
            Op::Settle { events_max, nodes, dies_after } => {
                self.settle(events_max, nodes, dies_after).await;
            }
            Op::Release { dies_after } => self.release(dies_after).await,
            Op::Resume { dies_after } => self.resume(dies_after).await,
            Op::Wait { milliseconds } => self.now += milliseconds * 1_000,
            Op::WaitForHold { milliseconds_after } => self.wait_for_hold(milliseconds_after),
            Op::Rule { scope } => self.change_rule(scope).await,
            Op::Windows { scope } => self.change_windows(scope).await,
            Op::DecideRisk { scope } => self.decide_risk(scope).await,
            Op::DecideReview { scope } => self.decide_review(scope).await,
            Op::Suspend => self.suspend().await,
            Op::Correct { scope } => self.correct(scope).await,
            Op::Assume => self.assume_delivered().await,
            Op::LateLink => self.late_link().await,
            Op::Payouts { dies_after } => self.payouts(dies_after).await,
        }
        op
    }

    /// Everything arrives and is settled, and nothing is due any more.
    pub async fn finish(&mut self) {
        self.record_clicks().await;
        self.settle_all().await;
        self.resume(None).await;
        self.release(None).await;
    }

    /// Everything arrives, the news that there is no more too, and is settled.
    pub(crate) async fn settle_all(&mut self) {
        for scope in 0..self.books.len() {
            self.drain(scope, false).await;
            while !self.held[scope].is_empty() {
                self.drain(scope, false).await;
            }
        }
        for _ in 0..RUNS_MAX {
            self.settle(2_000, 1, None).await;
            if self.books.iter().all(|books| books.settled == books.sent.len()) {
                break;
            }
        }
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn order(&mut self, scope: usize) {
        let random = &mut self.random;
        if self.made.is_empty() || random.percent(70) {
            let made = draw::click(random, &self.network, scope, self.now, &self.keys);
            self.made.push(made.clone());
            self.unrecorded.push(made);
        }
        if self.made.len() > CLICKS_KEPT {
            self.made.remove(0);
        }
        let newest = self.newest[scope];
        let number = match random.below(10) {
            0 => newest.saturating_sub(random.below(20)),
            _ => newest,
        };
        self.newest[scope] = newest.max(number + 1);
        let fresh = self.made.last().cloned();
        let made = match random.below(10) {
            0 => None,
            1 | 2 => Some(self.made[random.below(self.made.len())].clone()),
            _ => fresh,
        };
        let order = draw::order(random, &self.books[scope], number, made.as_ref(), self.now);
        self.accept(scope, Told::Order(order));
    }

    fn report(&mut self, scope: usize) {
        let random = &mut self.random;
        let again = self.books[scope].sent.len().checked_sub(1 + random.below(30));
        if random.percent(8)
            && let Some(Told::Report(told)) =
                again.map(|at| self.books[scope].sent[at].told.clone())
        {
            return self.accept(scope, Told::Report(told));
        }
        let told = draw::report(random, &self.books[scope], self.newest[scope], self.now);
        self.accept(scope, Told::Report(told));
    }

    /// The edge accepts an event at its next place.
    fn accept(&mut self, scope: usize, told: Told) {
        self.now += 1_000 * self.random.between(0, 25);
        let seq = self.books[scope].sent.len() as u64 + 1;
        self.held[scope].push(EventRecord {
            seq,
            event_id: EventId { kind: told.kind(), epoch: epoch_of(scope), seq }.to_string(),
            kind: told.kind(),
            received_at_ms: self.now / 1_000,
            key_id: "pk_live_simulated".to_owned(),
            body: RawValue::from_string(told.body()).unwrap(),
        });
        let received = self.now / 1_000 * 1_000;
        self.books[scope].sent.push(Sent { told, received, code: None });
    }

    fn head(&self, object: String, epoch: u64, highest_seq: u64) -> StreamHead {
        StreamHead {
            version: BATCH_VERSION,
            object,
            epoch: epoch_text(epoch),
            highest_seq,
            lowest_seq: 1,
            sent_at_ms: self.now / 1_000,
            click_key_number: 3,
        }
    }

    pub(crate) fn object(&self, scope: usize) -> String {
        let scope = self.network.books[scope].scope;
        intake_name(scope.merchant, scope.environment)
    }

    async fn drain(&mut self, scope: usize, is_lost: bool) {
        let events: Vec<_> = self.held[scope].iter().take(BATCH_EVENTS_MAX).cloned().collect();
        let highest = self.books[scope].sent.len() as u64;
        let batch =
            EventBatch { head: self.head(self.object(scope), epoch_of(scope), highest), events };
        let now = instant(self.now);
        let told = accept_events::run(&self.pool, &self.intake, &batch, now).await.unwrap();
        if !is_lost {
            self.held[scope].retain(|event| event.seq > told.acknowledged_seq);
        }
    }

    async fn record_clicks(&mut self) {
        let made = std::mem::take(&mut self.unrecorded);
        let record = |made: &Made| {
            let Truth::Made { link, .. } = made.sent.truth else { return None };
            self.world.clicks.insert(made.sent.text.clone(), made.exact);
            for books in &mut self.books {
                books.click_recorded(&made.sent.text);
            }
            Some(json!({
                "clickId": made.sent.text, "linkNumber": link, "class": made.class.as_str(),
                "reason": "simulated", "clickedAtMs": made.exact / 1_000,
            }))
        };
        let records: Vec<_> = made.iter().filter_map(record).collect();
        self.click_rows += 1;
        let row = ClickRow {
            seq: self.click_rows,
            clicks: RawValue::from_string(json!(records).to_string()).unwrap(),
            dropped: 0,
            log: None,
        };
        let head = self.head(CLICK_SHARD.to_owned(), EPOCH, self.click_rows);
        let batch = ClickBatch { head, rows: vec![row] };
        record_clicks::run(&self.pool, &self.intake, &batch, instant(self.now)).await.unwrap();
    }

    async fn settle(&mut self, events_max: usize, nodes: usize, dies_after: Option<usize>) {
        let node =
            || settle_events::run_once(&self.pool, &self.keys, events_max, instant(self.now));
        let first = dying(dies_after, node());
        let ends = if nodes == 2 {
            let (one, two) = tokio::join!(first, node());
            [one, Some(two)]
        } else {
            [first.await, None]
        };
        for end in ends.into_iter().flatten() {
            end.unwrap();
        }
        if dies_after.is_some() {
            calm(&self.pool).await;
        }
        let cursors: Vec<(String, i64)> =
            sqlx::query_as("select object, settled_seq from settle_cursor")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        for scope in 0..self.books.len() {
            let object = self.object(scope);
            if let Some((_, place)) = cursors.iter().find(|(name, _)| *name == object) {
                let place = usize::try_from(*place).unwrap();
                self.books[scope].settle_up_to(scope, &self.world, place);
            }
        }
        self.follow_postponed().await;
    }

    /// A score whose counts were not at hand is left to the release job; that is rare.
    async fn follow_postponed(&mut self) {
        let due: Vec<(Uuid, String, String)> = sqlx::query_as(
            "select merchant_id, environment, external_order_id from commission
             join conversion using (environment, merchant_id, conversion_id) where risk_due",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        for (merchant, environment, order) in due {
            let is_it = |book: &crate::network::Book| {
                book.scope.merchant.0 == merchant && book.scope.environment.as_str() == environment
            };
            let scope = self.network.books.iter().position(is_it).unwrap();
            if self.books[scope].postpone_score(&order) {
                self.postponed += 1;
            }
        }
    }

    async fn release(&mut self, dies_after: Option<usize>) {
        let now = instant(self.now);
        if dies_after.is_some() {
            if let Some(end) = dying(dies_after, release_holds::run_once(&self.pool, now)).await {
                end.unwrap();
            }
            calm(&self.pool).await;
        }
        for _ in 0..RUNS_MAX {
            if release_holds::run_once(&self.pool, now).await.unwrap() == Progress::Idle {
                break;
            }
        }
        for books in &mut self.books {
            books.release(self.now);
        }
    }

    async fn resume(&mut self, dies_after: Option<usize>) {
        let run = || resume_parked::run_once(&self.pool, &self.keys, instant(self.now));
        if dies_after.is_some() {
            if let Some(end) = dying(dies_after, run()).await {
                end.unwrap();
            }
            calm(&self.pool).await;
        }
        for _ in 0..RUNS_MAX {
            if run().await.unwrap() == Progress::Idle {
                break;
            }
        }
        for (scope, books) in self.books.iter_mut().enumerate() {
            books.resume(scope, &self.world, self.now);
        }
        // What was approved anew may still have to be scored.
        self.release(None).await;
    }

    fn wait_for_hold(&mut self, milliseconds_after: i64) {
        let ahead = |books: &model::Scope| books.clock(self.now) - self.now;
        let mut ends: Vec<Micros> = Vec::new();
        for books in &self.books {
            let held = books.orders.values().filter_map(|order| order.commission.as_ref());
            let running = held.filter(|commission| commission.state == model::State::Running);
            let until = running.filter_map(|commission| commission.hold_until);
            let real = until.map(|until| until - ahead(books));
            ends.extend(real.filter(|end| *end > self.now));
        }
        ends.sort_unstable();
        if !ends.is_empty() {
            let end = ends[self.random.below(ends.len().min(5))];
            self.now = self.now.max(end + milliseconds_after * 1_000);
        }
    }

    async fn late_link(&mut self) {
        let scope = self.random.below(self.books.len());
        let number = self.random.of(&self.network.books[scope].late_links);
        if !self.world.links.contains_key(&number) && self.random.percent(20) {
            self.network.add_link(&self.pool, scope, number, self.now).await;
            let link = model::Link { scope, affiliate: 0, campaign: 0 };
            self.world.links.insert(number, link);
        }
    }
}

/// An object's epoch is a number of its own, and with it every event's id.
fn epoch_of(scope: usize) -> u64 {
    EPOCH + 1 + scope as u64
}

fn instant_of(text: &str) -> Micros {
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}
