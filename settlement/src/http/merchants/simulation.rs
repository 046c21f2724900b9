//! `…/simulation/story` and `…/simulation/report`: the edge asks for a story's events, takes them
//! in, and asks what became of them. Merchants know both as `POST /api/v1/test/simulate`.

use super::{Place, events, explain};
use crate::app::App;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::flows::payout::sandbox::{self, Played};
use crate::flows::settle_events::Progress;
use crate::flows::{release_holds, simulate};
use crate::wire::event::Event;
use crate::wire::explain::Explanation;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::id::Environment;
use shared::relay::{Story, StoryAbout, StoryPlayed, StoryWanted};
use shared::validate;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a report waits for the story's last outcome.
const WAIT: Duration = Duration::from_secs(5);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// Releases a report does itself at most; the job does the rest.
const RELEASES_MAX: usize = 20;

/// A story that was played, and what became of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(flatten)]
    about: StoryAbout,
    /// Whether this very story was played before: nothing happened now.
    duplicate: bool,
    events: Vec<Event>,
    explain: Explanation,
}

pub(super) async fn story(
    State(app): State<Arc<App>>,
    place: Place,
    body: Bytes,
) -> Result<Json<Story>, Fault> {
    if place.environment != Environment::Test {
        return Err(Fault::PermissionDenied("stories are played in test alone".to_owned()));
    }
    let wanted: StoryWanted = read(&body)?;
    let story = validate::simulation(wanted.body.as_bytes())
        .map_err(|faults| Fault::Invalid(faults.into_messages()))?;
    let scope = Scope { environment: place.environment, merchant: place.merchant };
    let (pool, intake, keys) = (&app.pool, &app.intake, &app.click_keys);
    let (clicked_at, now) = (wanted.now_seconds, Timestamp::now());
    let story = simulate::prepare(pool, intake, keys, scope, story, clicked_at, now).await?;
    app.wakes.push.notify_one();
    Ok(Json(story))
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    place: Place,
    body: Bytes,
) -> Result<Json<Report>, Fault> {
    let played: StoryPlayed = read(&body)?;
    let until = Instant::now() + WAIT;
    let ids: Vec<&str> = played.taken.results.iter().map(|one| one.event_id.as_str()).collect();
    for id in &ids {
        while events::find(&app, &place, id).await?.is_none_or(|row| row.state == "received") {
            if Instant::now() >= until {
                return Err(Fault::NotSettledYet);
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }
    // The story's clock may have passed the end of its return window: it need not wait for the job.
    for _ in 0..RELEASES_MAX {
        if release_holds::run_once(&app.pool, Timestamp::now()).await? == Progress::Idle {
            break;
        }
    }
    // The same holds for an instant of the payout schedule, once the last event is drained.
    let (pool, schedule) = (&app.pool, &app.payout_schedule);
    while sandbox::run_due(pool, schedule, place.merchant, Timestamp::now()).await?
        == Played::NotYet
        && Instant::now() < until
    {
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
    let mut shown = Vec::with_capacity(ids.len());
    for id in &ids {
        shown.extend(events::find(&app, &place, id).await?.map(events::shown));
    }
    let place = Place { id: played.about.conversion_id.clone(), ..place };
    let explained = loop {
        match explain::of(&app, &place).await {
            // Another call tells this very story just now.
            Err(Fault::NotFound(_)) if Instant::now() < until => {
                tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            }
            other => break other?,
        }
    };
    Ok(Json(Report {
        explain: explained,
        duplicate: ids.is_empty(),
        about: played.about,
        events: shown,
    }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|_| Fault::BatchRefused("a call about a story is unreadable".to_owned()))
}
