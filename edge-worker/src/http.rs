//! Requests from outside: routed, answered, and every answer named by its request id.

mod answer;
mod authenticate;
mod batch;
mod body;
mod click;
mod directory;
mod fast_click;
mod forced_panic;
mod hop;
mod intake;
mod internal;
mod keys;
mod lane;
mod links;
mod page;
mod reads;
mod reference;
mod request_log;
mod route;
mod script;
mod settlement;
mod signature_debugger;
mod simulate;
mod webhook;
mod writes;

use crate::bridge::Head;
use crate::config::{self, Config};
use crate::gate::request_id;
use crate::{clock, random};
use answer::Answer;
use request_log::Signer;
use route::{Miss, Route};
use shared::problem::{Code, Problem};
use std::rc::Rc;
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result, console_log};

/// The methods a path takes, `HEAD` left out since it goes with `GET`: for those who describe the
/// API or check that it is described.
#[cfg(not(target_arch = "wasm32"))]
pub fn methods_of(path: &str) -> Vec<&'static str> {
    let methods = ["DELETE", "GET", "PATCH", "POST", "PUT"];
    methods.into_iter().filter(|method| route::find(method, path).is_ok()).collect()
}

/// One request and everything that belongs to it.
struct Call {
    request: Request,
    head: Head,
    request_id: String,
    /// The edge's clock when the request came.
    now_ms: i64,
    config: Rc<Config>,
    env: Env,
    context: Context,
    signer: request_log::Signer,
}

impl Call {
    /// A header by its lowercase name, `None` when absent.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    fn method(&self) -> &str {
        &self.head.method
    }

    /// Path and query exactly as sent.
    fn path_and_query(&self) -> &str {
        path_and_query(&self.head.url)
    }

    fn now_seconds(&self) -> i64 {
        self.now_ms.div_euclid(1_000)
    }

    fn path(&self) -> &str {
        let path_and_query = self.path_and_query();
        path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path)
    }

    fn query(&self) -> &str {
        self.path_and_query().split_once('?').map_or("", |(_, query)| query)
    }
}

/// Answers any request.
pub async fn respond(request: Request, env: Env, context: Context) -> Result<Response> {
    let head = Head::of(&request);
    let sent_id = head.header("x-request-id").map(str::to_owned);
    let request_id = request_id::choose(sent_id, random::bytes);
    let Ok(config) = config::load(&env) else {
        // The one message that says what is wrong is in the log, not here.
        let problem = Problem::new(Code::Unavailable, "temporarily unavailable");
        return Answer::problem(&problem, &request_id).into_response(&head.method, &request_id);
    };
    let now_ms = clock::now_ms(&config);
    let call =
        Call { request, head, request_id, now_ms, config, env, context, signer: Signer::default() };
    let answer = dispatch(&call).await;
    answer.into_response(call.method(), &call.request_id)
}

async fn dispatch(call: &Call) -> Answer {
    let method = call.method();
    let route = match route::find(method, call.path()) {
        Ok(route) => route,
        Err(miss) => return missed(&miss, &call.request_id),
    };
    let outcome = match route {
        Route::Click(code) => click::follow(call, code).await,
        Route::MintClick(code) => click::mint(call, code).await,
        Route::Script => Ok(script::answer()),
        Route::Health => Ok(Answer::json(200, r#"{"status":"ok"}"#)),
        Route::Intake(kind) => intake::accept(call, kind).await,
        Route::Batch(kind) => batch::accept(call, kind).await,
        Route::Webhook => webhook::accept(call).await,
        Route::ShopWebhook { source, key_id } => webhook::accept_shop(call, source, key_id).await,
        Route::Simulate => simulate::play(call).await,
        Route::SignatureDebugger => signature_debugger::show(call).await,
        Route::Read { tail, event_id } => reads::read(call, tail, event_id).await,
        Route::Describe(which) => reference::show(call, which).await,
        Route::Write { tail, bytes_max } => writes::write(call, tail, bytes_max).await,
        Route::PushDirectory => internal::push_directory(call).await,
        Route::Poke => internal::poke(call).await,
        Route::ForcePanic => forced_panic::panic_on_demand(call).await,
    };
    // A line for each order taken would cost more than taking it; the order itself is on record.
    let answer = outcome.unwrap_or_else(|problem| {
        if route.is_logged() {
            console_log!(
                "Refused a call: method={method} route={} status={} code={} request_id={}",
                route.name(),
                problem.status(),
                problem.code.log_code(),
                call.request_id
            );
        }
        Answer::problem(&problem, &call.request_id)
    });
    request_log::take(call, &answer);
    answer
}

fn missed(miss: &Miss, request_id: &str) -> Answer {
    let problem = match miss {
        Miss::NotFound => Problem::new(Code::NotFound, "there is nothing here"),
        Miss::Versionless(path) => {
            let sentence = format!("there is nothing here; did you mean /api{path}?");
            Problem::new(Code::NotFound, sentence)
        }
        Miss::WrongMethod { allow } => {
            let sentence = format!("this route takes {allow}");
            let problem = Problem::new(Code::MethodNotAllowed, sentence);
            return Answer::problem(&problem, request_id).with("allow", *allow);
        }
    };
    Answer::problem(&problem, request_id)
}

/// Path and query of a URL, exactly as sent: a parsed URL would spell some characters anew, and
/// they are signed as sent.
fn path_and_query(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    url[after_scheme..].find('/').map_or("/", |at| &url[after_scheme + at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_taken_as_sent() {
        for (url, expected) in [
            ("http://host/a?b='é", "/a?b='é"),
            ("https://host:1/", "/"),
            ("https://host", "/"),
            ("http://host/x://y", "/x://y"),
        ] {
            assert_eq!(path_and_query(url), expected);
        }
    }
}
