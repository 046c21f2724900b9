//! This isolate's links: fresh, or stale while one refresh runs. Rules: EDGE §7.

use super::{Call, directory};
use crate::config::Config;
use crate::gate::cache::{
    Bounded, DIRECTORY_REST_MS, LinkUse, MISSING_FRESH_MS, REFRESH_LOST_MS, link_use,
};
use crate::objects::directory::Lookup;
use shared::directory::{Entry, LinkEntry, link_name};
use std::cell::RefCell;
use std::rc::Rc;
use worker::{Env, console_error};

/// Links an isolate holds at most, missing ones included.
const LINKS_MAX: usize = 10_000;

struct Cached {
    link: Option<Rc<LinkEntry>>,
    /// When the Directory was asked for what is here.
    asked_at_ms: i64,
    /// When the refresh under way began.
    refresh_began_ms: Option<i64>,
    /// Until then the Directory is left alone, because it did not answer.
    rests_until_ms: i64,
}

thread_local! {
    static LINKS: RefCell<Bounded<String, Cached>> = RefCell::new(Bounded::new(LINKS_MAX));
}

/// A link, or why there is none.
pub(super) enum Found {
    Link(Rc<LinkEntry>),
    Missing,
    Unknown,
}

enum Peek {
    Use(Rc<LinkEntry>),
    UseAndRefresh(Rc<LinkEntry>),
    Missing,
    Ask { stale: Option<Rc<LinkEntry>> },
}

/// Finds a link. Without an await when it is cached and at most 4 s old.
pub(super) async fn find(call: &Call, code: &str) -> Found {
    let stale = match peek(code, call.now_ms) {
        Peek::Use(link) => return Found::Link(link),
        Peek::Missing => return Found::Missing,
        Peek::UseAndRefresh(link) => {
            let (env, config) = (call.env.clone(), Rc::clone(&call.config));
            let (code, now_ms) = (code.to_owned(), call.now_ms);
            call.context.wait_until(async move {
                // An answer that gives none leaves the link as it is, to grow older.
                let _ = ask(&env, &config, &code, now_ms).await;
            });
            return Found::Link(link);
        }
        Peek::Ask { stale } => stale,
    };
    match ask(&call.env, &call.config, code, call.now_ms).await {
        Answer::Link(link) => return Found::Link(link),
        Answer::Missing => return Found::Missing,
        Answer::NoSnapshot => {
            let name = link_name(code);
            directory::plead(&call.context, &call.config, &name, call.now_ms);
        }
        Answer::None => {}
    }
    rest(code, call.now_ms);
    stale.map_or(Found::Unknown, Found::Link)
}

/// A link that can be used as it is: cached, and nothing is to be asked.
pub(super) fn find_fresh(code: &str, now_ms: i64) -> Option<Rc<LinkEntry>> {
    LINKS.with_borrow_mut(|links| {
        let cached = links.get_mut(code)?;
        let is_fresh = link_use(now_ms - cached.asked_at_ms) == LinkUse::Fresh;
        cached.link.clone().filter(|_| is_fresh)
    })
}

fn peek(code: &str, now_ms: i64) -> Peek {
    LINKS.with_borrow_mut(|links| {
        let Some(cached) = links.get_mut(code) else {
            return Peek::Ask { stale: None };
        };
        let age_ms = now_ms - cached.asked_at_ms;
        let Some(link) = cached.link.clone() else {
            return if age_ms < MISSING_FRESH_MS {
                Peek::Missing
            } else {
                Peek::Ask { stale: None }
            };
        };
        match link_use(age_ms) {
            LinkUse::Fresh => Peek::Use(link),
            LinkUse::Stale => {
                let began_ms = cached.refresh_began_ms;
                if began_ms.is_some_and(|began_ms| now_ms - began_ms < REFRESH_LOST_MS) {
                    return Peek::Use(link);
                }
                cached.refresh_began_ms = Some(now_ms);
                Peek::UseAndRefresh(link)
            }
            LinkUse::Expired if now_ms < cached.rests_until_ms => Peek::Use(link),
            LinkUse::Expired => Peek::Ask { stale: Some(link) },
            LinkUse::Lost => Peek::Ask { stale: None },
        }
    })
}

enum Answer {
    Link(Rc<LinkEntry>),
    Missing,
    NoSnapshot,
    None,
}

async fn ask(env: &Env, config: &Config, code: &str, now_ms: i64) -> Answer {
    let looked_up = directory::look_up(env, config, &link_name(code)).await;
    let link = match looked_up {
        Ok(Lookup::Found(Entry::Link(link))) => Some(Rc::new(link)),
        Ok(Lookup::Found(_) | Lookup::Missing) => None,
        Ok(Lookup::NoSnapshot) => return Answer::NoSnapshot,
        Err(cause) => {
            console_error!("The Directory gave no answer about a link: {cause}");
            return Answer::None;
        }
    };
    let cached = Cached {
        link: link.clone(),
        asked_at_ms: now_ms,
        refresh_began_ms: None,
        rests_until_ms: 0,
    };
    LINKS.with_borrow_mut(|links| links.insert(code.to_owned(), cached));
    link.map_or(Answer::Missing, Answer::Link)
}

fn rest(code: &str, now_ms: i64) {
    LINKS.with_borrow_mut(|links| {
        if let Some(cached) = links.get_mut(code) {
            cached.rests_until_ms = now_ms + DIRECTORY_REST_MS;
        }
    });
}
