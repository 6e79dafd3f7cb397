//! Worked figures of receivables.

use daybook_core::event::book::ReceivableRules;
use daybook_projections::engine::{Place, Row};
use daybook_projections::receivables::ageing::By;
use daybook_projections::receivables::control::rows;
use daybook_projections::receivables::dunning::{Held, overdue};
use daybook_projections::receivables::figures::{Late, days_late};
use daybook_projections::receivables::statement::{What, statements};
use serde_json::json;

use crate::support::code;
use crate::world::{World, cny, date};

fn open(world: &World, item: &str, minor: i64, document: &str, due: &str) {
    world.say(
        "C-1",
        json!({ "command": "open_receivable", "item": item, "source": "invoice",
            "document_on": document, "due_on": due, "amount": cny(minor) }),
    );
}

fn receive(world: &World, receipt: &str, minor: i64, on: &str) {
    world.say(
        "C-1",
        json!({ "command": "receive_payment", "receipt": receipt, "amount": cny(minor),
            "value_on": on }),
    );
}

fn apply(world: &World, receipt: &str, item: &str, minor: i64, on: &str) {
    world.say(
        "C-1",
        json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": receipt,
            "method": "explicit", "effective_on": on,
            "lines": [{ "item": item, "amount": cny(minor) }] }),
    );
}

/// A debt, a payment told late, applied later still, and taken back.
fn two_clocks() -> World {
    let world = World::on("2024-01-10");
    open(&world, "A", 100_000, "2024-01-10", "2024-02-09");
    world.today("2024-02-25");
    receive(&world, "P", 60_000, "2024-02-20");
    world.today("2024-03-02");
    apply(&world, "P", "A", 60_000, "2024-02-20");
    world.today("2024-03-05");
    world.say(
        "C-1",
        json!({ "command": "reverse_payment", "receipt": "P", "kind": "wrong_customer",
            "effective_on": "2024-02-20", "reason": "paid by somebody else" }),
    );
    world.today("2024-03-10");
    world
}

#[test]
fn each_of_the_two_clocks_gives_its_own_answer() {
    let world = two_clocks();
    // as of, known at, open, unapplied, days overdue, bucket of 1 to 30 days
    let expected = [
        ("2024-02-09", "2024-02-09", 100_000, 0, 0, 0),
        ("2024-02-24", "2024-02-24", 100_000, 0, 15, 100_000),
        ("2024-02-24", "2024-02-26", 100_000, 60_000, 15, 100_000),
        ("2024-02-28", "2024-02-28", 100_000, 60_000, 19, 100_000),
        ("2024-02-28", "2024-03-03", 40_000, 0, 19, 40_000),
        ("2024-02-28", "2024-03-10", 100_000, 0, 19, 100_000),
    ];
    for (as_of, known_at, open, unapplied, days, bucket) in expected {
        let day = world.day(as_of, known_at);
        let overdue = world.ask("C-1", day, |_, accounts| accounts.items[0].overdue_days(day.on));
        let line = world.ageing("C-1", By::Due, day);
        let actual = (line.open(), line.unapplied, overdue, line.buckets[0]);
        assert_eq!(actual, (open, unapplied, days, bucket), "{as_of} known at {known_at}");
        assert_eq!(line.balance(), open - unapplied);
    }
}

#[test]
fn a_receipt_of_a_later_day_is_expected_and_in_no_sum() {
    let world = World::on("2024-01-10");
    open(&world, "A", 100_000, "2024-01-10", "2024-02-09");
    world.today("2024-02-25");
    receive(&world, "P", 60_000, "2024-02-20");
    let before = world.ageing("C-1", By::Due, world.now_about("2024-02-19"));
    assert_eq!((before.unapplied, before.expected, before.balance()), (0, 60_000, 100_000));
    let after = world.ageing("C-1", By::Due, world.now_about("2024-02-20"));
    assert_eq!((after.unapplied, after.expected, after.balance()), (60_000, 0, 40_000));
    assert_eq!(after.unapplied_buckets[0], 60_000);
}

#[test]
fn a_moved_due_day_ages_by_either() {
    let world = World::on("2024-01-10");
    open(&world, "A", 100_000, "2024-01-10", "2024-02-09");
    world.today("2024-02-20");
    world.say(
        "C-1",
        json!({ "command": "reschedule_receivable", "item": "A", "new_due_on": "2024-04-30",
            "reason": "agreed" }),
    );
    let day = world.now_about("2024-03-20");
    assert_eq!(world.ageing("C-1", By::Due, day).not_due, 100_000);
    assert_eq!(world.ageing("C-1", By::FirstDue, day).buckets, [0, 100_000, 0, 0, 0]);
    assert_eq!(world.ageing("C-1", By::Document, day).buckets, [0, 0, 100_000, 0, 0]);
    let earlier = world.now_about("2024-02-19");
    assert_eq!(world.ageing("C-1", By::Due, earlier).buckets[0], 100_000, "not moved yet");
}

#[test]
fn the_control_tables_add_up_and_the_statement_closes_at_the_balance() {
    let world = World::on("2024-01-10");
    open(&world, "A", 100_000, "2024-01-10", "2024-02-09");
    open(&world, "B", 50_000, "2024-01-10", "2024-03-09");
    world.today("2024-02-25");
    receive(&world, "P", 70_000, "2024-02-20");
    apply(&world, "P", "A", 60_000, "2024-02-20");
    world.say(
        "C-1",
        json!({ "command": "issue_credit_note", "amount": cny(5_000), "against": "B",
            "issued_on": "2024-02-21", "reason": "scratched" }),
    );
    world.say(
        "C-1",
        json!({ "command": "write_off_receivable", "item": "A", "amount": cny(1_000),
            "written_off_on": "2024-02-22", "approved_by": "U-09", "reason": "too little" }),
    );
    world.say(
        "C-1",
        json!({ "command": "apply_credit", "credit_kind": "discount", "method": "explicit",
            "effective_on": "2024-02-23", "approved_by": "U-09", "reason": "prompt",
            "lines": [{ "item": "A", "amount": cny(500) }] }),
    );
    let day = world.now_about("2024-02-25");
    let row = world.ask("C-1", day, |_, accounts| rows(accounts, day.on)[0]);
    let control = row.control;
    assert!(control.holds());
    let parts = (control.collected, control.open, control.credited, control.written_off);
    assert_eq!((control.charged, parts), (150_000, (60_000, 83_500, 5_500, 1_000)));
    assert_eq!((row.account.unapplied, row.account.balance()), (10_000, 73_500));
    assert_eq!(row.account.overdue, 38_500);

    let reader = world.ledger.reader();
    let told = |from: Option<&str>| {
        let asked = world.views.ask(reader, daybook_projections::View::Receivables, |state| {
            let customer = code("C-1");
            let bucket = state.bucket_of(&customer).unwrap();
            let place: Place = bucket.place_of(&customer).unwrap();
            statements(bucket, place, from.map(date), day)
        });
        let all = asked.unwrap();
        assert_eq!(all.len(), 1);
        all.into_values().next().unwrap()
    };
    let whole = told(None);
    assert_eq!((whole.opening, whole.closing), (0, 73_500));
    let what: Vec<What> = whole.lines.iter().map(|line| line.what).collect();
    let given_up = What::GivenUp;
    assert_eq!(
        what,
        [What::Charged, What::Charged, What::Received, What::Credited, given_up, given_up]
    );
    let part = told(Some("2024-02-21"));
    assert_eq!((part.opening, part.closing, part.lines.len()), (80_000, 73_500, 3));
    assert_eq!(told(None), whole, "the same question has the same answer");
}

#[test]
fn what_is_contracted_and_not_yet_owed_is_exposure() {
    let world = World::on("2024-01-10");
    world.say(
        "C-1",
        json!({ "command": "sign_contract", "contract": "K-1", "total": cny(300_000),
            "signed_on": "2024-01-10", "debt_opened_by": "invoices" }),
    );
    world.say(
        "C-1",
        json!({ "command": "open_receivable", "item": "A", "source": "invoice",
            "contract": "K-1", "document_on": "2024-01-10", "due_on": "2024-02-09",
            "amount": cny(100_000) }),
    );
    let day = world.now_about("2024-01-10");
    let account = world.ask("C-1", day, |_, accounts| rows(accounts, day.on)[0].account);
    assert_eq!((account.open, account.ahead, account.exposure()), (100_000, 200_000, 300_000));
}

#[test]
fn days_late_are_weighted_and_a_reversed_application_was_no_payment() {
    let world = World::on("2024-01-10");
    open(&world, "A", 30_000, "2024-01-10", "2024-02-09");
    open(&world, "B", 10_000, "2024-01-10", "2024-02-09");
    world.today("2024-03-10");
    receive(&world, "P", 40_000, "2024-02-05");
    apply(&world, "P", "A", 30_000, "2024-02-19");
    apply(&world, "P", "B", 10_000, "2024-02-05");
    let late = |world: &World| {
        let day = world.now_about("2024-03-10");
        world.ask("C-1", day, |bucket, accounts| {
            let late = days_late(bucket, accounts, None, date("2023-03-11"), day);
            *late.values().next().unwrap()
        })
    };
    assert_eq!(late(&world), Late { weighted: 30_000 * 10 - 10_000 * 4, applied: 40_000 });
    assert_eq!(late(&world).days().unwrap().to_string(), "6.50");
    let application = world.ask("C-1", world.now_about("2024-03-10"), |bucket, _| {
        let of_ten = |row: &&Row| row.value == 10_000 && row.object != Place::NONE;
        let applied = bucket.rows().iter().rfind(of_ten);
        bucket.text(applied.unwrap().object).to_owned()
    });
    world.say(
        "C-1",
        json!({ "command": "reverse_application", "application": application,
            "effective_on": "2024-03-01", "reason": "wrong item" }),
    );
    assert_eq!(late(&world), Late { weighted: 300_000, applied: 30_000 });
}

#[test]
fn reminders_keep_the_grace_and_the_levels() {
    let rules: ReceivableRules = serde_json::from_value(json!({
        "level_days": [14, 30], "grace_days": 3, "interval_days": 7,
        "notice_minimums": [], "tolerances": [],
    }))
    .unwrap();
    let world = World::on("2024-01-10");
    open(&world, "A", 100_000, "2024-01-10", "2024-02-09");
    world.today("2024-04-30");
    let level = |on: &str| {
        let day = world.now_about(on);
        let found = world.ask("C-1", day, |_, accounts| overdue(accounts, Some(&rules), day.on));
        found.first().map(|overdue| overdue.level)
    };
    assert_eq!(level("2024-02-09"), None, "due today is not overdue");
    assert_eq!(level("2024-02-12"), Some(Err(Held::TooEarly)), "3 days");
    assert_eq!(level("2024-02-22"), Some(Err(Held::TooEarly)), "13 days");
    assert_eq!(level("2024-02-23"), Some(Ok(1)), "14 days");
    assert_eq!(level("2024-03-30"), Some(Ok(1)), "50 days, never reminded: one level at a time");
    receive(&world, "P", 100_000, "2024-04-01");
    assert_eq!(level("2024-04-02"), Some(Err(Held::NetCredit)));
}
