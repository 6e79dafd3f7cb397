//! P7: whole lists at past bases, against the time a full replay takes.

use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::Load;
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::event::Event;
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use daybook_server::api::customers::CustomersQuery;
use daybook_server::api::funnel::FunnelQuery;
use daybook_server::api::receivables::{AgeingQuery, ItemsQuery, ReceivablesQuery};
use daybook_server::client::Client;
use daybook_server::{App, router};
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, median, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P7",
    what: "whole receivables ageing, control tables, open items, funnel and customer list at past bases: \
           <= 0.1 of the time a full replay takes",
    run,
};

const RATIO_MAX: f64 = 0.1;
/// Bases asked at, spread over the log.
const BASES: i64 = 9;

fn run(scale: Scale) -> Measured<Figures> {
    let requests = match scale {
        Scale::Check | Scale::S => 100_000,
        Scale::M => 1_000_000,
        Scale::L => 5_000_000,
    };
    let ground = Ground::new("p7")?;
    let dir = ground.path().join("book");
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    for step in Load::of_requests(7, requests)? {
        clock.set(step.at);
        submit(&book.ledger, step.batch)?;
    }
    book.store.wait_for_index();
    let reader = book.ledger.reader();
    let head = reader.head();
    let app = App::new(book.ledger.clone(), Arc::<ScriptClock>::clone(&clock) as _);
    let client = Client::new(router(app.keeping_views(&dir, 2)), "U-BENCH".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let started = Instant::now();
    runtime.block_on(client.ageing(&AgeingQuery::default()))?;
    runtime.block_on(client.funnel(&FunnelQuery::default()))?;
    runtime.block_on(client.customers(&CustomersQuery::default()))?;
    let first = started.elapsed().as_secs_f64();
    let (mut ageing, mut control, mut items, mut replay) = (vec![], vec![], vec![], vec![]);
    let (mut funnel, mut customers) = (vec![], vec![]);
    let mut worst = 0.0f64;
    for number in 0..BASES {
        let started = Instant::now();
        let mut next = Position(0);
        loop {
            let stored = reader.stored_from(next, 2048)?;
            let Some(last) = stored.last() else { break };
            next = last.position.next();
            for event in &stored {
                std::hint::black_box(Event::decode(&event.bytes)?);
            }
        }
        replay.push(started.elapsed().as_secs_f64());
        let span = head.recorded_at.0 - OPENED_AT.0;
        let known_at = Timestamp(OPENED_AT.0 + span / BASES * (number + 1)).to_string();
        let as_of = Timestamp(OPENED_AT.0 + span / BASES * (BASES - number)).to_string();
        let mut timed = |asked: &mut dyn FnMut() -> Measured<()>, times: &mut Vec<f64>| {
            let started = Instant::now();
            asked()?;
            let seconds = started.elapsed().as_secs_f64();
            worst = worst.max(seconds);
            times.push(seconds);
            Measured::Ok(())
        };
        let basis = (Some(as_of), Some(known_at));
        let (as_of, known_at) = basis;
        let query = AgeingQuery {
            as_of: as_of.clone(),
            known_at: known_at.clone(),
            ..AgeingQuery::default()
        };
        timed(&mut || Ok(runtime.block_on(client.ageing(&query)).map(drop)?), &mut ageing)?;
        let query = ReceivablesQuery {
            as_of: as_of.clone(),
            known_at: known_at.clone(),
            ..ReceivablesQuery::default()
        };
        timed(&mut || Ok(runtime.block_on(client.control(&query)).map(drop)?), &mut control)?;
        let query = ItemsQuery {
            as_of: as_of.clone(),
            known_at: known_at.clone(),
            ..ItemsQuery::default()
        };
        timed(&mut || Ok(runtime.block_on(client.receivables(&query)).map(drop)?), &mut items)?;
        let query = FunnelQuery {
            as_of: as_of.clone(),
            known_at: known_at.clone(),
            ..FunnelQuery::default()
        };
        timed(&mut || Ok(runtime.block_on(client.funnel(&query)).map(drop)?), &mut funnel)?;
        let query = CustomersQuery { as_of, known_at, after: None, limit: None };
        timed(&mut || Ok(runtime.block_on(client.customers(&query)).map(drop)?), &mut customers)?;
    }
    drop((client, runtime));
    book.ledger.close()?;
    let replay = median(replay);
    let ms = |times: Vec<f64>| rounded(median(times) * 1000.0);
    Ok(Figures::new(
        worst / replay <= RATIO_MAX,
        json!({
            "worst_ratio": rounded(worst / replay), "ratio_max": RATIO_MAX, "bases": BASES,
            "events": head.next.0, "ms_replay": rounded(replay * 1000.0),
            "ms_ageing": ms(ageing), "ms_control": ms(control), "ms_open_items": ms(items),
            "ms_funnel": ms(funnel), "ms_customers": ms(customers),
            "ms_worst": rounded(worst * 1000.0),
            // The first questions of all: the views are folded and stored for them.
            "ms_first_of_all": rounded(first * 1000.0),
        }),
    ))
}
