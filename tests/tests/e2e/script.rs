//! `GET /t.js`: small, cacheable, JavaScript, and it does what it says.

use tests::World;

/// Bytes of the script at most (PRODUCT §1).
const SCRIPT_BYTES_MAX: usize = 2_048;

#[test]
fn the_script_is_small_javascript_that_keeps_our_ids_alone() {
    let world = World::shared();
    let answer = world.shopper().visit("/t.js").send().expect_status(200);
    assert!(answer.header("content-type").contains("javascript"), "{:?}", answer.headers);
    assert!(answer.text.len() < SCRIPT_BYTES_MAX, "{} bytes", answer.text.len());
    for part in ["click_id", "clk_", "khata", "clickId", "localStorage", "cookie"] {
        assert!(answer.text.contains(part), "{part} in {}", answer.text);
    }
    let head = world.shopper().visit("/t.js").method("HEAD").send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}
