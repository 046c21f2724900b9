//! The edge of Khata: clicks and signed intake, in a Cloudflare Worker.

mod bridge;
mod clock;
mod config;
mod error;
mod gate;
mod http;
mod objects;
mod outbound;
mod random;

#[cfg(not(target_arch = "wasm32"))]
pub use http::methods_of;

use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    http::respond(request, env, context).await
}
