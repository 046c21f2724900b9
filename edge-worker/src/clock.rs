//! The edge's clock: worker's, with the configured offset. Read once per request.

use crate::config::Config;
use worker::Date;

/// Unix milliseconds now.
pub fn now_ms(config: &Config) -> i64 {
    let real = i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX);
    real.saturating_add(config.clock_offset_ms)
}
