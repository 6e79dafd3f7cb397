//! P6: one customer at any basis, and the ends of its timeline.

use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::{Load, REQUESTS_A_CUSTOMER};
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::event::StreamId;
use daybook_core::id::CustomerCode;
use daybook_core::time::Timestamp;
use daybook_server::api::customers::CustomersQuery;
use daybook_server::api::events::EventsQuery;
use daybook_server::api::receivables::StatementQuery;
use daybook_server::client::Client;
use daybook_server::{App, router};
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P6",
    what: "one customer at any basis: profile p99 <= 2 ms (up to 200 events), the largest <= 20 ms; \
           first and last 50 events <= 2 ms",
    run,
};

const PROFILE_MS_MAX: f64 = 2.0;
const LARGEST_MS_MAX: f64 = 20.0;
const ENDS_MS_MAX: f64 = 2.0;
/// Customers asked about.
const CUSTOMERS: u64 = 400;
/// Customers with more events are not ordinary.
const EVENTS_MAX: usize = 200;

fn run(scale: Scale) -> Measured<Figures> {
    let requests = match scale {
        Scale::Check | Scale::S => 100_000,
        Scale::M => 1_000_000,
        Scale::L => 5_000_000,
    };
    let ground = Ground::new("p6")?;
    let dir = ground.path().join("book");
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    for step in Load::of_requests(6, requests)? {
        clock.set(step.at);
        submit(&book.ledger, step.batch)?;
    }
    book.store.wait_for_index();
    let reader = book.ledger.reader();
    let span = reader.head().recorded_at.0 - OPENED_AT.0;
    let app = App::new(book.ledger.clone(), Arc::<ScriptClock>::clone(&clock) as _);
    let client = Client::new(router(app.keeping_views(&dir, 2)), "U-BENCH".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let ranks = requests / REQUESTS_A_CUSTOMER;
    let (mut cold, mut warm, mut ends, mut statements) = (vec![], vec![], vec![], vec![]);
    for number in 1..=CUSTOMERS {
        let code = format!("C-{}", ranks * number / (CUSTOMERS + 1) + 1);
        let stream = StreamId::Customer(CustomerCode::new(&code)?);
        let history = reader.history(&stream)?.len();
        if history == 0 || history > EVENTS_MAX {
            continue;
        }
        let part = i64::try_from(number % 10 + 1)?;
        let query = CustomersQuery {
            as_of: Some(Timestamp(OPENED_AT.0 + span).to_string()),
            known_at: Some(Timestamp(OPENED_AT.0 + span * part / 10).to_string()),
            after: None,
            limit: None,
        };
        let ask = || {
            let started = Instant::now();
            // Before it was on file, there is nothing to show, which is an answer as well.
            let _ = runtime.block_on(client.customer(&code, &query));
            started.elapsed().as_secs_f64() * 1000.0
        };
        cold.push(ask());
        warm.push(ask());
        ends.push(both_ends(&runtime, &client, &stream)?);
        let started = Instant::now();
        runtime.block_on(client.statement(&code, &StatementQuery::default()))?;
        statements.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    let largest = StreamId::Customer(CustomerCode::new("C-1")?);
    let started = Instant::now();
    runtime.block_on(client.customer(largest.name(), &CustomersQuery::default()))?;
    let largest_ms = started.elapsed().as_secs_f64() * 1000.0;
    let started = Instant::now();
    runtime.block_on(client.ageing(&daybook_server::api::receivables::AgeingQuery {
        customer: Some(largest.name().to_owned()),
        ..Default::default()
    }))?;
    let largest_ageing_ms = started.elapsed().as_secs_f64() * 1000.0;
    let largest_ends = both_ends(&runtime, &client, &largest)?;
    ends.push(largest_ends);
    let events_largest = reader.history(&largest)?.len();
    drop((client, runtime));
    book.ledger.close()?;
    let asked = warm.len();
    let [cold, warm, ends, statements] = [cold, warm, ends, statements].map(p99);
    Ok(Figures::new(
        warm <= PROFILE_MS_MAX && largest_ms <= LARGEST_MS_MAX && ends <= ENDS_MS_MAX,
        json!({
            "ms_profile_p99": rounded(warm), "ms_profile_max": PROFILE_MS_MAX,
            "ms_largest": rounded(largest_ms), "ms_largest_max": LARGEST_MS_MAX,
            "ms_ends_p99": rounded(ends), "ms_ends_max": ENDS_MS_MAX,
            "ms_profile_first_time_p99": rounded(cold), "ms_statement_p99": rounded(statements),
            "ms_largest_ageing": rounded(largest_ageing_ms),
            "ms_largest_ends": rounded(largest_ends),
            "customers": asked, "events_of_the_largest": events_largest, "requests": requests,
        }),
    ))
}

/// Reads the first and the last 50 events of a customer; returns the longer of the two, in ms.
fn both_ends(
    runtime: &tokio::runtime::Runtime,
    client: &Client,
    stream: &StreamId,
) -> Measured<f64> {
    let mut worst = 0.0f64;
    for order in ["asc", "desc"] {
        let query = EventsQuery {
            customer: Some(stream.name().to_owned()),
            order: Some(order.to_owned()),
            limit: Some(50),
            ..EventsQuery::default()
        };
        let started = Instant::now();
        runtime.block_on(client.events(&query))?;
        worst = worst.max(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(worst)
}

fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * 99).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or(f64::NAN)
}
