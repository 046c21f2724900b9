//! What a commission's notices say of its amounts.

use super::*;

#[test]
fn a_notice_tells_by_how_much_the_net_amount_changed() {
    let mut history = live();
    history.attributed("A", "2999.00");
    history.report("A", S::Delivered, None);
    history.report("A", S::Refunded, Some("999.00"));
    history.report("A", S::Cancelled, None);
    let notices = history.book.changes.steps.notices.iter().filter(|n| n.about_commission);
    let told: Vec<_> = notices
        .filter(|notice| notice.kind.as_str().starts_with("commission."))
        .map(|notice| {
            let text = |name: &str| notice.data[name].as_str().unwrap_or_default();
            (notice.kind.as_str(), text("delta"), text("netAmount"))
        })
        .collect();
    let expected = [
        ("commission.created", "0.00", "299.90"),
        ("commission.held", "0.00", "299.90"),
        ("commission.adjusted", "-99.90", "200.00"),
        ("commission.rejected", "-200.00", "0.00"),
    ];
    assert_eq!(told, expected);
}
