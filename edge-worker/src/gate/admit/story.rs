//! A story of the sandbox decided as a whole: told once, its events a millisecond apart.

use super::list::{ListAdmission, Place, Plan, Planned};
use super::{Known, answer};
use crate::gate::hop::NewEvent;
use shared::id::EventId;

/// What is to be done with a story that may enter. One of which an event is known was told before,
/// and is not told again in part. The answer waits for the next full second, so that every later
/// click counts from after the story's moves of the clock.
pub fn recognise_story<'a>(
    story: &'a [NewEvent],
    known: &Known,
    place: Place,
    now_ms: i64,
) -> ListAdmission<'a> {
    if !known.by_content.is_empty() || story.is_empty() {
        return ListAdmission::NothingNew(r#"{"results":[]}"#.to_owned());
    }
    let places = place.next_seq..;
    let results: Vec<String> = story
        .iter()
        .zip(places)
        .map(|(event, seq)| answer::received(EventId { kind: event.kind, epoch: place.epoch, seq }))
        .collect();
    let events: Vec<Planned<'a>> = story
        .iter()
        .zip(now_ms..)
        .map(|(event, received_at_ms)| Planned { event, received_at_ms })
        .collect();
    let last_ms = events.last().map_or(now_ms, |last| last.received_at_ms);
    ListAdmission::Accept(Plan {
        answer: format!(r#"{{"results":[{}]}}"#, results.join(",")),
        not_before_ms: Some((last_ms.div_euclid(1_000) + 1) * 1_000),
        events,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use shared::id::EventKind;

    const PLACE: Place = Place { epoch: 1, next_seq: 7 };

    fn event(kind: EventKind, content: Option<&str>) -> NewEvent {
        let body = RawValue::from_string("{}".to_owned()).expect("an object");
        NewEvent { kind, body, content: content.map(str::to_owned), conversion_id: None }
    }

    #[test]
    fn a_story_is_told_in_milliseconds_and_answered_when_its_second_is_over() {
        let story =
            [event(EventKind::Conversion, Some("c:A")), event(EventKind::ClockAdvance, None)];
        let told = recognise_story(&story, &Known::default(), PLACE, 5_999);
        let ListAdmission::Accept(plan) = told else { panic!("it is new") };
        let at: Vec<_> = plan.events.iter().map(|event| event.received_at_ms).collect();
        assert_eq!((at, plan.not_before_ms), (vec![5_999, 6_000], Some(7_000)));
        assert_eq!(plan.answer.matches("RECEIVED").count(), 2);
    }

    #[test]
    fn a_story_is_told_once() {
        let story = [event(EventKind::Conversion, Some("c:A"))];
        let mut known = Known::default();
        let first = EventId { kind: EventKind::Conversion, epoch: 1, seq: 1 };
        known.by_content.insert("c:A".to_owned(), first);
        let told = recognise_story(&story, &known, PLACE, 0);
        assert!(matches!(told, ListAdmission::NothingNew(_)));
    }
}
