//! The edge's clock: worker's, with the configured offset. Read once per request.

use crate::config::Config;
use worker::js_sys::Date;

/// Unix milliseconds now.
pub fn now_ms(config: &Config) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
    let real = Date::now() as i64;
    real.saturating_add(config.clock_offset_ms)
}
