//! The sample ledgers keep their promises: the same seed gives the same bytes, nothing is refused,
//! everything the story claims to contain is there, and the loads are mixed as they say.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;

use daybook::demo::landmarks as marks;
use daybook::demo::load::{Act, Load, SHARES, Size};
use daybook::demo::{self, ScriptClock, SeededEntropy, Summary, accounts, agreements};
use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::commitment::CommitmentOutcome;
use daybook_core::event::complaint::Severity;
use daybook_core::event::receivable::ReversalKind;
use daybook_core::event::{Body, Event, Kind, StreamId};
use daybook_core::id::CustomerCode;
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{self, Ledger, Options, Parts};
use daybook_core::position::Position;
use daybook_core::proof::Hash;
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Date};
use daybook_core::vault::MemoryVault;

const ZONE: chrono_tz::Tz = chrono_tz::Asia::Shanghai;

struct Book {
    ledger: Ledger,
    clock: Arc<ScriptClock>,
}

impl Book {
    fn founded(seed: u64) -> Book {
        let clock = Arc::new(ScriptClock::new(demo::OPENED_AT));
        let mut entropy = SeededEntropy::new(seed);
        let genesis = demo::genesis(&mut entropy).expect("a genesis");
        let mut parts = Parts {
            store: Arc::new(MemoryStore::default()),
            vault: Arc::new(MemoryVault::default()),
            attachments: Arc::new(MemoryAttachments::default()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Box::new(entropy),
        };
        ledger::found(&mut parts, &genesis).expect("founded");
        Book { ledger: Ledger::open(parts, Options::default()).expect("opened"), clock }
    }

    fn told(seed: u64) -> Book {
        let book = Book::founded(seed);
        book.tell(seed);
        book
    }

    fn tell(&self, seed: u64) -> Summary {
        let steps = demo::story(seed).expect("a story");
        run(self, steps.into_iter())
    }

    fn root(&self) -> Hash {
        self.ledger.reader().head().tree.root()
    }

    fn events(&self) -> Vec<Event> {
        let events = self.ledger.reader().events(Query::default());
        events.map(|found| found.expect("readable").0).collect()
    }

    fn history(&self, customer: &str) -> Vec<Event> {
        let stream = StreamId::Customer(CustomerCode::new(customer).expect("a code"));
        let history = self.ledger.reader().history(&stream).expect("readable");
        history.into_iter().map(|(event, _)| event).collect()
    }
}

fn run(book: &Book, steps: impl Iterator<Item = demo::Step>) -> Summary {
    match demo::run(&book.ledger, &book.clock, steps, &mut |_| {}) {
        Ok(summary) => summary,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

fn by_kind(events: &[Event]) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.body.kind()).or_default() += 1;
    }
    counts
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_a_second_run_adds_nothing() {
    let (one, two, other) = (Book::told(1), Book::told(1), Book::told(2));
    assert_eq!(one.root(), two.root());
    assert_ne!(one.root(), other.root());
    let before = one.events().len();
    let again = one.tell(1);
    // An import that was taken back may come in again; everything else is known.
    let events = one.events();
    let added: Vec<_> = events.iter().skip(before).collect();
    let taken_back = |event: &&Event| {
        event.envelope.source.import.as_ref().is_some_and(|import| import.as_str() == "tasks-2026")
    };
    assert!(added.iter().all(taken_back), "{added:?}");
    assert_eq!((again.events, again.repeated), (1, again.requests - 1));
    assert_eq!(added.len(), 1);
}

#[test]
fn no_seed_is_refused() {
    for seed in [0, 3, 7, 42, 2025] {
        Book::told(seed);
    }
}

#[test]
fn every_kind_of_event_is_there() {
    let events = Book::told(1).events();
    let counts = by_kind(&events);
    for kind in Kind::ALL {
        let count = counts.get(kind).copied().unwrap_or_default();
        println!("{:5} {kind}", count);
    }
    println!("{:5} in all", events.len());
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !counts.contains_key(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!((4_000..=6_500).contains(&events.len()), "{}", events.len());
    let late = events.iter().filter(|event| {
        let envelope = &event.envelope;
        envelope.recorded_at.0 - envelope.effective_at.0 > 86_400_000_000
    });
    assert!(late.count() > 100, "facts that arrive late");
}

#[test]
fn the_year_is_told_in_order_and_ends_in_december() {
    let steps = demo::story(1).expect("a story");
    assert!(steps.is_sorted_by_key(|step| step.at));
    let (first, last) = (steps.first().expect("steps"), steps.last().expect("steps"));
    assert!(first.at > demo::OPENED_AT);
    assert_eq!(first.at.date_in(ZONE), demo::FIRST_DAY);
    assert!(last.at.date_in(ZONE) <= demo::LAST_DAY && last.at.date_in(ZONE) > date("2025-12-20"));
    for request in steps.iter().flat_map(|step| step.batch.units.iter().flatten()) {
        assert!(request.idempotency_key.is_some() && request.effective_at.is_some());
    }
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn has(events: &[Event], what: impl Fn(&Body) -> bool) -> bool {
    events.iter().any(|event| what(&event.body))
}

#[test]
fn the_deals_of_the_story_wind() {
    for seed in 1..=4 {
        deals_wind(&Book::told(seed));
    }
}

fn deals_wind(book: &Book) {
    let (customer, id) = marks::REOPENED_DEAL;
    let events = book.history(customer);
    let names = |events: &[Event]| -> Vec<&'static str> {
        let of = |event: &Event| match &event.body {
            Body::OpportunityOpened(o) if o.opportunity.as_str() == id => Some("opened"),
            Body::OpportunityLost(o) if o.opportunity.as_str() == id => Some("lost"),
            Body::OpportunityReopened(o) if o.opportunity.as_str() == id => Some("reopened"),
            Body::OpportunityWon(o) if o.opportunity.as_str() == id => Some("won"),
            _ => None,
        };
        events.iter().filter_map(of).collect()
    };
    assert_eq!(names(&events), ["opened", "lost", "reopened", "won"]);
    let (customer, id) = marks::WINDING_DEAL;
    let events = book.history(customer);
    let changes = events.iter().filter_map(|event| match &event.body {
        Body::OpportunityStageChanged(o) if o.opportunity.as_str() == id => o.change,
        _ => None,
    });
    let changes: Vec<_> = changes.map(|change| change.as_str()).collect();
    assert_eq!(changes, ["skip", "regress", "advance", "advance"]);
}

#[test]
fn money_goes_wrong_where_the_story_says() {
    let book = Book::told(1);
    let (customer, id) = marks::BACKDATED_RECEIPT;
    let events = book.history(customer);
    let received = events.iter().find_map(|event| match &event.body {
        Body::PaymentReceived(p) if p.receipt.as_str() == id => Some((event, p.value_on)),
        _ => None,
    });
    let (event, value_on) = received.expect("the receipt");
    assert_eq!(value_on, date("2025-03-10"));
    assert_eq!(event.envelope.recorded_at.date_in(ZONE), date("2025-04-15"));

    let (customer, id) = marks::REVERSED_PAYMENT;
    let events = book.history(customer);
    assert!(has(&events, |body| matches!(body, Body::PaymentReversed(p)
        if p.receipt.as_str() == id && p.kind == ReversalKind::WrongCustomer)));
    assert!(has(&events, |body| matches!(body, Body::ApplicationReversed(a)
        if a.application.as_str() == "AP-WRONG-CUSTOMER")));

    let (customer, id) = marks::REVERSED_APPLICATION;
    assert!(has(&book.history(customer), |body| matches!(body, Body::ApplicationReversed(a)
        if a.application.as_str() == id)));

    let (customer, id) = marks::ADVANCE;
    let events = book.history(customer);
    let money =
        |event: &Event| matches!(event.body, Body::PaymentReceived(_) | Body::ReceivableOpened(_));
    let first = events.iter().find(|event| money(event)).expect("money");
    assert!(matches!(&first.body, Body::PaymentReceived(p) if p.receipt.as_str() == id));
    let applied = applied(&events);
    assert!(applied.contains_key("AR-1014-LATER"));
}

/// Sums what is applied to each item of one customer, reversals taken off.
fn applied(events: &[Event]) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for event in events {
        let (lines, sign) = match &event.body {
            Body::CreditApplied(applied) => (&applied.lines, 1),
            Body::ApplicationReversed(reversed) => (&reversed.lines, -1),
            _ => continue,
        };
        for line in lines {
            *sums.entry(line.item.to_string()).or_default() += sign * line.amount.minor;
        }
    }
    sums
}

#[test]
fn debts_stay_open_where_the_story_says() {
    let book = Book::told(1);
    for ((customer, id), paid) in
        [(marks::OVERDUE_ITEM, 0), (marks::DISPUTED_ITEM, 0), (marks::PARTLY_PAID_ITEM, 5_000_000)]
    {
        let events = book.history(customer);
        assert!(
            has(&events, |body| matches!(body, Body::ReceivableOpened(item)
            if item.item.as_str() == id && item.amount.minor > paid && item.due_on < Some(demo::LAST_DAY))),
            "{id}"
        );
        assert_eq!(applied(&events).get(id).copied().unwrap_or_default(), paid, "{id}");
    }
    let (customer, id) = marks::DISPUTED_ITEM;
    let events = book.history(customer);
    let last = events.iter().rev().find_map(|event| match &event.body {
        Body::ReceivableDisputeChanged(d) if d.item.as_str() == id => Some(d.disputed),
        _ => None,
    });
    assert_eq!(last, Some(true));
    let events = book.history(marks::TWO_CURRENCIES);
    let currencies: std::collections::BTreeSet<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            Body::ReceivableOpened(item) => Some(item.amount.currency.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(currencies.into_iter().collect::<Vec<_>>(), ["CNY", "USD"]);
}

#[test]
fn promises_and_money_that_came_otherwise_are_where_the_story_says() {
    let book = Book::told(1);
    let arrived = book.history(accounts::IDENTIFIED.0);
    assert!(has(&arrived, |body| matches!(body, Body::ReceiptIdentified(identified)
        if identified.suspense.as_str() == accounts::IDENTIFIED.1)));
    let ((payer, _), (debtor, item)) = accounts::PAID_FOR_ANOTHER;
    let debts = book.history(debtor);
    assert!(has(&debts, |body| matches!(body, Body::CreditApplied(applied)
        if applied.paid_by.as_ref().is_some_and(|by| by.as_str() == payer)
            && applied.lines.iter().any(|line| line.item.as_str() == item))));
    let confirmed = book.history(accounts::CONFIRMED.0);
    assert!(has(&confirmed, |body| matches!(body, Body::BalanceConfirmed(_))));
    for ((customer, id), outcome) in [
        (agreements::BROKEN_PROMISE, CommitmentOutcome::Broken),
        (agreements::KEPT_PROMISE, CommitmentOutcome::Kept),
    ] {
        assert!(
            has(&book.history(customer), |body| matches!(body, Body::CommitmentSettled(settled)
            if settled.commitment.as_str() == id && settled.outcome == outcome)),
            "{id}"
        );
    }
    let held = book.history(agreements::ON_HOLD);
    assert!(has(&held, |body| matches!(body, Body::CreditLimitSet(limit) if limit.hold)));
}

#[test]
fn service_goods_and_mistakes_are_where_the_story_says() {
    for seed in 1..=4 {
        mistakes_are_there(&Book::told(seed));
    }
}

fn mistakes_are_there(book: &Book) {
    let (customer, id) = marks::MISSED_DEADLINE;
    let events = book.history(customer);
    let received = events.iter().find_map(|event| match &event.body {
        Body::ComplaintReceived(c) if c.complaint.as_str() == id => Some(c),
        _ => None,
    });
    let received = received.expect("the complaint");
    assert_eq!(received.severity, Severity::Severe);
    let (first, second) = (received.first_response_due_at, received.resolution_due_at);
    assert!(has(&events, |body| matches!(body, Body::ComplaintAcknowledged(c)
        if c.complaint.as_str() == id && Some(c.at) > first)));
    assert!(has(&events, |body| matches!(body, Body::ComplaintAnswered(c)
        if c.complaint.as_str() == id && Some(c.at) > second)));

    let (customer, id) = marks::RETURNED_SHIPMENT;
    assert!(has(&book.history(customer), |body| matches!(body, Body::GoodsReturned(g)
        if g.shipment.as_str() == id)));

    let events = book.history(marks::VOIDED_EVENT);
    let void = events.iter().find_map(|event| match &event.body {
        Body::EventVoided(void) => Some(void),
        _ => None,
    });
    let void = void.expect("the void");
    let target = events.iter().find(|event| event.envelope.event_id == void.event);
    assert_eq!(target.map(|event| event.body.kind()), Some(Kind::InteractionRecorded));

    let (customer, wrong, right) = marks::VOIDED_INTERACTION;
    assert!(has(&book.history(customer), |body| matches!(body, Body::InteractionVoided(v)
        if v.interaction.as_str() == wrong
            && v.replaced_by.as_ref().is_some_and(|by| by.as_str() == right))));
}

#[test]
fn who_leaves_leaves_nothing_behind() {
    let book = Book::told(1);
    let (from, _) = daybook::demo::people::LEAVER;
    let from = format!("U-{from:02}");
    let basis =
        daybook_projections::Basis { as_of: None, before: book.ledger.reader().head().next };
    let events = book.events();
    let voided = daybook_projections::Voided::among(&events);
    let held = |basis| daybook_projections::holdings::holdings(events.clone(), &basis, &voided);
    let customers = |basis| {
        let holdings = held(basis);
        let of = |held: &daybook_projections::holdings::CustomerHeld| {
            held.holder.as_ref().is_some_and(|holder| holder.to_string() == from)
        };
        holdings.customers.values().filter(|held| of(held)).count()
    };
    let before = date("2025-12-30").end_in(ZONE);
    assert!(customers(daybook_projections::Basis { as_of: Some(before), ..basis }) > 5);
    assert_eq!(customers(basis), 0);
    let moved = events.iter().filter_map(|event| match &event.body {
        Body::RecordAssigned(assigned) => Some(assigned.moved.len()),
        _ => None,
    });
    assert!(moved.sum::<usize>() > 0, "open opportunities and tasks go along");
}

#[test]
fn one_company_is_on_file_twice() {
    let book = Book::told(1);
    for (first, second) in marks::DUPLICATES {
        let [one, two] = [first, second].map(|code| details(&book, code));
        assert_ne!(one.get("name"), two.get("name"));
        assert_eq!(one.get("phone"), two.get("phone"));
        assert_eq!(one.get("city"), two.get("city"));
    }
}

/// Opens a registration and returns its details.
fn details(book: &Book, customer: &str) -> BTreeMap<String, String> {
    let reader = book.ledger.reader();
    let stream = Some(StreamId::Customer(CustomerCode::new(customer).expect("a code")));
    let first = reader.events(Query { stream, ..Query::default() }).next();
    let (event, hash) = first.expect("registered").expect("readable");
    let opened = reader.open_sections(event, hash).expect("opened");
    let Body::CustomerRegistered(registered) = opened.event.body else { panic!("{customer}") };
    let identity = registered.details.identity.expect("identity");
    let sealed = identity.open().expect("open").changes.clone();
    let changes = sealed.into_iter().chain(registered.details.public);
    let value = |change: daybook_core::event::customer::FieldChange| {
        (change.field.to_string(), change.new.map(|new| new.to_string()).unwrap_or_default())
    };
    changes.map(value).collect()
}

#[test]
fn a_load_is_mixed_as_it_says_and_never_refused() {
    const REQUESTS: usize = 20_000;
    let book = Book::founded(9);
    let started = book.ledger.reader().head().next;
    let steps = Load::new(9, Size::S).expect("a load").take(REQUESTS / 1000);
    let summary = run(&book, steps);
    assert_eq!(summary.requests as usize, REQUESTS);
    let reader = book.ledger.reader();
    let (mut sealed, mut events, mut sizes) = (0usize, 0usize, Vec::new());
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for position in started.0..summary.next.0 {
        let bytes = reader.stored(Position(position)).expect("stored");
        let mut event = Event::decode(&bytes).expect("an event");
        if event.body.kind() == Kind::EventLayoutPublished {
            continue;
        }
        let mut sections = 0;
        let visited: Result<(), std::convert::Infallible> = event.body.sections(&mut |_, _| {
            sections += 1;
            Ok(())
        });
        visited.unwrap_or_else(|never| match never {});
        sealed += usize::from(sections > 0);
        events += 1;
        sizes.push(bytes.len());
        *counts.entry(event.body.kind()).or_default() += 1;
    }
    assert_eq!(events, REQUESTS, "one event a request");
    sizes.sort_unstable();
    let at = |percent: usize| sizes[(sizes.len() - 1) * percent / 100];
    println!("{counts:#?} sealed {sealed}; bytes {} {} {} {}", at(0), at(5), at(50), at(100));
    assert!((at(2) >= 140) && at(98) <= 300, "{} to {}", at(2), at(98));
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((150..=300).contains(&mean), "{mean}");
    assert!((30..=37).contains(&(sealed * 100 / events)), "{sealed}");
    let decided = [
        Kind::OpportunityStageChanged,
        Kind::OpportunityForecastRevised,
        Kind::InvoiceIssued,
        Kind::CreditApplied,
        Kind::PaymentReceived,
    ];
    let decided: usize = decided.iter().filter_map(|kind| counts.get(kind)).sum();
    assert!(decided * 100 >= events * 60, "{decided}");
}

#[test]
fn loads_repeat_and_grow_with_their_customers() {
    let count = |load: &mut Load| load.by_ref().take(50).count();
    let (mut one, mut two) =
        (Load::new(5, Size::M).expect("a load"), Load::new(5, Size::M).expect("a load"));
    let (a, b) = (one.next().expect("a batch"), two.next().expect("a batch"));
    assert_eq!((a.at, a.batch.units), (b.at, b.batch.units));
    assert_eq!(count(&mut one), 50);
    assert_eq!(one.customers(), 51_000 / 10);
    for ((act, share), made) in SHARES.iter().zip(one.counts()) {
        let off = made.abs_diff(share * 510);
        assert!(off * 100 <= share * 510 * 15, "{act:?}: {made} of {}", share * 510);
    }
    assert_eq!(SHARES[0].0, Act::Register);
    let keyed = Load::of_requests(5, 10).expect("a load").with_keys().next().expect("a batch");
    assert!(keyed.batch.units.iter().flatten().all(|request| request.idempotency_key.is_some()));
    assert_eq!(
        (Size::S.customers(), Size::M.customers(), Size::L.customers()),
        (10_000, 100_000, 500_000)
    );
}

#[test]
fn files_are_attached_where_the_story_says() {
    let book = Book::told(1);
    let files = |customer: &str| {
        let events = book.history(customer);
        let attached = events.iter().filter(|event| event.body.kind() == Kind::AttachmentAdded);
        let positions: Vec<Position> = attached.map(|event| event.envelope.position).collect();
        positions
            .into_iter()
            .map(|position| {
                let reader = book.ledger.reader();
                let mut file = reader.attached_file(position).expect("opened").expect("attached");
                let mut content = Vec::new();
                std::io::Read::read_to_end(&mut file.content, &mut content).expect("read");
                (file.body.media_type.essence().to_owned(), file.body.attachment, content)
            })
            .collect::<Vec<_>>()
    };
    let visit = files(demo::papers::VISIT_WITH_FILES);
    let types: Vec<&str> = visit.iter().map(|(media_type, ..)| media_type.as_str()).collect();
    assert_eq!(types, ["application/pdf", "text/csv", "text/csv"]);
    assert_eq!(visit[1], visit[2], "one file, attached twice");
    assert!(visit[0].2.starts_with(b"%PDF-1.4") && visit[0].2.ends_with(b"%%EOF\n"));
    let call = files(demo::papers::RECORDED_CALL);
    assert_eq!((call.len(), call[0].2.len()), (1, 44 + 16_000));
}
