//! `POST /v1/merges`, `POST /v1/merges/reverse`, `GET /v1/customers/{code}/merges`: customers that turn
//! out to be one, or two after all, each change in one unit.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use daybook_core::decide::command::{TakeBack, TakeOver};
use daybook_core::decide::merge::{Fact, Merge};
use daybook_core::decide::{Command, Rejection, Request, void};
use daybook_core::event::customer::CustomerField;
use daybook_core::event::merge::{CustomersMerged, MergeReversed, MergeSide, Reattached};
use daybook_core::event::{Body, Event, Kind, StreamId};
use daybook_core::id::{CustomerCode, EventId, Note};
use daybook_core::ledger::{Batch, Reader, Refusal};
use daybook_core::position::Position;
use daybook_core::proof::Hash;
use daybook_projections::summary::summarize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::commands::{CommandsAnswer, mode, respond};
use super::events::{SummaryView, customer_code};
use super::extract::{Call, PathPart};
use super::route::{Routes, get, post};
use super::{ApiError, blocking};
use crate::App;
use crate::import::takeover::command_of;
use crate::text::Language;

/// Merges customers into one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeCall {
    /// The customer that stays.
    pub survivor: CustomerCode,
    /// The customers merged into it.
    pub merged: Vec<CustomerCode>,
    /// Details of which a merged customer's value counts, and whose.
    #[serde(default)]
    pub take: BTreeMap<CustomerField, CustomerCode>,
    /// Why, in words that name nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
    /// Whether nothing is kept.
    #[serde(default)]
    pub dry_run: bool,
}

/// Undoes a merge.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseCall {
    /// The customer that stayed.
    pub survivor: CustomerCode,
    /// The customer that had been merged into it.
    pub merged: CustomerCode,
    /// Whose facts are that were recorded with the survivor since, by position. What followed from a
    /// fact goes with it.
    #[serde(default)]
    pub give: BTreeMap<Position, CustomerCode>,
    /// Whose those are that are not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<CustomerCode>,
    /// Why, in words that name nobody.
    pub reason: Note,
    /// Whether nothing is kept.
    #[serde(default)]
    pub dry_run: bool,
}

/// The merges of a customer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MergesAnswer {
    /// The customer it is merged into.
    pub merged_into: Option<String>,
    /// The merges it survived and that stand.
    pub merges: Vec<MergeView>,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// A merge that stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MergeView {
    /// The customer merged.
    pub merged: String,
    /// The facts recorded with the survivor since, to which an undoing gives owners.
    pub since: Vec<FactView>,
}

/// A fact recorded since a merge.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FactView {
    /// The event.
    pub event: EventId,
    /// Where it stands.
    pub position: Position,
    /// The kind.
    pub kind: String,
    /// The kind in Chinese.
    pub kind_zh: String,
    /// One line about it.
    pub summary: SummaryView,
}

pub(super) fn routes() -> Routes {
    let refuses = |operation: &mut super::describe::Operation<'_>| {
        operation.problem(StatusCode::NOT_FOUND);
        operation.problem(StatusCode::CONFLICT);
        operation.problem(StatusCode::INSUFFICIENT_STORAGE);
    };
    let merge = post("/merges", "Merge customers into one", merge).describe(refuses);
    let reverse = post("/merges/reverse", "Undo a merge", reverse).describe(refuses);
    let list = get("/customers/{code}/merges", "List the merges of a customer", list);
    Routes::of("merges", [merge, reverse, list])
}

async fn merge(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Call(call): Call<MergeCall>,
) -> Result<Json<CommandsAnswer>, ApiError> {
    let MergeCall { survivor, merged, take, reason, dry_run } = call;
    if merged.is_empty() {
        return Err(ApiError::malformed(
            "/merged",
            ("no customer is named", "没有指明客户"),
            ("name the customers that are merged into the survivor", "请指明并入的客户"),
        ));
    }
    let foreign = |code: &&CustomerCode| **code != survivor && !merged.contains(code);
    if let Some(customer) = take.values().find(foreign) {
        return Err(ApiError::refused(&Rejection::NotOfTheMerge { customer: customer.clone() }));
    }
    let asked = (app.clone(), survivor.clone());
    let known = blocking(move || {
        let (app, survivor) = asked;
        Ok(app.directory.duplicates(app.ledger.reader(), Some(&survivor))?.0)
    })
    .await?;
    let mut unit = Vec::with_capacity(merged.len());
    for code in merged {
        let fields_taken = take.iter().filter(|(_, from)| **from == code);
        let mut evidence = known.iter().map(|pair| &pair.candidate);
        let body = CustomersMerged {
            side: None,
            survivor: survivor.clone(),
            merged: code.clone(),
            fields_taken: fields_taken.map(|(field, _)| *field).collect(),
            evidence: evidence.find(|one| one.customer == code).cloned(),
            ids_from: 0,
        };
        unit.push(Request { reason: reason.clone(), ..Request::about(code, body) });
    }
    let Caller { actor, source } = caller;
    let batch = Batch { actor, source, units: vec![unit], mode: mode(dry_run) };
    respond(app.ledger.submit(batch).await?, dry_run, language, &[]).map(Json)
}

/// A customer's history as it is now, with the merges that stand.
struct History {
    events: Vec<(Event, Hash)>,
    merges: Vec<Merge>,
    merged_into: Option<CustomerCode>,
}

impl History {
    fn of(reader: &Reader, customer: &CustomerCode) -> Result<History, ApiError> {
        let events = reader.history(&StreamId::Customer(customer.clone()))?;
        let profile = void::replay(&mut events.clone()).profile;
        Ok(History { events, merges: profile.merges, merged_into: profile.merged_into })
    }

    fn event(&self, position: Position) -> Option<&(Event, Hash)> {
        self.events.iter().find(|(event, _)| event.envelope.position == position)
    }

    /// Returns the fact that a fact followed from, or itself.
    fn root(&self, fact: &Fact) -> Position {
        let cause = self.event(fact.position).and_then(|(event, _)| event.envelope.causation);
        let found = cause.and_then(|cause| {
            self.events.iter().find(|(event, _)| event.envelope.event_id == cause)
        });
        found.map_or(fact.position, |(event, _)| event.envelope.position)
    }
}

/// What undoing comes to: the requests of one unit, and which fact each of the last ones records anew.
struct Plan {
    requests: Vec<Request>,
    moved: Vec<(Kind, Position)>,
}

/// How many requests come before those that record facts anew.
const BEFORE_MOVES: usize = 2;

fn plan(reader: &Reader, call: &ReverseCall) -> Result<Plan, ApiError> {
    let refused = |rejection: Rejection| ApiError::refused(&rejection);
    let history = History::of(reader, &call.survivor)?;
    let merge = history.merges.iter().find(|merge| merge.merged == call.merged);
    let merge =
        merge.ok_or_else(|| refused(Rejection::MergeUnknown { merged: call.merged.clone() }))?;
    let since = |position: &Position| merge.facts.iter().any(|fact| fact.position == *position);
    if let Some(position) = call.give.keys().copied().find(|position| !since(position)) {
        return Err(refused(Rejection::NotSinceMerge { position }));
    }
    let mut facts = Vec::with_capacity(merge.facts.len());
    for fact in &merge.facts {
        let root = history.root(fact);
        let said = call.give.get(&fact.position).or_else(|| call.give.get(&root));
        if let Some(to) = said.or(call.rest.as_ref()) {
            let (event, position) = (fact.event, fact.position);
            facts.push((root, Reattached { event, position, to: to.clone() }));
        }
    }
    let goes = |fact: &Reattached| fact.to == call.merged;
    let going: BTreeSet<EventId> =
        facts.iter().filter(|(_, fact)| goes(fact)).map(|(_, fact)| fact.event).collect();
    for (root, fact) in &facts {
        let with = facts.iter().find(|(_, other)| other.position == *root);
        if let Some((_, with)) = with.filter(|(_, with)| with.to != fact.to) {
            let (position, root) = (fact.position, with.position);
            return Err(refused(Rejection::GoesWithCause { position, root }));
        }
    }
    let mut requests = vec![Request {
        reason: Some(call.reason.clone()),
        ..Request::about(
            call.survivor.clone(),
            Command::ReverseMerge(Box::new(MergeReversed {
                side: MergeSide::Survivor,
                survivor: call.survivor.clone(),
                merged: call.merged.clone(),
                facts: facts.iter().map(|(_, fact)| fact.clone()).collect(),
            })),
        )
    }];
    let mut moved = Vec::new();
    if going.is_empty() {
        return Ok(Plan { requests, moved });
    }
    let events = going.iter().copied().collect();
    requests.push(Request {
        reason: Some(call.reason.clone()),
        ..Request::about(
            call.survivor.clone(),
            Command::TakeBack(TakeBack { import: None, events }),
        )
    });
    for (event, hash) in &history.events {
        let envelope = &event.envelope;
        if let Body::AttachmentAdded(file) = &event.body
            && (going.contains(&file.event) || going.contains(&envelope.event_id))
        {
            return Err(refused(Rejection::AttachedStays { position: envelope.position }));
        }
        let root = facts
            .iter()
            .any(|(root, fact)| *root == fact.position && fact.event == envelope.event_id);
        if !root || !going.contains(&envelope.event_id) {
            continue;
        }
        let opened = reader.open_sections(event.clone(), *hash)?;
        requests.push(anew(&call.merged, event, opened.event.body)?);
        moved.push((event.body.kind(), envelope.position));
    }
    Ok(Plan { requests, moved })
}

/// Makes the request that records a fact with the customer it goes to, as it was decided before.
fn anew(to: &CustomerCode, event: &Event, body: Body) -> Result<Request, ApiError> {
    let envelope = &event.envelope;
    let (kind, position) = (body.kind(), envelope.position);
    let command = command_of(body).ok_or_else(|| {
        ApiError::refused(&Rejection::NotVoidable {
            kind,
            position,
            instead: "let it stay with the survivor",
        })
    })?;
    let over = TakeOver {
        recorded_at: envelope.recorded_at,
        actor: envelope.actor.clone(),
        about: None,
        corrects: None,
        command,
        follows: None,
        facts: Vec::new(),
    };
    Ok(Request {
        effective_at: Some(envelope.effective_at),
        reason: envelope.reason.clone(),
        ..Request::about(to.clone(), Command::TakeOver(Box::new(over)))
    })
}

async fn reverse(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Call(call): Call<ReverseCall>,
) -> Result<Json<CommandsAnswer>, ApiError> {
    let (dry_run, to) = (call.dry_run, call.merged.clone());
    let reader = app.ledger.reader().clone();
    let Plan { requests, moved } = blocking(move || plan(&reader, &call)).await?;
    let Caller { actor, source } = caller;
    let batch = Batch { actor, source, units: vec![requests], mode: mode(dry_run) };
    let mut answer = app.ledger.submit(batch).await?;
    for unit in &mut answer.units {
        if let Err(Refusal { index, rejection }) = unit
            && let Some((kind, position)) =
                index.checked_sub(BEFORE_MOVES).and_then(|index| moved.get(index)).copied()
        {
            let why = Box::new(rejection.clone());
            *rejection = Rejection::CannotGo { kind, position, to: to.clone(), why };
        }
    }
    respond(answer, dry_run, language, &[]).map(Json)
}

async fn list(
    State(app): State<App>,
    PathPart(code): PathPart<String>,
) -> Result<Json<MergesAnswer>, ApiError> {
    blocking(move || merges(app.ledger.reader(), &customer_code(&code)?)).await.map(Json)
}

fn merges(reader: &Reader, customer: &CustomerCode) -> Result<MergesAnswer, ApiError> {
    let position = reader.head().next;
    let history = History::of(reader, customer)?;
    let mut merges = Vec::with_capacity(history.merges.len());
    for merge in &history.merges {
        let mut since = Vec::with_capacity(merge.facts.len());
        for fact in &merge.facts {
            let Some((event, hash)) = history.event(fact.position) else { continue };
            let body = reader.open_sections(event.clone(), *hash)?.event.body;
            let summary = summarize(&body);
            since.push(FactView {
                event: fact.event,
                position: fact.position,
                kind: body.kind().name().to_owned(),
                kind_zh: body.kind().label_zh().to_owned(),
                summary: SummaryView { en: summary.en, zh: summary.zh },
            });
        }
        merges.push(MergeView { merged: merge.merged.to_string(), since });
    }
    let merged_into = history.merged_into.map(|survivor| survivor.to_string());
    Ok(MergesAnswer { merged_into, merges, position })
}
