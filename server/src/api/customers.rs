//! `GET /v1/customers` and `GET /v1/customers/{code}`: the list, and one customer on one page.

use std::collections::VecDeque;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::event::StreamId;
use daybook_core::event::customer::CustomerField;
use daybook_core::id::CustomerCode;
use daybook_core::ledger::Reader;
use daybook_core::ledger::read::{OpenedEvent, Query};
use daybook_core::position::Position;
use daybook_core::time::{Date, Timestamp};
use daybook_projections::account::Discrepancy;
use daybook_projections::customers::{CustomerRow, name_in, rows};
use daybook_projections::engine::{Bucket, State as ViewState};
use daybook_projections::lineage::{Links, links};
use daybook_projections::profile::{Profile, profile};
use daybook_projections::{View, Voided};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::basis::{BasisQuery, BasisView, Resolved};
use super::dealings::DealingsView;
use super::events::{EventView, customer_code};
use super::extract::{Params, PathPart};
use super::holdings::written;
use super::money::{AmountView, amounts, sums};
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;

/// The most customers one answer holds.
pub const CUSTOMERS_MAX: usize = 1000;
/// The events of a timeline when no limit is given: the latest.
pub const TIMELINE_DEFAULT: usize = 50;

/// Which customers are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CustomersQuery {
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Only codes after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many customers, or events of a timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The list of customers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CustomersAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// How many there are in all.
    pub total: usize,
    /// The customers, in order of code.
    pub customers: Vec<CustomerView>,
    /// Where the list goes on: `after` this code.
    pub next: Option<String>,
}

/// One customer of the list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CustomerView {
    /// The code.
    pub code: String,
    /// The name, where it may be seen.
    pub name: Option<String>,
    /// What the customer is to us.
    pub kind: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// Effective time of the earliest event.
    pub first_at: Option<Timestamp>,
    /// Effective time of the latest event.
    pub last_at: Option<Timestamp>,
    /// Events that count.
    pub events: u64,
}

/// One customer on one page.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CustomerAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// Who it is.
    pub profile: ProfileView,
    /// What is going on.
    pub dealings: DealingsView,
    /// The customer it is merged into.
    pub merged_into: Option<String>,
    /// The customers merged into it, each with what it has by itself.
    pub merged: Vec<MergedView>,
    /// The key figures of all of them together, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<Figures>,
    /// The latest events, oldest first; voided ones are marked.
    pub timeline: Vec<EventView>,
    /// Events of the timeline that were left out, all earlier.
    pub earlier: usize,
}

/// A customer that is merged into another.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MergedView {
    /// Who it is.
    #[serde(flatten)]
    pub profile: ProfileView,
    /// What is going on.
    pub dealings: DealingsView,
}

/// Who a customer is, and its key figures.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProfileView {
    /// The code.
    pub code: String,
    /// The name, where it may be seen.
    pub name: Option<String>,
    /// What the customer is to us.
    pub kind: Option<String>,
    /// How it came to us.
    pub source: Option<String>,
    /// Who looks after it: a user's id, `pool` or `unit:CODE`.
    pub owner: Option<String>,
    /// The details with their Chinese labels; a value is absent while sealed or erased.
    pub details: Vec<DetailView>,
    /// The contacts.
    pub contacts: Vec<ContactView>,
    /// The key figures.
    pub figures: Figures,
}

/// One detail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DetailView {
    /// The field.
    pub field: String,
    /// The field in Chinese.
    pub label_zh: String,
    /// The value.
    pub value: Option<String>,
}

/// One contact.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ContactView {
    /// The contact's id.
    pub contact: String,
    /// The name, where it may be seen.
    pub name: Option<String>,
    /// Function.
    pub role: Option<String>,
    /// Whether it is the main contact.
    pub main: bool,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

/// Key figures of one customer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Events that count.
    pub events: u64,
    /// Interactions.
    pub interactions: u64,
    /// The latest interaction.
    pub last_interaction_at: Option<Timestamp>,
    /// Open opportunities.
    pub opportunities_open: usize,
    /// What is expected of them.
    pub pipeline: Vec<AmountView>,
    /// What was won.
    pub won: Vec<AmountView>,
    /// What was invoiced.
    pub invoiced: Vec<AmountView>,
    /// What came in.
    pub received: Vec<AmountView>,
    /// What is owed.
    pub receivable: Vec<AmountView>,
    /// The part of it that is overdue.
    pub overdue: Vec<AmountView>,
    /// The first due date of what is overdue.
    pub overdue_since: Option<Date>,
    /// What came in and was not applied to a debt.
    pub unapplied: Vec<AmountView>,
    /// Confirmed balances that facts recorded since have changed.
    pub discrepancies: Vec<DiscrepancyView>,
    /// Complaints and requests not yet closed.
    pub complaints_open: usize,
    /// Tasks not yet ended.
    pub tasks_open: usize,
    /// The part of them that should have been done before the basis.
    pub tasks_overdue: usize,
}

/// A confirmed balance that no longer is what it was.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiscrepancyView {
    /// The confirmation.
    pub confirmation: String,
    /// The day at whose end the balance stood.
    pub confirmed_on: Date,
    /// The balance when it was confirmed.
    pub confirmed: AmountView,
    /// The balance of that day by what is known at the basis.
    pub now: AmountView,
}

impl From<Discrepancy> for DiscrepancyView {
    fn from(discrepancy: Discrepancy) -> DiscrepancyView {
        DiscrepancyView {
            confirmation: discrepancy.confirmation.to_string(),
            confirmed_on: discrepancy.confirmed_on,
            confirmed: discrepancy.confirmed.into(),
            now: discrepancy.now.into(),
        }
    }
}

pub(super) fn routes() -> Routes {
    let list = get("/customers", "List the customers", list);
    let one = get("/customers/{code}", "Show one customer on one page", one)
        .describe(|operation| operation.answer_json::<CustomerAnswer>());
    Routes::of("customers", [list, one])
}

fn basis_of(query: &CustomersQuery) -> BasisQuery {
    BasisQuery { as_of: query.as_of.clone(), known_at: query.known_at.clone() }
}

async fn list(
    State(app): State<App>,
    Params(query): Params<CustomersQuery>,
) -> Result<Json<CustomersAnswer>, ApiError> {
    blocking(move || customers(&app, &query)).await.map(Json)
}

fn customers(app: &App, query: &CustomersQuery) -> Result<CustomersAnswer, ApiError> {
    let reader = app.ledger.reader();
    let resolved = basis_of(query).resolve(reader)?;
    let limit = query.limit.unwrap_or(CUSTOMERS_MAX).clamp(1, CUSTOMERS_MAX);
    let after = query.after.as_deref().unwrap_or_default();
    let question = |state: &ViewState| {
        let parts = state.ask_all(app.views.threads(), |bucket| rows(bucket, &resolved.basis));
        page_of(state.buckets(), &parts, after, limit)
    };
    let before = resolved.basis.before;
    let (total, listed, more) =
        app.views.ask_at_least(reader, View::Customers, before, question)?;
    let customers = listed.into_iter().map(|listed| listed.view(reader));
    let customers = customers.collect::<Result<Vec<CustomerView>, ApiError>>()?;
    let next = customers.last().filter(|_| more).map(|last| last.code.clone());
    Ok(CustomersAnswer { basis: resolved.view, total, customers, next })
}

/// A row of the list in words; the name is not looked up yet.
struct Listed {
    code: String,
    city: Option<String>,
    row: CustomerRow,
}

/// Finds the first customers after a code, in order of code; counts all, and says whether there are
/// more.
fn page_of(
    buckets: &[Bucket],
    parts: &[Vec<CustomerRow>],
    after: &str,
    limit: usize,
) -> (usize, Vec<Listed>, bool) {
    let total = parts.iter().map(Vec::len).sum();
    let all = buckets.iter().zip(parts).flat_map(|(bucket, rows)| {
        rows.iter().filter_map(move |row| Some((bucket.customer(row.customer)?, row, bucket)))
    });
    let mut page: Vec<_> = all.filter(|(code, ..)| code.as_str() > after).collect();
    let more = page.len() > limit;
    if more {
        // All but the page itself need no order.
        page.select_nth_unstable_by(limit, |left, right| left.0.cmp(right.0));
        page.truncate(limit);
    }
    page.sort_unstable_by(|left, right| left.0.cmp(right.0));
    let listed = page.into_iter().map(|(code, row, bucket)| {
        let city = bucket.text(row.city);
        let city = (!city.is_empty()).then(|| city.to_owned());
        Listed { code: code.to_string(), city, row: *row }
    });
    (total, listed.collect(), more)
}

impl Listed {
    fn view(self, reader: &Reader) -> Result<CustomerView, ApiError> {
        Ok(CustomerView {
            code: self.code,
            name: self.row.name_at.map(|at| name_at(reader, at)).transpose()?.flatten(),
            kind: self.row.kind.map(|kind| kind.as_str().to_owned()),
            city: self.city,
            first_at: Some(self.row.first_at),
            last_at: Some(self.row.last_at),
            events: self.row.events,
        })
    }
}

/// Opens the one event that holds a customer's name.
fn name_at(reader: &Reader, position: Position) -> Result<Option<String>, ApiError> {
    let Some((event, hash)) = reader.event(position)? else { return Ok(None) };
    let opened = reader.open_sections(event, hash)?;
    Ok(name_in(&opened.event).map(str::to_owned))
}

async fn one(
    State(app): State<App>,
    PathPart(code): PathPart<String>,
    Params(query): Params<CustomersQuery>,
) -> Result<Response, ApiError> {
    let customer = customer_code(&code)?;
    let limit = query.limit.unwrap_or(TIMELINE_DEFAULT).max(1);
    let past = query.as_of.is_some() || query.known_at.is_some();
    let now = app.clock.now();
    if !past && let Some(page) = app.pages.at_once(app.ledger.reader(), &customer, limit, now) {
        return respond(&app, page);
    }
    blocking(move || {
        let reader = app.ledger.reader();
        if !past && let Some(page) = app.pages.look_up(reader, &customer, limit, now)? {
            return respond(&app, page);
        }
        let (answer, until) = self::customer(&app, &code, &query)?;
        // A survivor's page changes with the streams linked to it.
        let past = past || !answer.merged.is_empty();
        let position = answer.basis.position;
        let rest = rest_of(&answer)?;
        if past {
            return respond_at(&answer.basis, &rest);
        }
        app.pages.keep(customer, limit, position, until, rest.clone());
        respond_at(&answer.basis, &rest)
    })
    .await
}

/// Answers with a page that was kept.
fn respond(app: &App, (position, rest): (Position, Bytes)) -> Result<Response, ApiError> {
    let zone = app.ledger.reader().book()?.zone.name().to_owned();
    respond_at(
        &BasisView { as_of: None, known_at: None, position, zone, learned_later: None },
        &rest,
    )
}

fn respond_at(basis: &BasisView, rest: &[u8]) -> Result<Response, ApiError> {
    let mut body = Vec::with_capacity(rest.len() + 160);
    body.extend_from_slice(BASIS);
    serde_json::to_writer(&mut body, basis).map_err(|_| ApiError::Interrupted)?;
    body.extend_from_slice(rest);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// How every page begins; the basis is its first field.
const BASIS: &[u8] = b"{\"basis\":";

/// Writes a page and leaves its basis out.
fn rest_of(answer: &CustomerAnswer) -> Result<Bytes, ApiError> {
    let written = serde_json::to_vec(answer).and_then(|whole| {
        let basis = serde_json::to_vec(&answer.basis)?;
        Ok(Bytes::from(whole).slice(BASIS.len() + basis.len()..))
    });
    written.map_err(|_| ApiError::Interrupted)
}

/// Makes a customer's page, and says until when it stays so if no event comes.
fn customer(
    app: &App,
    code: &str,
    query: &CustomersQuery,
) -> Result<(CustomerAnswer, Timestamp), ApiError> {
    made(app, code, query)?.1.ok_or_else(|| no_customer(code))
}

/// Returns a customer's page at a basis; no page when nothing is known of the customer there.
pub(super) fn customer_at(
    app: &App,
    code: &str,
    query: &CustomersQuery,
) -> Result<(BasisView, Option<CustomerAnswer>), ApiError> {
    let (basis, made) = made(app, code, query)?;
    Ok((basis, made.map(|(answer, _)| answer)))
}

/// Tells that a customer is not there.
pub(super) fn no_customer(code: &str) -> ApiError {
    let hint = (
        "see `daybook show` for the customers on file, or check the code",
        "已建档的客户见 `daybook show`，或请核对代码",
    );
    ApiError::missing(("customer", "客户"), code, hint)
}

/// A page, and until when it stays so if no event comes.
type Made = (CustomerAnswer, Timestamp);

fn made(
    app: &App,
    code: &str,
    query: &CustomersQuery,
) -> Result<(BasisView, Option<Made>), ApiError> {
    let reader = app.ledger.reader();
    let resolved = basis_of(query).resolve(reader)?;
    let voided = resolved.voided(reader)?;
    let asked = customer_code(code)?;
    let mut own = Own::read(reader, &asked, &resolved, &voided)?;
    let mut events = std::mem::take(&mut own.events);
    if events.is_empty() {
        return Ok((resolved.view, None));
    }
    let merged = own.merged(reader, &resolved, &voided)?;
    for (_, other) in &merged {
        events.extend(other.events.iter().cloned());
    }
    let (now, book) = (app.clock.now(), reader.book()?);
    let views = merged.iter().map(|(code, other)| MergedView {
        profile: profile_view(code.as_str(), &other.profile, &resolved, app),
        dealings: DealingsView::new(&other.profile, book),
    });
    let views: Vec<MergedView> = views.collect();
    events
        .sort_by_key(|opened| (opened.event.envelope.effective_at, opened.event.envelope.position));
    let limit = query.limit.unwrap_or(TIMELINE_DEFAULT).max(1);
    let earlier = events.len().saturating_sub(limit);
    let timeline = events.iter().skip(earlier).map(|opened| EventView::new(opened, &voided));
    let timeline = timeline.collect();
    let Own { profile, links, .. } = &own;
    let dealings = DealingsView::new(profile, book);
    // Tonight debts become overdue; a task does when its own time has passed.
    let due = profile.dealings.tasks().map(|(_, task)| task.due_at).filter(|due| *due >= now);
    let until = due.fold(now.date_in(resolved.zone).end_in(resolved.zone), Timestamp::min);
    let mut profile = profile_view(code, profile, &resolved, app);
    for (field, from) in &links.taken {
        let taken = merged.iter().find(|(code, _)| code == from);
        let value = taken.and_then(|(_, other)| other.profile.details.get(field));
        if let Some(value) = value {
            profile.take(*field, value.as_ref().map(ToString::to_string));
        }
    }
    let figures = views.iter().map(|merged| &merged.profile.figures);
    let together = figures.fold(None, |sum: Option<Figures>, one| {
        Some(sum.unwrap_or_else(|| profile.figures.clone()).and(one))
    });
    let merged_into = links.merged_into.as_ref().map(ToString::to_string);
    let basis = resolved.view.clone();
    let answer = CustomerAnswer {
        basis: resolved.view,
        profile,
        dealings,
        merged_into,
        merged: views,
        together,
        timeline,
        earlier,
    };
    Ok((basis, Some((answer, until))))
}

/// What one stream says of its customer at a basis.
struct Own {
    events: Vec<OpenedEvent>,
    profile: Profile,
    links: Links,
}

impl Own {
    fn read(
        reader: &Reader,
        customer: &CustomerCode,
        resolved: &Resolved,
        voided: &Voided,
    ) -> Result<Own, ApiError> {
        let stream = Some(StreamId::Customer(customer.clone()));
        let asked = Query { stream, before: Some(resolved.basis.before), ..Query::default() };
        let mut events = Vec::new();
        for event in reader.events(asked) {
            let (event, hash) = event?;
            events.push(reader.open_sections(event, hash)?);
        }
        let all = || events.iter().map(|opened| &opened.event);
        let profile = profile(all(), &resolved.basis, voided, resolved.zone);
        let links = links(all(), &resolved.basis);
        events.retain(|opened| resolved.basis.admits(&opened.event));
        Ok(Own { events, profile, links })
    }

    /// Reads the customers merged into it, and those merged into them.
    fn merged(
        &self,
        reader: &Reader,
        resolved: &Resolved,
        voided: &Voided,
    ) -> Result<Vec<(CustomerCode, Own)>, ApiError> {
        let mut left: VecDeque<CustomerCode> = self.links.merged.iter().cloned().collect();
        let mut merged = Vec::new();
        while let Some(code) = left.pop_front() {
            let other = Own::read(reader, &code, resolved, voided)?;
            left.extend(other.links.merged.iter().cloned());
            merged.push((code, other));
        }
        Ok(merged)
    }
}

impl ProfileView {
    /// Shows another customer's value of a detail.
    fn take(&mut self, field: CustomerField, value: Option<String>) {
        if field == CustomerField::Name {
            self.name.clone_from(&value);
        }
        self.details.retain(|detail| detail.field != field.as_str());
        let (field, label_zh) = (field.as_str().to_owned(), field.label_zh().to_owned());
        self.details.push(DetailView { field, label_zh, value });
    }
}

impl Figures {
    /// Adds another customer's figures; each currency by itself.
    fn and(self, other: &Figures) -> Figures {
        Figures {
            events: self.events + other.events,
            interactions: self.interactions + other.interactions,
            last_interaction_at: self.last_interaction_at.max(other.last_interaction_at),
            opportunities_open: self.opportunities_open + other.opportunities_open,
            pipeline: sums(self.pipeline, &other.pipeline),
            won: sums(self.won, &other.won),
            invoiced: sums(self.invoiced, &other.invoiced),
            received: sums(self.received, &other.received),
            receivable: sums(self.receivable, &other.receivable),
            overdue: sums(self.overdue, &other.overdue),
            overdue_since: self.overdue_since.into_iter().chain(other.overdue_since).min(),
            unapplied: sums(self.unapplied, &other.unapplied),
            discrepancies: [self.discrepancies, other.discrepancies.clone()].concat(),
            complaints_open: self.complaints_open + other.complaints_open,
            tasks_open: self.tasks_open + other.tasks_open,
            tasks_overdue: self.tasks_overdue + other.tasks_overdue,
        }
    }
}

fn profile_view(code: &str, profile: &Profile, resolved: &Resolved, app: &App) -> ProfileView {
    let details = profile.details.iter().map(|(field, value)| DetailView {
        field: field.as_str().to_owned(),
        label_zh: field.label_zh().to_owned(),
        value: value.as_ref().map(ToString::to_string),
    });
    let contacts = profile.contacts.iter().map(|contact| ContactView {
        contact: contact.contact.to_string(),
        name: contact.name.as_ref().map(ToString::to_string),
        role: contact.role.as_ref().map(ToString::to_string),
        main: contact.main,
        phones: contact.phones.iter().map(ToString::to_string).collect(),
        emails: contact.emails.iter().map(ToString::to_string).collect(),
    });
    ProfileView {
        code: code.to_owned(),
        name: profile.name().map(ToString::to_string),
        kind: profile.kind.map(|kind| kind.as_str().to_owned()),
        source: profile.source.map(|source| source.as_str().to_owned()),
        owner: profile.owner.as_ref().map(|owner| written(Some(owner))),
        details: details.collect(),
        contacts: contacts.collect(),
        figures: figures(profile, resolved, app),
    }
}

fn figures(profile: &Profile, resolved: &Resolved, app: &App) -> Figures {
    let now = resolved.basis.as_of.unwrap_or_else(|| app.clock.now());
    let today = now.date_in(resolved.zone);
    let (receivable, overdue) = profile.account.owed(today);
    let (opportunities_open, pipeline) = profile.pipeline();
    Figures {
        events: profile.events,
        interactions: profile.interactions,
        last_interaction_at: profile.last_interaction_at,
        opportunities_open,
        pipeline: amounts(&pipeline),
        won: amounts(&profile.won()),
        invoiced: amounts(&profile.invoiced),
        received: amounts(&profile.account.received(today)),
        receivable: amounts(&receivable),
        overdue: amounts(&overdue),
        overdue_since: profile.account.overdue_since(today),
        unapplied: amounts(&profile.account.unapplied(today)),
        discrepancies: profile.account.discrepancies().into_iter().map(Into::into).collect(),
        complaints_open: profile.dealings.open().count(),
        tasks_open: profile.dealings.tasks().count(),
        tasks_overdue: profile.dealings.tasks().filter(|(_, task)| task.due_at < now).count(),
    }
}
