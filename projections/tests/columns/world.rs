//! A ledger whose clock tests set, and questions to its receivables view.

use std::sync::Arc;

use daybook_core::ledger::Ledger;
use daybook_core::position::Position;
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Date, Timestamp};
use daybook_projections::View;
use daybook_projections::engine::{Bucket, Views};
use daybook_projections::receivables::ageing::{By, DEFAULT_EDGES_DAYS, Line, Scale, lines};
use daybook_projections::receivables::{Accounts, Day};
use serde_json::{Value, json};

use crate::support::{TestClock, code, ledger_on, one, request};

pub struct World {
    pub ledger: Ledger,
    pub clock: Arc<TestClock>,
    pub views: Views,
}

pub fn cny(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

impl World {
    /// A ledger with the customer C-1, in Shanghai on a morning.
    pub fn on(day: &str) -> World {
        let clock = TestClock::at(&format!("{day}T01:00:00Z"));
        let ledger = ledger_on(Arc::new(MemoryStore::default()), Arc::clone(&clock));
        let world = World { ledger, clock, views: Views::new(None, 2) };
        world.register("C-1");
        world
    }

    pub fn register(&self, customer: &str) {
        self.say(
            customer,
            json!({ "command": "register_customer", "kind": "company", "source": "web",
                "details": { "name": "华东精密" } }),
        );
    }

    pub fn today(&self, day: &str) {
        self.clock.set(&format!("{day}T01:00:00Z"));
    }

    /// Submits a request about a customer; returns the position of its first event.
    pub fn say(&self, customer: &str, asked: Value) -> Position {
        self.try_say(customer, asked).expect("taken")
    }

    pub fn try_say(&self, customer: &str, mut asked: Value) -> Result<Position, String> {
        asked["customer"] = json!(customer);
        let outcome = one(&self.ledger, request(asked));
        outcome.map(|outcome| outcome.events[0].position).map_err(|no| no.rejection.to_string())
    }

    /// The basis of a day, with what was known at the end of another.
    pub fn day(&self, as_of: &str, known_at: &str) -> Day {
        let known_at: Timestamp = date(known_at).end_in(chrono_tz::Asia::Shanghai);
        let before = self.ledger.reader().position_at(known_at).unwrap();
        Day { on: date(as_of), before }
    }

    /// The basis of a day with everything known now.
    pub fn now_about(&self, as_of: &str) -> Day {
        Day { on: date(as_of), before: self.ledger.reader().head().next }
    }

    /// Asks about one customer.
    pub fn ask<T>(
        &self,
        customer: &str,
        day: Day,
        question: impl FnOnce(&Bucket, &Accounts) -> T,
    ) -> T {
        let reader = self.ledger.reader();
        let answered = self.views.ask_at_least(reader, View::Receivables, day.before, |state| {
            let customer = code(customer);
            let bucket = state.bucket_of(&customer).unwrap();
            let place = bucket.place_of(&customer);
            let accounts = match place {
                Some(place) => Accounts::of(bucket, Some(place), day),
                None => Accounts::default(),
            };
            question(bucket, &accounts)
        });
        answered.unwrap()
    }

    /// The ageing of a customer with one entity and currency.
    pub fn ageing(&self, customer: &str, by: By, day: Day) -> Line {
        let scale = Scale { by, edges: DEFAULT_EDGES_DAYS.to_vec() };
        self.ask(customer, day, |bucket, accounts| {
            let found = lines(bucket, accounts, &scale, day.on);
            assert!(found.len() <= 1, "{found:?}");
            found.into_iter().next().map_or_else(|| scale.line(), |(_, line)| line)
        })
    }
}
