//! A panic on demand, for the test that panics elsewhere and then clicks (EDGE §14).
//!
//! **Invariant:** without `EDGE_MODE=dev` there is nothing here: the answer is the 404 of any
//! path that does not exist, given before anything of the call is read. In dev, too, only
//! settlement's signature panics.

use super::Call;
use super::answer::Answer;
use super::hop::INTAKE_BINDING;
use super::internal::{self, POKE_BYTES_MAX};
use crate::bridge;
use crate::config::Mode;
use crate::error::unavailable;
use crate::objects::PANIC_PATH;
use shared::internal::parse_intake_name;
use shared::problem::{Code, Problem};
use std::iter;

/// Panics: in the intake object that the body names, or here when it names none.
pub(super) async fn panic_on_demand(call: &Call) -> Result<Answer, Problem> {
    if call.config.mode != Mode::Dev {
        return Err(Problem::new(Code::NotFound, "there is nothing here"));
    }
    let name = internal::proven_body(call, POKE_BYTES_MAX).await?;
    assert!(parse_intake_name(&name).is_some(), "a panic was asked for, in the Worker");
    match bridge::hop(&call.env, INTAKE_BINDING, &name, PANIC_PATH, iter::empty(), "").await {
        Ok((status, _)) => Ok(Answer::json(status, "{}")),
        Err(cause) => Err(unavailable("An object panicked as it was asked to", &cause)),
    }
}
