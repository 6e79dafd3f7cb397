//! `POST /v1/handovers`, `POST /v1/pool/recycle`: everything of one user handed over to another, and
//! customers that nobody deals with given to the pool, each in one unit.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use daybook_core::decide::{BookState, Request};
use daybook_core::event::assignment::{
    AssignedFamily, AssignedRecord, Holder, HolderKind, RecordAssigned,
};
use daybook_core::event::organisation::{
    OrgUnitChanged, UnitChange, UserStatus, UserStatusChanged,
};
use daybook_core::event::{Body, BookStream, StreamId};
use daybook_core::id::{ActorId, Label, Note};
use daybook_core::ledger::{Batch, Reader};
use daybook_core::position::ExpectedVersion;
use daybook_projections::holdings::{DEALINGS, Holdings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::basis::BasisQuery;
use super::caller::Caller;
use super::commands::{CommandsAnswer, mode, respond};
use super::extract::Call;
use super::holdings::{HeldView, book, counted, held, item};
use super::route::{Routes, post};
use super::{ApiError, blocking};
use crate::App;
use crate::text::Language;

/// Hands everything of one user over to another.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Who gives.
    pub from: ActorId,
    /// Who takes.
    pub to: ActorId,
    /// Why, in words that name nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
    /// Whether the one who gives leaves.
    #[serde(default)]
    pub leaves: bool,
    /// Whether nothing is kept.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was handed over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HandoverAnswer {
    /// What moved.
    pub moved: Vec<HeldView>,
    /// The events.
    #[serde(flatten)]
    pub recorded: CommandsAnswer,
}

/// Gives the customers to the pool that nobody dealt with for as long as the pool's rules say.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recycle {
    /// Whether nothing is kept.
    #[serde(default)]
    pub dry_run: bool,
}

pub(super) fn routes() -> Routes {
    let hand_over = post("/handovers", "Hand everything of one user over to another", hand_over)
        .describe(|operation| {
            operation.problem(StatusCode::NOT_FOUND);
            operation.problem(StatusCode::CONFLICT);
            operation.problem(StatusCode::INSUFFICIENT_STORAGE);
        });
    let recycle = post("/pool/recycle", "Give customers nobody deals with to the pool", recycle)
        .describe(|operation| {
            operation.problem(StatusCode::NOT_FOUND);
            operation.problem(StatusCode::CONFLICT);
            operation.problem(StatusCode::INSUFFICIENT_STORAGE);
        });
    Routes::of("holdings", [hand_over, recycle])
}

/// What a plan comes to: the requests of one unit, and what they move.
#[derive(Default)]
struct Plan {
    requests: Vec<Request>,
    moved: Vec<HeldView>,
}

fn assignment(record: AssignedRecord, from: Holder, to: Holder) -> RecordAssigned {
    let (moved, left_behind) = (Vec::new(), Vec::new());
    RecordAssigned { record, from: Some(from), to, moved, left_behind, holds: None, rule: None }
}

/// A request to the book itself.
fn to_book(command: impl Into<daybook_core::decide::Command>, reason: Option<Note>) -> Request {
    Request {
        customer: None,
        effective_at: None,
        expected_version: ExpectedVersion::Any,
        idempotency_key: None,
        reason,
        corrects: None,
        command: command.into(),
    }
}

impl Plan {
    /// Plans what leaves the one who gives with nothing.
    fn of(handover: &Handover, holdings: &Holdings) -> Result<Plan, ApiError> {
        let (from, to) = (Holder::user(handover.from.clone()), Holder::user(handover.to.clone()));
        let mut plan = Plan::default();
        for (code, held) in &holdings.customers {
            let mut assign = |record: AssignedRecord| {
                let assigned = assignment(record, from.clone(), to.clone());
                let reason = handover.reason.clone();
                plan.requests.push(Request { reason, ..Request::about(code.clone(), assigned) });
            };
            // A customer that is merged away goes with its survivor.
            let whole = held.holder.as_ref() == Some(&from) && !held.merged_away;
            if whole {
                assign(AssignedRecord::CUSTOMER);
                plan.moved.push(item(code, AssignedFamily::Customer, None));
            }
            for (family, id, holder) in held.open() {
                if holder != Some(&from) {
                    continue;
                }
                plan.moved.push(item(code, family, Some(id)));
                // What is open goes with its customer; elsewhere it is handed over by itself.
                if !whole {
                    let label = Label::new(id).map_err(|error| {
                        let said = error.to_string();
                        ApiError::malformed(
                            "from",
                            (said.clone(), said),
                            ("assign that record by itself", "请单独移交该项"),
                        )
                    })?;
                    assign(AssignedRecord { family, id: Some(label) });
                }
            }
        }
        Ok(plan)
    }

    /// Adds that the one who gives leaves, and who leads the units in the place of the one.
    fn leave(&mut self, handover: &Handover, reader: &Reader) -> Result<(), ApiError> {
        let mut led: std::collections::BTreeMap<_, OrgUnitChanged> = Default::default();
        for (event, _) in reader.history(&StreamId::Book(BookStream::Organisation))? {
            if let Body::OrgUnitChanged(changed) = event.body {
                led.insert(changed.unit.clone(), changed);
            }
        }
        for unit in led.into_values() {
            if unit.change == UnitChange::Set && unit.head.as_ref() == Some(&handover.from) {
                let unit = OrgUnitChanged { head: Some(handover.to.clone()), ..unit };
                self.requests.push(to_book(unit, handover.reason.clone()));
            }
        }
        let left = UserStatusChanged {
            user: handover.from.clone(),
            from: None,
            to: UserStatus::Left,
            unit: None,
            capacity: None,
            identity: None,
        };
        self.requests.push(to_book(left, handover.reason.clone()));
        Ok(())
    }

    /// Plans which customers go to the pool.
    fn recycle(holdings: &Holdings, book: &BookState, now: daybook_core::time::Timestamp) -> Plan {
        let mut plan = Plan::default();
        let Some((version, rules)) = book.pool_rules() else { return plan };
        let rule = Label::new(format!("pool_rules/{version}")).ok();
        for (code, held) in holdings.idle(*rules, now.date_in(book.zone), book.zone) {
            let Some(from) = held.holder.clone() else { continue };
            let pool = Holder { kind: HolderKind::Pool, id: None };
            let assigned = assignment(AssignedRecord::CUSTOMER, from, pool);
            let assigned = RecordAssigned { rule: rule.clone(), ..assigned };
            plan.requests.push(Request::about(code.clone(), assigned));
            plan.moved.push(item(code, AssignedFamily::Customer, None));
        }
        plan
    }

    async fn carry_out(
        self,
        app: &App,
        caller: Caller,
        language: Language,
        dry_run: bool,
    ) -> Result<HandoverAnswer, ApiError> {
        let Plan { requests, moved } = self;
        let units = if requests.is_empty() { Vec::new() } else { vec![requests] };
        let units = counted(app, units).await?;
        let Caller { actor, source } = caller;
        let batch = Batch { actor, source, units, mode: mode(dry_run) };
        let recorded = respond(app.ledger.submit(batch).await?, dry_run, language, &[])?;
        Ok(HandoverAnswer { moved, recorded })
    }
}

async fn hand_over(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Call(handover): Call<Handover>,
) -> Result<Json<HandoverAnswer>, ApiError> {
    let dry_run = handover.dry_run;
    let reader = app.ledger.reader().clone();
    let plan = blocking(move || {
        let now = BasisQuery::default().resolve(&reader)?;
        let mut plan = Plan::of(&handover, &held(&reader, &now, &[])?)?;
        if handover.leaves {
            plan.leave(&handover, &reader)?;
        }
        if plan.requests.is_empty() {
            return Err(ApiError::missing(
                ("anything held by user", "由此人负责的事项："),
                &handover.from,
                ("see `daybook holdings` for who holds what", "用 daybook holdings 查看由谁负责"),
            ));
        }
        Ok(plan)
    })
    .await?;
    plan.carry_out(&app, caller, language, dry_run).await.map(Json)
}

async fn recycle(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Call(call): Call<Recycle>,
) -> Result<Json<HandoverAnswer>, ApiError> {
    let reader = app.ledger.reader().clone();
    let now = app.clock.now();
    let plan = blocking(move || {
        let book = book(&reader)?;
        if book.pool_rules().is_none() {
            return Err(ApiError::missing(
                ("a policy with", "规则"),
                "pool_rules",
                (
                    "publish them first: daybook pool rules --idle 90 --wait 30",
                    "请先发布：daybook pool rules --idle 90 --wait 30",
                ),
            ));
        }
        let basis = BasisQuery::default().resolve(&reader)?;
        Ok(Plan::recycle(&held(&reader, &basis, DEALINGS)?, &book, now))
    })
    .await?;
    plan.carry_out(&app, caller, language, call.dry_run).await.map(Json)
}
