//! Answers as they are given, for the document and the page.

pub(super) const EVENT: &str = r#"{
  "eventId": "cnvevt_1vr5jxs0wte0w0000000000001",
  "type": "conversion",
  "state": "applied",
  "code": "APPLIED",
  "detail": "Attributed by its click; the commission is 299.90 NPR.",
  "conversionId": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
  "commissionId": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h",
  "receivedAt": "2026-06-14T03:45:01.204Z",
  "settledAt": "2026-06-14T03:45:01.893Z"
}"#;

pub(super) const EVENTS: &str = r#"{
  "data": [
    {
      "eventId": "cnvevt_1vr5jxs0wte0w0000000000001",
      "type": "conversion",
      "state": "applied",
      "code": "APPLIED",
      "detail": "Attributed by its click; the commission is 299.90 NPR.",
      "conversionId": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
      "commissionId": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h",
      "receivedAt": "2026-06-14T03:45:01.204Z",
      "settledAt": "2026-06-14T03:45:01.893Z"
    }
  ],
  "nextCursor": null
}"#;

pub(super) const CONVERSION: &str = r#"{
  "id": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
  "externalOrderId": "SHOP-100245",
  "state": "attributed",
  "confidence": "HIGH",
  "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
  "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
  "clickId": "clk_4g0r2m8a5xv1n7c3k9qe6w0t4yb2h8s5d1j3p7z0",
  "orderAmount": "2999.00",
  "refundedAmount": "0.00",
  "currency": "NPR",
  "orderStatus": "delivered",
  "orderedAt": "2026-06-14T03:45:00Z",
  "receivedAt": "2026-06-14T03:45:01.204Z",
  "commissionId": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h"
}"#;

pub(super) const CONVERSIONS: &str = r#"{
  "data": [
    {
      "id": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
      "externalOrderId": "SHOP-100245",
      "state": "attributed",
      "confidence": "HIGH",
      "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
      "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
      "clickId": "clk_4g0r2m8a5xv1n7c3k9qe6w0t4yb2h8s5d1j3p7z0",
      "orderAmount": "2999.00",
      "refundedAmount": "0.00",
      "currency": "NPR",
      "orderStatus": "delivered",
      "orderedAt": "2026-06-14T03:45:00Z",
      "receivedAt": "2026-06-14T03:45:01.204Z",
      "commissionId": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h"
    }
  ],
  "nextCursor": null
}"#;

pub(super) const COMMISSION: &str = r#"{
  "id": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h",
  "conversionId": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
  "externalOrderId": "SHOP-100245",
  "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
  "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
  "state": "hold",
  "currency": "NPR",
  "amount": "299.90",
  "netAmount": "299.90",
  "rule": {
    "level": "campaign",
    "id": "0197a1c4-7c31-7a90-b2c4-1d5e8f7a6b03",
    "version": 1,
    "kind": "percent",
    "rateBps": 1000
  },
  "holdUntil": "2026-07-02T08:15:00Z",
  "reason": null,
  "risk": null,
  "createdAt": "2026-06-14T03:45:01.204Z",
  "updatedAt": "2026-06-18T08:15:02.117Z"
}"#;

pub(super) const COMMISSIONS: &str = r#"{
  "data": [
    {
      "id": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h",
      "conversionId": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
      "externalOrderId": "SHOP-100245",
      "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
      "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
      "state": "payable",
      "currency": "NPR",
      "amount": "299.90",
      "netAmount": "199.93",
      "rule": {
        "level": "campaign",
        "id": "0197a1c4-7c31-7a90-b2c4-1d5e8f7a6b03",
        "version": 1,
        "kind": "percent",
        "rateBps": 1000
      },
      "holdUntil": "2026-07-02T08:15:00Z",
      "reason": "one tin came open",
      "risk": {
        "state": "clear",
        "score": 30,
        "threshold": 60,
        "reasons": [
          {
            "code": "quick_order",
            "points": 30,
            "sentence": "The order came 4 seconds after its click."
          }
        ],
        "awaits": null,
        "scoredAt": "2026-07-02T08:15:00Z"
      },
      "createdAt": "2026-06-14T03:45:01.204Z",
      "updatedAt": "2026-07-02T08:15:00Z"
    }
  ],
  "nextCursor": "313738313433303330313230343030303a636f6d5f32"
}"#;

pub(super) const EXPLANATION: &str = r#"{
  "conversion": {
    "id": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
    "externalOrderId": "SHOP-100246",
    "state": "unattributed",
    "confidence": "LOW",
    "affiliateId": null,
    "campaignId": null,
    "clickId": null,
    "orderAmount": "2999.00",
    "refundedAmount": "0.00",
    "currency": "NPR",
    "orderStatus": "confirmed",
    "orderedAt": "2026-06-14T03:45:00Z",
    "receivedAt": "2026-06-14T03:45:01.204Z",
    "commissionId": null
  },
  "attribution": {
    "order": ["click", "coupon", "customer"],
    "settingVersion": 0,
    "judgedAt": "2026-06-14T03:45:00Z",
    "confidence": "LOW",
    "candidates": [
      {"kind": "click", "result": "lost", "reason": "absent"},
      {"kind": "coupon", "result": "lost", "reason": "absent"},
      {"kind": "customer", "result": "lost", "reason": "absent"}
    ],
    "riskReasons": [],
    "why": "The order came without a click id.",
    "facts": {"click": {"sent": "absent"}}
  },
  "reasons": [
    {"kind": "click", "sentence": "The order came without a click id."},
    {"kind": "coupon", "sentence": "The order came without a coupon."},
    {"kind": "customer", "sentence": "The order came without a customer id."}
  ],
  "decision": null,
  "commission": null,
  "amount": null,
  "timeline": [
    {
      "at": "2026-06-14T03:45:01.204Z",
      "type": "conversion.unattributed",
      "from": null,
      "to": null,
      "amount": null,
      "netAmount": null,
      "reason": null
    }
  ],
  "facts": [
    {
      "eventId": "osevt_1vr5jxs0wte0w0000000000002",
      "status": "confirmed",
      "statusUpdatedAt": "2026-06-14T04:00:00Z",
      "receivedAt": "2026-06-14T04:00:00.310Z",
      "refundedAmount": null,
      "items": [],
      "reason": null,
      "outcome": "Recorded confirmed; the conversion has no commission."
    }
  ],
  "next": {
    "sentence": "Nobody earns this order yet: it waits in the review queue. The order came without a click id."
  }
}"#;
