//! Black box: everything through the real edge, on one World that all modules share.

mod click;
mod click_class;
mod click_destination;
mod click_record;
mod click_ways;
mod links_pause;
mod script;

mod debugger;
mod error_table;
mod key_rotation;
mod keys;
mod order_of_checks;
mod refusals;
mod request_log;
mod routes;
mod signatures;

mod batch;
mod crowd;
mod duplicates;
mod fields;
mod idempotency;
mod order_status_fields;

mod affiliate_webhooks;
mod campaigns;
mod event_reads;
mod links_api;
mod products;
mod reconcile;
mod simulator;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhook_events;
mod webhooks_in;
mod webhooks_in_shops;
mod writes;

mod curl;
mod examples;

mod any_order;
mod attribution;
mod bad_input;
mod books;
mod decisions;
mod isolation;
mod missing_status;
mod notices;
mod parking;
mod payout_paper;
mod payouts;
mod pricing;
mod reads;
mod refunds;
mod review;
mod snippets;
mod story;
mod worlds;

mod configuration;
mod operators;
