//! Load from several servers of one merchant and its shoppers; what became of each call is kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::json;
use tests::side::{CONVERSIONS, ORDER_STATUS};
use tests::{Answer, BOUND, Side, eventually};

/// How many call at once.
const CALLERS: u64 = 4;
/// How often one who insists sends a call at most.
const TRIES_MAX: i64 = 20;

/// What the edge said to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// 202, with the event's id.
    Taken(String),
    /// 202 for an order that is known already, which names no event.
    Known,
    /// Another status.
    Refused(u16),
    /// No answer, or none that was whole.
    Nothing,
}

impl Said {
    /// What an answer says.
    pub fn of(answer: &Answer) -> Self {
        match (answer.status, answer.json()["eventId"].as_str()) {
            (202, Some(event_id)) => Self::Taken(event_id.to_owned()),
            (202, None) => Self::Known,
            (status, _) => Self::Refused(status),
        }
    }
}

/// One signed call that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Where to.
    pub path: &'static str,
    /// About which order.
    pub order: String,
    /// What came of it.
    pub said: Said,
}

/// Numbers that look random and are the same for the same seed.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below another one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Tells the callers to end, also when the attack panics.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Has all call until `attack` is over, which learns of each answer; answers with what was sent.
pub fn run(side: &Side<'_>, seed: u64, attack: impl FnOnce(&Receiver<()>)) -> Vec<Sent> {
    let over = AtomicBool::new(false);
    let (answered, answers) = channel();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                let dice = Dice::new(seed + number);
                let name = format!("{seed}-{number}");
                let caller = Caller { side, name, dice, answered: answered.clone(), sent: vec![] };
                let over = &over;
                scope.spawn(move || caller.call_until(over))
            })
            .collect();
        let ending = Ending(&over);
        attack(&answers);
        drop(ending);
        callers.into_iter().flat_map(|caller| caller.join().expect("a caller ends")).collect()
    })
}

/// Waits for so many answers from now on.
pub fn await_answers(answers: &Receiver<()>, many: u64) {
    while answers.try_recv().is_ok() {}
    for _ in 0..many {
        answers.recv_timeout(BOUND).expect("the load goes on");
    }
}

struct Caller<'a> {
    side: &'a Side<'a>,
    name: String,
    dice: Dice,
    answered: Sender<()>,
    sent: Vec<Sent>,
}

impl Caller<'_> {
    fn call_until(mut self, over: &AtomicBool) -> Vec<Sent> {
        let click_id = self.side.seal(self.side.link.link_number, tests::eventually::now_seconds());
        for number in 0.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let order = format!("{}-{number}", self.name);
            let body = json!({
                "externalOrderId": order, "orderAmount": "100.00", "clickId": click_id,
            });
            let taken = self.insist(CONVERSIONS, &order, &body.to_string());
            if taken && self.dice.below(3) == 0 {
                let body = json!({"externalOrderId": order, "status": "paid"});
                self.insist(ORDER_STATUS, &order, &body.to_string());
            }
            self.follow();
        }
        self.sent
    }

    /// Sends a call; without a 202 some send it again, with a later timestamp, with or without
    /// an idempotency key. Answers whether it was taken.
    fn insist(&mut self, path: &'static str, order: &str, body: &str) -> bool {
        let insists = self.dice.below(2) == 0;
        let has_key = self.dice.below(2) == 0;
        for later in 0..if insists { TRIES_MAX } else { 1 } {
            let mut call = self.side.signer.post(path, body).at(later);
            if has_key {
                call = call.header("Idempotency-Key", order);
            }
            let said = call.try_send().map_or(Said::Nothing, |answer| Said::of(&answer));
            self.sent.push(Sent { path, order: order.to_owned(), said: said.clone() });
            match said {
                Said::Taken(_) | Said::Known => {
                    let _ = self.answered.send(());
                    return true;
                }
                Said::Refused(_) => drop(self.answered.send(())),
                Said::Nothing => self.await_edge(),
            }
        }
        false
    }

    /// A shopper gets the redirect, or nothing while the edge is dead.
    fn follow(&self) {
        let visit = self.side.world.shopper().visit(&format!("/c/{}", self.side.link.code));
        match visit.try_send() {
            Ok(answer) => assert_eq!(answer.status, 302, "{}", answer.text),
            Err(_) => self.await_edge(),
        }
    }

    fn await_edge(&self) {
        let visit = self.side.world.shopper().visit("/healthz");
        eventually(BOUND, "the edge is back", || match visit.clone().try_send() {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }
}
