//! SQL and rows: free functions on a connection. Nothing here decides.

pub mod instant;
pub mod migrations;
pub mod transaction;

pub mod account;
pub mod affiliate;
pub mod affiliate_endpoint;
pub mod affiliate_log;
pub mod api_key;
pub mod attribution_setting;
pub mod campaign;
pub mod coupon;
pub mod demo;
pub mod link;
pub mod merchant;
pub mod missing_status;
pub mod payout_method;
pub mod product;
pub mod rule;
pub mod webhook_body;
pub mod webhook_endpoint;

pub mod directory_row;
pub mod directory_source;

pub mod click;
pub mod edge_gap;
pub mod edge_stream;
pub mod inbox;
pub mod request_log;
pub mod unknown_link;

pub mod commission;
pub mod correction;
pub mod ledger;
pub mod operator_entry;
pub mod order;
pub mod payable_item;
pub mod payout;
pub mod review;
pub mod risk;
pub mod risk_facts;
pub mod settling;
pub mod terms;
pub mod webhook_again;
pub mod webhook_attempt;
pub mod webhook_delivery;
pub mod webhook_due;
pub mod webhook_event;
pub mod webhook_feed;
pub mod webhook_group;
pub mod webhook_lane;
pub mod webhook_lease;

pub mod once;
pub mod payout_file;
pub mod preview;
pub mod read_campaign;
pub mod read_commission;
pub mod read_conversion;
pub mod read_event;
pub mod read_link;
pub mod read_payout;
pub mod reconcile;
pub mod statement;
pub mod verify;
pub mod webhook_read;
