//! Merges as the merged customer sees them: E12 (I-18, I-19). The survivor's side and the undoing, which
//! touch two streams, are shown over the interface.

use serde_json::{Value, json};

use crate::decide::testing::World;

fn merge(survivor: &str) -> Value {
    json!({ "command": "merge_customer", "survivor": survivor, "merged": "C-1" })
}

#[test]
fn what_is_new_is_recorded_with_the_survivor_and_what_was_begun_goes_on() {
    let mut world = World::with_customer();
    let call = json!({ "command": "record_interaction", "channel": "phone", "direction": "in",
        "started_at": "2024-03-19T01:00:00Z", "contacts": ["P-1"] });
    let task = json!({ "command": "plan_task", "due_at": "2024-04-02T09:00:00Z",
        "text": { "subject": "寄报价" } });
    world.given(&[call.clone(), task, merge("C-2")]);
    assert_eq!(world.state.profile.merged_into.as_ref().map(|code| code.as_str()), Some("C-2"));
    let rejection = world.refused(call, "customer_merged");
    assert_eq!(rejection.rule(), Some("I-19"));
    assert_eq!(
        rejection.to_string(),
        "the customer is merged into C-2; what is new is recorded there"
    );
    world.given(&[json!({ "command": "close_task", "task": "K-1", "outcome": "done" })]);
}

#[test]
fn merges_form_no_circle() {
    let mut world = World::with_customer();
    world.refused(merge("C-1"), "merged_into_itself");
    world.given(&[merge("C-2")]);
    let rejection = world.refused(merge("C-3"), "already_merged");
    assert_eq!(rejection.rule(), Some("I-18"));
    let mut half = merge("C-2");
    half["side"] = json!("survivor");
    world.refused(half, "half_of_pair");
}
