//! Interactions, complaints and surveys: I-23, I-24, E53 to E60.

use serde_json::{Value, json};

use crate::decide::interaction::Interaction;
use crate::decide::testing::{World, at, cny};
use crate::event::Body;

fn call(more: Value) -> Value {
    let mut request = json!({ "command": "record_interaction", "channel": "phone",
        "direction": "in", "started_at": "2024-03-20T01:00:00Z", "contacts": ["P-1"] });
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

#[test]
fn an_interaction_has_a_past_an_end_and_somebody_on_the_other_side() {
    let mut world = World::with_customer();
    for (more, code) in [
        (json!({ "started_at": "2024-03-20T16:00:00Z" }), "instant_in_future"),
        (json!({ "ended_at": "2024-03-20T00:59:59Z" }), "end_before_start"),
        (json!({ "contacts": [] }), "participant_missing"),
        (json!({ "contacts": ["P-9"] }), "record_unknown"),
        (json!({ "about": { "opportunity": "O-9" } }), "record_unknown"),
        (json!({ "about": { "contract": "HT-9" } }), "record_unknown"),
        (json!({ "about": { "complaint": "T-9" } }), "record_unknown"),
        (json!({ "cost": cny(-1) }), "amount_negative"),
    ] {
        world.refused(call(more), code);
    }
    world.given(&[
        call(json!({})),
        call(json!({ "contacts": [], "unknown_caller": true })),
        call(json!({ "contacts": [], "channel": "internal_note" })),
    ]);
}

#[test]
fn an_interaction_that_does_not_say_when_began_when_it_was_so() {
    let mut world = World::with_customer();
    let began = |world: &mut World, effective_at: Option<&str>| {
        let mut request = call(json!({ "effective_at": effective_at }));
        request.as_object_mut().expect("an object").remove("started_at");
        let recorded = world.ask(request).expect("taken");
        let Some(Body::InteractionRecorded(recorded)) = recorded.first() else {
            panic!("{recorded:?}");
        };
        recorded.started_at
    };
    let before = "2024-03-19T01:00:00Z";
    assert_eq!(began(&mut world, Some(before)), at(before));
    let now = world.now;
    assert_eq!(began(&mut world, None), now);
}

#[test]
fn a_void_interaction_stays_with_its_mark() {
    let mut world = World::with_customer();
    world.given(&[call(json!({})), call(json!({}))]);
    let void = |replaced_by: Option<&str>, reason: Option<&str>| {
        json!({ "command": "void_interaction", "interaction": "I-1",
            "replaced_by": replaced_by, "reason": reason })
    };
    world.refused(void(None, None), "reason_missing");
    world.refused(void(Some("I-1"), Some("twice")), "replaced_by_itself");
    world.refused(void(Some("I-9"), Some("twice")), "record_unknown");
    world.given(&[void(Some("I-2"), Some("twice"))]);
    assert!(world.get::<Interaction>("I-1").voided);
    world.refused(void(None, Some("again")), "interaction_voided");
}

fn complaint(severity: &str) -> Value {
    json!({ "command": "receive_complaint", "kind": "complaint", "channel": "phone",
        "subject": "quality", "severity": severity,
        "received_at": "2024-03-15T09:30:00Z" })
}

#[test]
fn time_limits_are_frozen_in_working_minutes() {
    // 2024-03-15 17:30 in Shanghai is a Friday: half an hour of work is left.
    let mut world = World::with_customer();
    let bodies = world.ask(complaint("severe")).expect("accepted");
    let Some(Body::ComplaintReceived(received)) = bodies.first() else { panic!("a complaint") };
    assert_eq!(received.service_levels_version, 1);
    assert_eq!(received.first_response_due_at, Some(at("2024-03-18T09:30:00+08:00")));
    assert_eq!(received.resolution_due_at, Some(at("2024-03-19T17:30:00+08:00")));
    let with = |name: &str, value: Value| {
        let mut request = complaint("low");
        request[name] = value;
        request
    };
    world.refused(with("received_at", json!("2024-03-21T09:30:00Z")), "instant_in_future");
    world.refused(with("resolution_due_at", json!("2024-03-15T09:29:00Z")), "instant_order");
    world.refused(with("service_levels_version", json!(4)), "policy_version_unknown");
    world.refused(with("contact", json!("P-9")), "record_unknown");
    world.refused(with("contract", json!("HT-9")), "record_unknown");
}

fn step(command: &str, at: &str, more: Value) -> Value {
    let mut request = json!({ "command": command, "complaint": "T-1", "at": at });
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

fn acknowledge(by: &str, human: bool) -> Value {
    let more = json!({ "by": by, "channel": "phone", "human": human });
    step("acknowledge_complaint", "2024-03-18T01:00:00Z", more)
}

fn answer(by: &str) -> Value {
    step("answer_complaint", "2024-03-18T02:00:00Z", json!({ "by": by, "root_cause": "defect" }))
}

fn close(by: &str) -> Value {
    step("close_complaint", "2024-03-19T02:00:00Z", json!({ "agreement": "yes", "closed_by": by }))
}

#[test]
fn a_complaint_is_acknowledged_answered_closed_and_reopened() {
    let mut world = World::with_customer();
    world.given(&[complaint("normal")]);
    let reopen = step("reopen_complaint", "2024-03-19T03:00:00Z", json!({ "reason": "it leaks" }));
    let silent = step("reopen_complaint", "2024-03-19T03:00:00Z", json!({}));
    world.refused(answer("U-1"), "not_acknowledged");
    world.refused(reopen.clone(), "complaint_open");
    let mut early = acknowledge("U-1", true);
    early["at"] = json!("2024-03-15T09:29:00Z");
    world.refused(early, "instant_order");
    world.given(&[acknowledge("robot", false), acknowledge("U-1", true)]);
    world.refused(acknowledge("U-1", true), "already_acknowledged");
    let mut costly = answer("U-1");
    costly["compensation"] = cny(-1);
    world.refused(costly, "amount_negative");
    world.given(&[answer("U-1"), close("U-1")]);
    for request in [acknowledge("U-1", true), answer("U-1"), close("U-1")] {
        world.refused(request, "complaint_closed");
    }
    world.refused(silent, "reason_missing");
    world.given(&[reopen, answer("U-2")]);
    let mut unknown = answer("U-1");
    unknown["complaint"] = json!("T-9");
    world.refused(unknown, "record_unknown");
}

#[test]
fn a_clock_is_paused_and_resumed_in_turn() {
    let mut world = World::with_customer();
    world.given(&[complaint("normal")]);
    let clock =
        |change: &str, at: &str| step("change_complaint_clock", at, json!({ "change": change }));
    world.refused(clock("resume", "2024-03-18T01:00:00Z"), "clock_unchanged");
    world.given(&[clock("pause", "2024-03-18T01:00:00Z")]);
    world.refused(clock("pause", "2024-03-18T02:00:00Z"), "clock_unchanged");
    world.refused(clock("resume", "2024-03-18T00:59:00Z"), "instant_order");
    world.given(&[clock("resume", "2024-03-18T02:00:00Z")]);
}

#[test]
fn a_severe_complaint_is_not_closed_by_its_only_handler() {
    let mut world = World::with_customer();
    world.given(&[complaint("normal")]);
    let assess = |percent: u32| {
        json!({ "command": "assess_complaint", "complaint": "T-1", "severity": "severe",
            "probability_percent": percent })
    };
    world.refused(assess(101), "percent_beyond");
    world.given(&[assess(30), acknowledge("U-1", true), answer("U-1")]);
    world.refused(close("U-1"), "sole_handler_closes");
    world.given(&[close("U-2")]);
}

#[test]
fn survey_answers_keep_to_the_tree_and_the_scale() {
    let mut world = World::with_customer();
    let survey = |invitation: &str, indicator: &str, perception: u8| {
        json!({ "command": "answer_survey", "invitation": invitation, "survey": "yearly",
            "occasion": "yearly", "respondent": "P-1",
            "answers": [{ "indicator": indicator, "perception": perception }] })
    };
    world.refused(survey("V-1", "weather", 3), "indicator_unknown");
    world.refused(survey("V-1", "quality", 0), "mark_beyond_scale");
    world.refused(survey("V-1", "quality", 6), "mark_beyond_scale");
    let mut none = survey("V-1", "quality", 3);
    none["answers"] = json!([]);
    world.refused(none, "field_missing");
    let bodies = world.ask(survey("V-1", "quality", 5)).expect("accepted");
    let Some(Body::SurveyAnswered(answered)) = bodies.first() else { panic!("a survey") };
    assert_eq!(answered.answers.first().map(|answer| answer.weight), Some(40));
    world.refused(survey("V-1", "quality", 5), "invitation_answered");
    world.given(&[survey("V-2", "quality", 1)]);
}
