//! The edge of Khata: clicks and signed intake, in a Cloudflare Worker.

mod clock;
mod config;
mod error;
mod gate;
mod http;
mod objects;
mod outbound;
mod random;

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    http::respond(request, env, context).await
}
