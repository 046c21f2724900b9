//! One file per thing that happens. The only room that opens a transaction.

pub mod actor;
pub mod affiliate_webhook_endpoint;
pub mod approved_domain;
pub mod assign_coupon;

pub mod change_campaign;
pub mod create_campaign;
pub mod create_key;
pub mod create_link;
pub mod hold_key;
pub mod limit_key;
pub mod open_account;
pub mod open_affiliate;
pub mod open_merchant;
pub mod preview_rule;
pub mod rotate_key;
pub mod seed_demo;
pub mod set_attribution;
pub mod set_payout_method;
pub mod set_risk;
pub mod set_rule;
pub mod set_state;
pub mod set_super_admin;
pub mod simulate;
pub mod upsert_product;
pub mod write_resource;

pub mod delete_product;
pub mod put_products;
pub mod reconcile;
pub mod webhook;
pub mod webhook_endpoint;
pub mod write_payout_files;

pub mod directory_rows;
pub mod poke_objects;
pub mod push_directory;

pub mod accept_events;
pub mod decide_review;
mod late_clicks;
mod record_calls;
pub mod record_clicks;
pub mod recover;
mod stream;

pub mod decide_risk;
pub mod enter_money;
pub mod payout;
pub mod post_correction;

pub mod assume_delivered;
pub mod release_holds;
pub mod resume_parked;
pub mod retry_event;
pub mod risk_facts;
pub mod settle_events;
pub mod verify;
mod write_steps;
