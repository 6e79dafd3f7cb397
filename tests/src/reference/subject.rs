//! The ledger under comparison: requests of the model's language become its own, and its views
//! become answers in that language.

use std::sync::Arc;

use daybook_core::attachment::MemoryAttachments;
use daybook_core::decide::Request;
use daybook_core::event::customer::CustomerField;
use daybook_core::event::{Actor, Assurance, Channel, Event, Source, StreamId};
use daybook_core::id::{ActorId, BookId, CustomerCode, Label, LegalEntity, Line};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Genesis, Ledger, Mode, Options, Outcome, Parts, found};
use daybook_core::money::Currency;
use daybook_core::position::Position;
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Date, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use daybook_projections::profile::profile;
use daybook_projections::{Basis, Voided};
use serde_json::{Value, json};

use super::ask::{Answer, Ask};
use crate::torture::Dice;

/// Today, counted from the first of January 2024: the twentieth of March.
pub(super) const TODAY: i32 = 79;
/// The first of January 2024 as the ledger counts days.
const FIRST: i32 = 19_723;

/// What was said of a request: nothing, or the code of the refusal.
pub(super) type Said = Result<(), String>;

struct Still;

impl Clock for Still {
    /// Six in the evening of today in Shanghai.
    fn now(&self) -> Timestamp {
        Timestamp((i64::from(FIRST + TODAY) * 86_400 + 10 * 3600) * 1_000_000)
    }
}

struct Rolled(Dice);

impl Entropy for Rolled {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.iter_mut().for_each(|byte| *byte = self.0.roll().to_be_bytes()[0]);
    }
}

/// A ledger in memory.
pub(super) struct Subject {
    ledger: Ledger,
    store: Arc<MemoryStore>,
    vault: Arc<MemoryVault>,
    opened: u64,
}

fn text<T: std::str::FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn day(number: i32) -> Value {
    Value::from(Date(FIRST + number).to_string())
}

/// Noon of a day in Shanghai.
fn noon(number: i32) -> Value {
    let seconds = i64::from(FIRST + number) * 86_400 + 4 * 3600;
    Value::from(Timestamp(seconds * 1_000_000).to_string())
}

fn money(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

const STAGES: [&str; 4] = ["lead", "qualified", "proposal", "negotiation"];

fn stage(number: u8) -> &'static str {
    STAGES.get(usize::from(number)).copied().unwrap_or("lead")
}

impl Subject {
    /// Founds a ledger.
    pub(super) fn new() -> Result<Subject, String> {
        let (store, vault) = (Arc::new(MemoryStore::default()), Arc::new(MemoryVault::default()));
        let genesis = Genesis {
            book: BookId(uuid::Uuid::from_u128(11)),
            name: text::<Line>("reference")?,
            zone: text::<Label>("Asia/Shanghai")?,
            functional_currency: text("CNY")?,
            legal_entities: vec![text::<LegalEntity>("HQ")?],
            fiscal_year_start_month: 1,
            default_calling_code: None,
            actor: actor()?,
            source: source(),
        };
        found(&mut parts(&store, &vault, 0), &genesis).map_err(shown)?;
        let ledger = Ledger::open(parts(&store, &vault, 1), Options::default()).map_err(shown)?;
        Ok(Subject { ledger, store, vault, opened: 1 })
    }

    /// Ends the ledger.
    pub(super) fn close(self) -> Result<(), String> {
        self.ledger.close().map_err(shown)
    }

    /// Opens the ledger again, so that every state is read from the log.
    pub(super) fn reopen(&mut self) -> Result<(), String> {
        self.opened += 1;
        let parts = parts(&self.store, &self.vault, self.opened);
        let again = Ledger::open(parts, Options::default()).map_err(shown)?;
        std::mem::replace(&mut self.ledger, again).close().map_err(shown)
    }

    /// Returns the position after the last event.
    pub(super) fn next(&self) -> Position {
        self.ledger.reader().head().next
    }

    /// Puts a customer on file.
    pub(super) fn register(&mut self, customer: &str) -> Result<Position, String> {
        let registered = json!({ "command": "register_customer", "kind": "company",
            "source": "web", "details": { "name": customer }, "effective_at": noon(0) });
        self.submit(customer, registered, None)?.map_err(|code| format!("not on file: {code}"))?;
        Ok(self.next())
    }

    /// Asks; the inner answer is whether it was taken.
    pub(super) fn ask(
        &mut self,
        customer: &str,
        ask: &Ask,
        name: &str,
        key: Option<&str>,
    ) -> Result<Said, String> {
        Ok(self.submit(customer, request(ask, name), key)?.map(|_| ()))
    }

    /// Sends a request that was taken once more: it must be recognised and add nothing, also by a
    /// ledger that has just been opened.
    pub(super) fn again(
        &mut self,
        customer: &str,
        ask: &Ask,
        name: &str,
        key: Option<&str>,
    ) -> Result<(), String> {
        let before = self.next();
        match self.submit(customer, request(ask, name), key)? {
            Ok(outcome) if outcome.repeated && self.next() == before => Ok(()),
            other => Err(format!("a retry of {ask:?} was answered {other:?}")),
        }
    }

    fn submit(
        &mut self,
        customer: &str,
        mut asked: Value,
        key: Option<&str>,
    ) -> Result<Result<Outcome, String>, String> {
        if let Some(fields) = asked.as_object_mut() {
            fields.insert("customer".to_owned(), customer.into());
            fields.insert("reason".to_owned(), "as said".into());
            if let Some(key) = key {
                fields.insert("idempotency_key".to_owned(), key.into());
            }
        }
        let request: Request = serde_json::from_value(asked).map_err(shown)?;
        let units = vec![vec![request]];
        let batch = Batch { actor: actor()?, source: source(), units, mode: Mode::Commit };
        let mut answer = self.ledger.submit_blocking(batch).map_err(shown)?;
        match answer.units.pop() {
            Some(Ok(mut outcomes)) => Ok(Ok(outcomes.pop().ok_or("no outcome")?)),
            Some(Err(refusal)) => Ok(Err(refusal.rejection.code().to_owned())),
            None => Err("no answer".to_owned()),
        }
    }

    /// Answers as of a day by what was known before a position.
    pub(super) fn answer(
        &self,
        customer: &str,
        on: i32,
        before: Position,
    ) -> Result<Answer, String> {
        let reader = self.ledger.reader();
        let zone = reader.book().map_err(shown)?.zone;
        let stream = Some(StreamId::Customer(text::<CustomerCode>(customer)?));
        let events = reader.events(Query { stream, before: Some(before), ..Query::default() });
        let events: Vec<Event> = events
            .map(|event| event.map(|(event, _)| event).map_err(shown))
            .collect::<Result<_, String>>()?;
        let today = Date(FIRST + on);
        let basis = Basis { as_of: Some(today.end_in(zone)), before };
        let view = profile(&events, &basis, &Voided::among(&events), zone);
        let cny: Currency = text("CNY")?;
        let small = |minor: i128| i64::try_from(minor).unwrap_or(i64::MAX);
        let city = view.details.get(&CustomerField::City).and_then(Option::as_ref);
        let mut answer = Answer {
            city: city.and_then(|city| city.as_str().trim_start_matches("city ").parse().ok()),
            deals_open: view.opportunities_open().count(),
            won: small(view.won().minor(cny)),
            overdue: small(view.account.owed(today).1.minor(cny)),
            received: small(view.account.received(today).minor(cny)),
            unapplied: small(view.account.unapplied(today).minor(cny)),
            ..Answer::default()
        };
        for row in view.account.rows(today) {
            let number = text(row.item.as_str().trim_start_matches("AR-"))?;
            let due = i64::from(row.due_on.0 - FIRST);
            let amounts = [row.open, row.collected, row.credited, row.written_off];
            let [open, collected, credited, written_off] = amounts.map(|amount| amount.minor);
            answer.items.insert(number, [open, collected, credited, written_off, due]);
        }
        Ok(answer)
    }
}

fn parts(store: &Arc<MemoryStore>, vault: &Arc<MemoryVault>, seed: u64) -> Parts {
    Parts {
        store: Arc::<MemoryStore>::clone(store),
        vault: Arc::<MemoryVault>::clone(vault),
        attachments: Arc::new(MemoryAttachments::default()),
        clock: Arc::new(Still),
        entropy: Box::new(Rolled(Dice::new(seed + 1))),
    }
}

fn actor() -> Result<Actor, String> {
    let user: ActorId = text("U-1")?;
    Ok(Actor { user, on_behalf_of: None, role: None, unit: None, assurance: Assurance::Declared })
}

const fn source() -> Source {
    Source { channel: Channel::Api, session: None, import: None }
}

/// Puts a request of the model's language into the ledger's.
fn request(ask: &Ask, name: &str) -> Value {
    let item = |number: &u8| format!("AR-{number}");
    let receipt = |number: &u8| format!("R-{number}");
    let deal = |number: &u8| format!("O-{number}");
    match ask {
        Ask::City { city, on } => json!({ "command": "change_customer_details",
            "set": { "city": format!("city {city}") }, "effective_at": noon(*on) }),
        Ask::Open { deal: number, on } => json!({ "command": "open_opportunity",
            "opportunity": deal(number), "pipeline": "sales", "stage": "lead",
            "effective_at": noon(*on) }),
        Ask::Stage { deal: number, to, on } => json!({ "command": "change_opportunity_stage",
            "opportunity": deal(number), "to": stage(*to), "effective_at": noon(*on) }),
        Ask::Close { deal: number, won: Some(amount), on } => json!({
            "command": "win_opportunity", "opportunity": deal(number), "amount": money(*amount),
            "closed_on": day(*on), "effective_at": noon(*on) }),
        Ask::Close { deal: number, won: None, on } => json!({ "command": "lose_opportunity",
            "opportunity": deal(number), "lost_reason": "price", "closed_on": day(*on),
            "effective_at": noon(*on) }),
        Ask::Reopen { deal: number, to, on } => json!({ "command": "reopen_opportunity",
            "opportunity": deal(number), "to_stage": stage(*to), "effective_at": noon(*on) }),
        Ask::Item { item: number, amount, document, due } => json!({
            "command": "open_receivable", "item": item(number), "source": "service_charge",
            "amount": money(*amount), "document_on": day(*document), "due_on": day(*due) }),
        Ask::Postpone { item: number, due } => json!({ "command": "reschedule_receivable",
            "item": item(number), "new_due_on": day(*due) }),
        Ask::Receipt { receipt: number, amount, value } => json!({
            "command": "receive_payment", "receipt": receipt(number), "amount": money(*amount),
            "value_on": day(*value) }),
        Ask::Apply { receipt: number, lines, on } => {
            let lines: Vec<Value> = lines
                .iter()
                .map(|(number, amount)| json!({ "item": item(number), "amount": money(*amount) }))
                .collect();
            json!({ "command": "apply_credit", "application": name, "credit_kind": "receipt",
                "credit": receipt(number), "method": "explicit", "lines": lines,
                "effective_on": on.map(day) })
        }
        Ask::Share { receipt: number, in_proportion } => json!({ "command": "apply_credit",
            "application": name, "credit_kind": "receipt", "credit": receipt(number),
            "method": if *in_proportion { "pro_rata" } else { "fifo" } }),
        Ask::Undo { application, on } => json!({ "command": "reverse_application",
            "application": application, "effective_on": on.map(day) }),
        Ask::Bounce { receipt: number, on } => json!({ "command": "reverse_payment",
            "receipt": receipt(number), "kind": "bounced", "effective_on": day(*on) }),
        Ask::Note { note, amount, against, on } => json!({ "command": "issue_credit_note",
            "credit_note": format!("CN-{note}"), "amount": money(*amount),
            "against": against.as_ref().map(item), "issued_on": day(*on) }),
        Ask::WriteOff { item: number, amount, approved, on } => json!({
            "command": "write_off_receivable", "write_off": name, "item": item(number),
            "amount": money(*amount), "written_off_on": day(*on),
            "approved_by": approved.then_some("U-2") }),
        Ask::Refund { receipt: number, amount, on } => json!({ "command": "pay_refund",
            "credit_kind": "receipt", "credit": receipt(number), "amount": money(*amount),
            "value_on": day(*on) }),
    }
}
