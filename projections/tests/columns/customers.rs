//! The list of customers at any basis.

use daybook_core::position::Position;
use daybook_projections::customers::{CustomerRow, rows};
use daybook_projections::{Basis, View};
use serde_json::json;

use crate::support::code;
use crate::world::{World, date};

/// The row of a customer, with its city in words.
fn row(world: &World, customer: &str, basis: &Basis) -> Option<(CustomerRow, String)> {
    let reader = world.ledger.reader();
    let found = world.views.ask_at_least(reader, View::Customers, basis.before, |state| {
        let code = code(customer);
        let bucket = state.bucket_of(&code).unwrap();
        let row = rows(bucket, basis).into_iter();
        let mut row = row.filter(|row| bucket.customer(row.customer) == Some(&code));
        row.next().map(|row| (row, bucket.text(row.city).to_owned()))
    });
    found.unwrap()
}

fn city(world: &World, as_of: Option<&str>, before: Position) -> String {
    let as_of = as_of.map(|day| date(day).end_in(chrono_tz::Asia::Shanghai));
    row(world, "C-1", &Basis { as_of, before }).unwrap().1
}

#[test]
fn of_two_cities_the_later_in_the_world_counts_however_late_the_earlier_is_told() {
    let world = World::on("2026-01-05");
    world.today("2026-03-10");
    let move_to = |city: &str, day: &str| {
        world.say(
            "C-1",
            json!({ "command": "change_customer_details", "set": { "city": city },
                "effective_at": format!("{day}T04:00:00Z") }),
        )
    };
    move_to("苏州", "2026-03-01");
    let late = move_to("无锡", "2026-02-01");
    let now = world.ledger.reader().head().next;
    assert_eq!(city(&world, None, now), "苏州");
    assert_eq!(city(&world, Some("2026-02-15"), now), "无锡");
    assert_eq!(city(&world, Some("2026-02-15"), late), "", "as it was known");
    let (row, _) = row(&world, "C-1", &Basis { as_of: None, before: now }).unwrap();
    assert_eq!(row.events, 3);
    assert_eq!(row.last_at.to_string(), "2026-03-01T04:00:00Z");
}

#[test]
fn a_customer_of_whom_nothing_counts_is_not_listed_and_was_before() {
    let world = World::on("2026-01-05");
    world.register("C-2");
    let then = world.ledger.reader().head().next;
    let registered = Position(then.0 - 1);
    let event = world.ledger.reader().event(registered).unwrap().unwrap().0.envelope.event_id;
    world.say("C-2", json!({ "command": "void_event", "event": event, "reason": "twice" }));
    let now = world.ledger.reader().head().next;
    let listed = |before| row(&world, "C-2", &Basis { as_of: None, before }).is_some();
    assert!(!listed(now), "its registration is void");
    assert!(listed(then), "what was known then stays");
    assert!(row(&world, "C-1", &Basis { as_of: None, before: now }).is_some());
}
