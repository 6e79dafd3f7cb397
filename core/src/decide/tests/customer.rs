//! Customers and contacts: I-12, I-14, I-22.

use serde_json::{Value, json};

use crate::decide::testing::World;
use crate::event::{Body, Section};

fn register() -> Value {
    json!({ "command": "register_customer", "kind": "company", "source": "phone",
        "details": { "name": "乙公司" } })
}

#[test]
fn a_customer_is_registered_once_and_before_anything_else() {
    let mut world = World::empty();
    let mut nameless = register();
    nameless["details"] = json!({ "city": "上海" });
    world.refused(nameless, "name_missing");
    let contact = json!({ "command": "add_contact", "identity": { "name": "王丽" } });
    world.refused(contact, "customer_not_registered");
    let mut early = register();
    early["effective_at"] = json!("2024-03-21T00:00:00+08:00");
    world.refused(early, "instant_in_future");
    let mut tonight = register();
    tonight["effective_at"] = json!("2024-03-20T23:59:59+08:00");
    world.given(&[tonight]);
    let rejection = world.refused(register(), "customer_already_registered");
    assert_eq!(rejection.rule(), Some("I-12"));
}

#[test]
fn details_go_to_their_class_and_old_values_are_filled_in() {
    let mut world = World::with_customer();
    let change = json!({ "command": "change_customer_details",
        "set": { "city": "苏州", "name": "甲集团", "phone": "021", "bank_account": "6222" },
        "expected": { "name": "甲公司" } });
    let bodies = world.ask(change).expect("accepted");
    let Some(Body::CustomerDetailsChanged(changed)) = bodies.first() else { panic!("a change") };
    let city = changed.details.public.first().expect("the city");
    assert_eq!(city.old.as_ref().map(|old| old.as_str()), Some("上海"));
    let marks: Vec<_> = changed
        .details
        .marks
        .iter()
        .map(|change| (change.field.as_str(), change.old.is_some(), change.new.is_some()))
        .collect();
    assert_eq!(marks, [("name", true, true), ("phone", false, true)], "the account is unchanged");
    assert!(matches!(changed.details.identity, Some(Section::Sealed(_))));
    assert!(changed.details.financial.is_none());
}

#[test]
fn a_change_starts_from_what_is_known_and_changes_something() {
    let mut world = World::with_customer();
    let change = |set: Value, expected: Value| json!({ "command": "change_customer_details", "set": set, "expected": expected });
    for (set, expected, code) in [
        (json!({ "city": "苏州" }), json!({ "city": "北京" }), "detail_stale"),
        (json!({ "city": "苏州" }), json!({ "city": null }), "detail_stale"),
        (json!({ "name": "甲集团" }), json!({ "name": "乙" }), "detail_stale"),
        (json!({ "city": "上海", "name": "甲公司" }), json!({}), "nothing_changes"),
        (json!({ "province": null }), json!({}), "nothing_changes"),
        (json!({}), json!({}), "nothing_changes"),
        (json!({ "name": null }), json!({}), "name_missing"),
    ] {
        world.refused(change(set, expected), code);
    }
    world.given(&[change(json!({ "city": null }), json!({ "city": "上海", "province": null }))]);
    world.given(&[change(json!({ "city": "上海" }), json!({ "city": null }))]);
}

#[test]
fn one_contact_is_the_main_one() {
    let mut world = World::with_customer();
    let contact = |main: bool| json!({ "command": "add_contact", "main": main, "identity": { "name": "李强" } });
    let rejection = world.refused(contact(true), "main_contact_taken");
    assert_eq!(rejection.to_string(), "contact P-1 is already the main contact");
    world.given(&[contact(false)]);
}

#[test]
fn phones_are_brought_into_international_form() {
    for (phone, expected) in [
        ("138 0000-0000", Some("+8613800000000")),
        ("(010) 1234-5678", Some("+861012345678")),
        ("+44 (0)20 7946 0000", Some("+442079460000")),
        ("0049 30 123456", Some("+4930123456")),
        ("＋８６ １３８００００００００", Some("+8613800000000")),
        ("call me", None),
        ("+1", None),
        ("+1234567890123456", None),
        ("12345 ext 6", None),
    ] {
        let mut world = World::with_customer();
        let request = json!({ "command": "add_contact",
            "identity": { "name": "李强", "phones": ["+8610000000", phone] } });
        let code: crate::decide::Request = serde_json::from_value(request.clone()).expect("one");
        let crate::decide::Command::AddContact(mut contact) = code.command else { panic!("one") };
        let numbers = crate::decide::testing::SeriesAt(1);
        let context = crate::decide::Context {
            now: world.now,
            effective_at: world.now,
            book: &world.book,
            actor: &world.actor,
            reason: None,
            marks: &crate::decide::testing::PlainMarks,
            numbers: &numbers,
        };
        let mut delta = crate::decide::state::Delta::default();
        let draft = crate::decide::Draft::new(&world.state, &mut delta);
        let completed = crate::decide::Decide::complete(&mut contact, &context, &draft);
        let Some(expected) = expected else {
            let rejection = world.refused(request, "phone_unreadable");
            assert!(rejection.to_string().contains("number 2"), "{rejection}");
            assert!(!rejection.to_string().contains(phone), "no personal content");
            continue;
        };
        completed.expect(phone);
        let Section::Open(identity) = &contact.identity else { panic!("open") };
        assert_eq!(identity.phones.get(1).map(|line| line.as_str()), Some(expected));
    }
}
