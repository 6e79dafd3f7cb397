//! Exchange rates (X15) and the gain they realise on payments (R17 to R19).

use serde_json::{Value, json};

use crate::decide::receivable::{Item, Receipt};
use crate::decide::testing::{World, yuan};
use crate::event::Body;
use crate::event::receivable::ItemExchange;
use crate::money::Money;
use crate::time::Date;

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn in_currency(minor: i64, currency: &str) -> Value {
    json!({ "minor": minor, "currency": currency })
}

fn rate(currency: &str, rate: &str, on: &str) -> Value {
    json!({ "command": "record_exchange_rate", "base": currency, "rate": rate, "rate_on": on })
}

fn item(id: &str, amount: &Value, document_on: &str) -> Value {
    json!({ "command": "open_receivable", "item": id, "source": "service_charge",
        "document_on": document_on, "due_on": "2024-04-01", "amount": amount })
}

fn payment(id: &str, amount: &Value, value_on: &str) -> Value {
    json!({ "command": "receive_payment", "receipt": id, "amount": amount, "value_on": value_on })
}

fn apply(receipt: &str, lines: &[(&str, &Value)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(item, amount)| json!({ "item": item, "amount": amount })).collect();
    json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": receipt,
        "method": "explicit", "lines": lines })
}

fn exchanges(world: &mut World, request: Value) -> Vec<ItemExchange> {
    let bodies = world.ask(request).expect("accepted");
    let Some(Body::CreditApplied(applied)) = bodies.first() else { panic!("an application") };
    applied.exchange.clone()
}

fn gains(exchanges: &[ItemExchange]) -> Vec<(String, i64)> {
    let gain =
        |entry: &ItemExchange| (entry.item.to_string(), entry.realised.expect("worked out").minor);
    exchanges.iter().map(gain).collect()
}

#[test]
fn a_rate_is_above_zero_of_another_currency_and_not_of_tomorrow() {
    let mut world = World::empty();
    world.refused(rate("CNY", "1", "2024-03-01"), "rate_of_itself");
    world.refused(rate("USD", "0", "2024-03-01"), "rate_unreadable");
    world.refused(rate("USD", "7.1", "2024-03-21"), "date_in_future");
    world.given(&[rate("USD", "7.1", "2024-03-01")]);
    world.refused(rate("USD", "7.1", "2024-03-01"), "rate_known");
    let mut another = rate("USD", "7.2", "2024-03-01");
    world.refused(another.clone(), "reason_missing");
    another["reason"] = json!("misprint in the first list");
    world.given(&[another]);
    let (usd, cny) = ("USD".parse().expect("one"), yuan(0).currency);
    let known = |on: &str| world.book.rate(usd, cny, day(on)).map(ToString::to_string);
    assert_eq!(known("2024-02-29"), None);
    assert_eq!(known("2024-03-01").as_deref(), Some("7.2"));
    assert_eq!(known("2030-01-01").as_deref(), Some("7.2"), "until the next");
}

#[test]
fn a_payment_realises_the_difference_of_the_rates_and_nothing_is_left_over() {
    // 100.00 EUR at 7.80, paid 40.00 at 7.75 and 60.00 at 7.90: −2.00 and +6.00.
    let euros = |minor| in_currency(minor, "EUR");
    let mut world = World::with_customer();
    world.given(&[
        rate("EUR", "7.80", "2024-01-10"),
        rate("EUR", "7.75", "2024-02-01"),
        rate("EUR", "7.90", "2024-03-01"),
        item("A", &euros(10_000), "2024-01-10"),
        payment("P", &euros(4_000), "2024-02-10"),
        payment("Q", &euros(6_000), "2024-03-10"),
    ]);
    let first = exchanges(&mut world, apply("P", &[("A", &euros(4_000))]));
    assert_eq!(gains(&first), [("A".to_owned(), -200)]);
    let second = exchanges(&mut world, apply("Q", &[("A", &euros(6_000))]));
    assert_eq!(gains(&second), [("A".to_owned(), 600)]);
    let last = day("2024-03-20");
    assert_eq!(world.get::<Item>("A").open_on(last).minor, 0);
    assert_eq!(world.get::<Receipt>("Q").credit.unapplied_on(last).minor, 0);
}

#[test]
fn each_line_has_the_rate_of_its_own_document() {
    let dollars = |minor| in_currency(minor, "USD");
    let mut world = World::with_customer();
    world.given(&[
        rate("USD", "7.00", "2024-01-01"),
        rate("USD", "7.10", "2024-02-01"),
        item("A", &dollars(1_000), "2024-01-10"),
        item("B", &dollars(1_000), "2024-02-10"),
        payment("P", &dollars(2_000), "2024-02-20"),
    ]);
    let fifo = json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": "P",
        "method": "fifo" });
    let applied = exchanges(&mut world, fifo);
    assert_eq!(gains(&applied), [("A".to_owned(), 100), ("B".to_owned(), 0)]);
}

#[test]
fn rates_can_be_given_and_the_gain_must_be_theirs() {
    let dollars = |minor| in_currency(minor, "USD");
    let mut world = World::with_customer();
    world.given(&[
        item("A", &dollars(11_000), "2024-01-10"),
        payment("P", &dollars(11_000), "2024-02-20"),
        json!({ "command": "open_receivable", "item": "C", "source": "service_charge",
            "document_on": "2024-01-10", "due_on": "2024-02-09",
            "amount": in_currency(100, "CNY") }),
        json!({ "command": "receive_payment", "receipt": "R", "amount": in_currency(100, "CNY"),
            "value_on": "2024-02-20" }),
    ]);
    let with = |entries: Value| {
        let mut request = apply("P", &[("A", &in_currency(11_000, "USD"))]);
        request["exchange"] = entries;
        request
    };
    let entry = |before: &str, after: &str| json!({ "item": "A", "rate_item": before, "rate_credit": after });
    world.refused(with(json!([{ "item": "A" }])), "rate_missing");
    world.refused(with(json!([entry("7,1", "7.2")])), "rate_unreadable");
    world.refused(with(json!([entry("7.1", "7.2"), entry("7.1", "7.2")])), "line_repeated");
    let mut said = entry("7.1", "7.2");
    said["realised"] = in_currency(1, "CNY");
    let rejection = world.refused(with(json!([said])), "gain_differs");
    assert_eq!(
        rejection.to_string(),
        "the gain on item A at these rates is 11.00 CNY, not 0.01 CNY"
    );
    let mut said = entry("7.1", "7.2");
    said["realised"] = in_currency(1_100, "USD");
    world.refused(with(json!([said])), "currency_differs");
    let mut home = apply("R", &[("C", &in_currency(100, "CNY"))]);
    home["exchange"] = json!([{ "item": "C", "rate_item": "1", "rate_credit": "1" }]);
    world.refused(home, "exchange_needless");
    let mut other = with(json!([{ "item": "C", "rate_item": "1", "rate_credit": "1" }]));
    other["lines"][0]["amount"] = in_currency(1, "USD");
    world.refused(other, "record_unknown");
    let applied = exchanges(&mut world, with(json!([entry("7.1", "7.2")])));
    assert_eq!(applied[0].realised, Some(Money::new(1_100, yuan(0).currency)));
}

#[test]
fn without_a_recorded_rate_nothing_is_worked_out() {
    let dollars = in_currency(100, "USD");
    let mut world = World::with_customer();
    world.given(&[item("A", &dollars, "2024-01-10"), payment("P", &dollars, "2024-02-20")]);
    assert_eq!(exchanges(&mut world, apply("P", &[("A", &dollars)])), []);
}
