//! Tasks and held mail: E19 to E21 (I-26), X31, X32.

use serde_json::{Value, json};

use crate::decide::testing::World;
use crate::event::{Body, Section};

fn plan() -> Value {
    json!({ "command": "plan_task", "due_at": "2024-04-02T09:00:00Z", "assignee": "U-07",
        "text": { "subject": "寄报价" } })
}

fn close(task: &str) -> Value {
    json!({ "command": "close_task", "task": task, "outcome": "done" })
}

#[test]
fn a_task_is_planned_moved_and_ended_once() {
    let mut world = World::with_customer();
    let bodies = world.ask(plan()).expect("accepted");
    let Some(Body::TaskPlanned(planned)) = bodies.first() else { panic!("a task") };
    assert_eq!(planned.task.as_str(), "K-1");
    assert!(matches!(planned.text, Section::Sealed(_)), "what is to be done names people");
    let moved = |to: &str| json!({ "command": "reschedule_task", "task": "K-1", "to": to });
    world.refused(moved("2024-04-02T09:00:00Z"), "task_unmoved");
    let mut stale = moved("2024-04-05T09:00:00Z");
    stale["from"] = json!("2024-04-01T09:00:00Z");
    world.refused(stale, "task_stale");
    let bodies = world.ask(moved("2024-04-05T09:00:00Z")).expect("accepted");
    let Some(Body::TaskRescheduled(rescheduled)) = bodies.first() else { panic!("a change") };
    assert_eq!(rescheduled.from, Some("2024-04-02T09:00:00Z".parse().expect("an instant")));
    world.given(&[close("K-1")]);
    let rejection = world.refused(close("K-1"), "task_closed");
    assert_eq!(rejection.rule(), Some("I-26"));
    world.refused(moved("2024-04-06T09:00:00Z"), "task_closed");
}

#[test]
fn a_task_belongs_to_a_customer_and_names_what_is_there() {
    World::empty().refused(plan(), "customer_not_registered");
    let mut world = World::with_customer();
    world.refused(close("K-9"), "record_unknown");
    let mut about = plan();
    about["about"] = json!({ "opportunity": "O-9" });
    world.refused(about, "record_unknown");
    world.given(&[plan()]);
    let mut done = close("K-1");
    done["interaction"] = json!("I-9");
    world.refused(done, "record_unknown");
    let mut again = plan();
    again["task"] = json!("K-1");
    world.refused(again, "record_taken");
}

#[test]
fn a_void_of_the_end_opens_the_task_again() {
    let mut world = World::with_customer();
    world.given(&[plan(), close("K-1")]);
    let event = World::id(world.history.len() - 1);
    world.given(&[json!({ "command": "void_event", "event": event, "reason": "not yet" })]);
    world.given(&[close("K-1")]);
}

fn hold() -> Value {
    json!({ "command": "hold_mail", "mail": "M-1", "direction": "in", "held_because": "unknown",
        "size_bytes": 400, "content": { "subject": "你好" } })
}

fn assign(customer: &str) -> Value {
    json!({ "command": "assign_mail", "mail": "M-1", "outcome": "assigned", "assigned_to": customer,
        "interaction": "M-1" })
}

fn dismiss() -> Value {
    json!({ "command": "assign_mail", "mail": "M-1", "outcome": "dismissed", "reason": "spam" })
}

#[test]
fn a_message_is_held_once_and_then_belongs_to_somebody() {
    let mut world = World::empty();
    world.refused(assign("C-1"), "mail_unknown");
    world.given(&[hold()]);
    world.refused(hold(), "record_taken");
    let mut nobody = assign("C-1");
    nobody["assigned_to"] = Value::Null;
    world.refused(nobody, "mail_outcome_unfit");
    world.given(&[assign("C-1")]);
    world.refused(assign("C-1"), "mail_settled");
    world.refused(dismiss(), "mail_settled");
}

#[test]
fn a_mistake_with_a_message_can_be_mended_and_says_why() {
    let mut world = World::empty();
    world.given(&[hold()]);
    let mut mute = dismiss();
    mute["reason"] = Value::Null;
    world.refused(mute, "reason_missing");
    let mut whose = dismiss();
    whose["assigned_to"] = json!("C-1");
    world.refused(whose, "mail_outcome_unfit");
    world.given(&[dismiss()]);
    world.refused(dismiss(), "mail_settled");
    world.given(&[assign("C-1")]);
    world.refused(assign("C-2"), "reason_missing");
    let mut mended = assign("C-2");
    mended["reason"] = json!("the other branch");
    world.given(&[mended]);
}

#[test]
fn only_an_e_mail_carries_a_message() {
    let mut world = World::with_customer();
    let mut interaction = json!({ "command": "record_interaction", "channel": "phone",
        "direction": "in", "started_at": "2024-03-01T00:00:00Z", "contacts": ["P-1"],
        "mail": { "mail": "M-1", "thread": "TH-1", "content": { "subject": "你好" } } });
    world.refused(interaction.clone(), "mail_misplaced");
    interaction["channel"] = json!("email");
    world.given(&[interaction]);
}
