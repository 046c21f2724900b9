//! The operation that lays a day of orders beside ours.

use super::operation::{Operation, Tag};
use super::resource::strict;
use crate::wire::reconcile::Shown;
use crate::wire::schema::{self, told};
use shared::order_status::OrderStatus;
use shared::problem::Code;
use shared::relay::BULK_BYTES_MAX;
use shared::validate::EXTERNAL_ID_CHARACTERS_MAX;
use shared::validate::resource::{DAY_ORDERS_MAX, ORDER_STATUSES};
use utoipa::openapi::HttpMethod::Post;
use utoipa::openapi::schema::ArrayBuilder;

const TAG: Tag = Tag { name: "Reconcile", about: "Whether both sides have the same orders." };
const EXAMPLE: &str = r#"{
  "date": "2026-06-14",
  "timeZone": "Asia/Kathmandu",
  "from": "2026-06-13T18:15:00Z",
  "to": "2026-06-14T18:15:00Z",
  "counts": {"sent": 2, "matching": 0, "missing": 1, "different": 1, "extra": 0},
  "missing": ["SHOP-100246"],
  "different": [
    {
      "externalOrderId": "SHOP-100245",
      "fields": [{"field": "status", "yours": "delivered", "ours": "confirmed"}]
    }
  ],
  "extra": []
}"#;

pub(super) fn operations() -> Vec<Operation> {
    let id = schema::name(EXTERNAL_ID_CHARACTERS_MAX);
    let statuses = schema::words(ORDER_STATUSES.into_iter().map(OrderStatus::as_str));
    let order = strict()
        .property("externalOrderId", told(id, "Your order id; each once."))
        .property("status", told(statuses, "Where it stands now."))
        .property("amount", told(schema::sent_amount(), "Its total as reported, refunds aside."))
        .required("externalOrderId")
        .required("status")
        .required("amount");
    let orders = ArrayBuilder::new()
        .items(order)
        .max_items(Some(DAY_ORDERS_MAX))
        .description(Some("All orders of that day; it may be empty."));
    let day = schema::pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
    let body = strict()
        .description(Some("A day of orders."))
        .property("date", told(day, "Which day, in the merchant's time zone."))
        .property("orders", orders)
        .required("date")
        .required("orders");
    let example = r#"{
  "date": "2026-06-14",
  "orders": [
    {"externalOrderId": "SHOP-100245", "status": "delivered", "amount": "2999.00"},
    {"externalOrderId": "SHOP-100246", "status": "pending", "amount": "450.00"}
  ]
}"#;
    let operation = Operation::signed(Post, "/reconcile", TAG, "reconcile", "Reconcile a day")
        .about(
            "Tells which orders are missing here, different, or extra. It changes nothing. An order \
             accepted in the last moments may still be on its way.",
        )
        .body(("DayOfOrders", body.into()), BULK_BYTES_MAX, example)
        .answers::<Shown>(200, "The comparison.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::OrderStatusInvalid]);
    vec![operation]
}
