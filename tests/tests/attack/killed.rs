//! Killed as by a power cut, again and again, while merchants and shoppers go on calling.

use tests::Shop;
use tests::world::Parts;

use crate::audit::assert_settled_once;
use crate::load::{self, Dice, Said};
use crate::world;

/// After how many answers at most the next blow falls.
const ANSWERS_MAX: u64 = 150;

/// Kills a part so many times at moments that the seed decides, and starts it again each time
/// once `meanwhile` answers have come. Answers how many calls got no answer.
fn strike(
    shop: &Shop<'_>,
    seed: u64,
    blows: u64,
    meanwhile: u64,
    kill: impl Fn(&mut Parts),
    start: impl Fn(&mut Parts),
) -> usize {
    let side = &shop.live;
    let sent = load::run(side, seed, |answers| {
        let mut dice = Dice::new(seed);
        for _ in 0..blows {
            load::await_answers(answers, 1 + dice.below(ANSWERS_MAX));
            kill(&mut side.world.parts());
            load::await_answers(answers, meanwhile);
            start(&mut side.world.parts());
        }
        load::await_answers(answers, ANSWERS_MAX);
    });
    let unanswered = sent.iter().filter(|one| one.said == Said::Nothing).count();
    assert_settled_once(side, sent);
    unanswered
}

#[test]
fn the_edge_killed_under_load_keeps_every_202_and_invents_nothing() {
    let attacked = world();
    let shop = Shop::usual(attacked.world);
    let kill = |parts: &mut Parts| parts.edge.kill_hard().unwrap();
    let unanswered = strike(&shop, 11, 10, 0, kill, |parts| parts.edge.start_again().unwrap());
    assert_ne!(unanswered, 0, "no blow met a call on its way");
}

#[test]
fn settlement_killed_under_load_settles_every_202_once() {
    let attacked = world();
    let shop = Shop::usual(attacked.world);
    let kill = |parts: &mut Parts| parts.settlement.kill_hard().unwrap();
    let unanswered =
        strike(&shop, 22, 4, 30, kill, |parts| parts.settlement.start_again().unwrap());
    assert_eq!(unanswered, 0, "merchants notice nothing");
}

#[test]
fn postgres_killed_under_load_settles_every_202_once() {
    let attacked = world();
    let shop = Shop::usual(attacked.world);
    let kill = |parts: &mut Parts| parts.postgres.kill_hard().unwrap();
    let unanswered = strike(&shop, 33, 3, 30, kill, |parts| parts.postgres.start_again().unwrap());
    assert_eq!(unanswered, 0, "merchants notice nothing");
}
