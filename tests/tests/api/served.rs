//! The description is open to everybody, kept for a minute, and served on when settlement is away.

use tests::refusal::assert_refused;
use tests::{Shopper, World};

use crate::{DOCUMENT, PAGE};

#[test]
fn both_are_served_without_a_signature_and_only_once_to_one_who_has_them() {
    let world = World::shared();
    for (path, media_type) in [(DOCUMENT, "application/json"), (PAGE, "text/html; charset=utf-8")] {
        let first = world.shopper().visit(path).send().expect_status(200);
        assert_eq!(first.header("content-type"), media_type);
        assert_eq!(first.header("cache-control"), "public, max-age=60");
        let etag = first.header("etag");
        assert!(etag.len() > 8 && etag.starts_with('"'), "{etag}");
        let again = world.shopper().visit(path).header("if-none-match", etag).send();
        assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", etag));
        let other = world.shopper().visit(path).header("if-none-match", "\"other\"").send();
        assert_eq!((other.status, other.text), (200, first.text.clone()));
        let head = world.shopper().visit(path).method("HEAD").send().expect_status(200);
        assert_eq!((head.header("etag"), head.text.as_str()), (etag, ""));
    }
}

#[test]
fn settlement_serves_the_same_on_its_own_port() {
    let world = World::shared();
    let settlement = Shopper::new(world.settlement_url());
    for (path, edge_path) in [("/openapi.json", DOCUMENT), ("/reference", PAGE)] {
        let own = settlement.visit(path).send().expect_status(200);
        let edge = world.shopper().visit(edge_path).send().expect_status(200);
        assert_eq!(
            (own.text.as_str(), own.header("etag")),
            (edge.text.as_str(), edge.header("etag"))
        );
        let again = settlement.visit(path).header("if-none-match", own.header("etag")).send();
        assert_eq!((again.status, again.text.as_str()), (304, ""));
    }
}

#[test]
fn with_settlement_away_what_is_kept_is_served_and_what_is_not_is_503() {
    let world = World::on_workerd();
    let document = world.shopper().visit(DOCUMENT).send().expect_status(200);
    world.parts().settlement.stop().expect("settlement stops");
    let kept = world.shopper().visit(DOCUMENT).send().expect_status(200);
    assert_eq!(kept.text, document.text);
    let answer = world.shopper().visit(PAGE).send();
    assert_refused(&answer, 503, "Service Unavailable", "UNAVAILABLE");
}
