//! `GET /v1/receivables/statement/{customer}`: the statement of account.

use axum::Json;
use axum::extract::State;
use daybook_core::position::Position;
use daybook_core::time::Date;
use daybook_projections::amounts::currency_of;
use daybook_projections::receivables::statement::{Line, What, statements};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, ReceivablesQuery, date, day_of, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::events::customer_code;
use crate::api::extract::{Params, PathPart};
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// Which statement is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct StatementQuery {
    /// The first day whose lines are shown; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Only what counts from then or earlier; a date means its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Only this legal entity of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Only this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// A statement of account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StatementAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The customer.
    pub customer: String,
    /// The first day whose lines are shown.
    pub from: Option<Date>,
    /// The last day.
    pub day: Date,
    /// One statement a legal entity and currency.
    pub statements: Vec<StatementView>,
}

/// The statement in one legal entity and currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementView {
    /// Our entity.
    pub entity: Option<String>,
    /// The balance before the first day.
    pub opening: AmountView,
    /// The lines, by day and then in the order they were told.
    pub lines: Vec<StatementLine>,
    /// The balance at the end.
    pub closing: AmountView,
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementLine {
    /// The day it counts from.
    pub on: Date,
    /// The event it is of.
    pub position: Position,
    /// What it is: `charged`, `amended`, `received`, `reversed`, `credited`, `refunded`, `given_up`,
    /// `restored`, `paid_by_another` or `paid_for_another`.
    pub what: String,
    /// What it is in Chinese.
    pub what_zh: String,
    /// The item, receipt or credit note.
    pub document: String,
    /// How the balance changed.
    pub change: AmountView,
    /// The balance after it.
    pub balance: AmountView,
}

pub(super) async fn read(
    State(app): State<App>,
    PathPart(customer): PathPart<String>,
    Params(query): Params<StatementQuery>,
) -> Result<Json<StatementAnswer>, ApiError> {
    blocking(move || statement(&app, customer, query)).await.map(Json)
}

fn statement(app: &App, code: String, query: StatementQuery) -> Result<StatementAnswer, ApiError> {
    let StatementQuery { from, as_of, known_at, entity, currency } = query;
    let from = from.as_deref().map(|text| date("from", text));
    let from = from.transpose()?;
    let customer = customer_code(&code)?;
    let asked = ReceivablesQuery { as_of, known_at, entity, currency, ..Default::default() };
    let asked = Asked::new(app, &asked)?;
    if !app.ledger.reader().knows(&customer)? {
        let hint = (
            "see `daybook show` for the customers on file, or check the code",
            "已建档的客户见 `daybook show`，或请核对代码",
        );
        return Err(ApiError::missing(("customer", "客户"), code, hint));
    }
    let found = asked.ask(app, |state| {
        let bucket = state.bucket_of(&customer)?;
        Some(statements(bucket, bucket.place_of(&customer)?, from, asked.day))
    })?;
    let told = found.unwrap_or_default().into_iter().filter_map(|((entity, unit), statement)| {
        let currency = currency_of(unit)?;
        let wanted = asked.currency.is_none_or(|wanted| wanted == currency)
            && asked.entity.as_ref().is_none_or(|wanted| *wanted == entity);
        wanted.then(|| StatementView {
            entity: worded(&entity),
            opening: view(statement.opening, currency),
            lines: statement.lines.iter().map(|line| line_view(line, currency)).collect(),
            closing: view(statement.closing, currency),
        })
    });
    Ok(StatementAnswer {
        customer: code,
        from,
        day: day_of(&asked),
        statements: told.collect(),
        basis: asked.resolved.view,
    })
}

fn line_view(line: &Line, currency: daybook_core::money::Currency) -> StatementLine {
    let (what, what_zh) = match line.what {
        What::Charged => ("charged", "应收"),
        What::Amended => ("amended", "合同变更"),
        What::Received => ("received", "回款"),
        What::Reversed => ("reversed", "冲销回款"),
        What::Credited => ("credited", "贷项"),
        What::Refunded => ("refunded", "退款"),
        What::GivenUp => ("given_up", "核销、折扣"),
        What::Restored => ("restored", "撤销核销"),
        What::PaidByAnother => ("paid_by_another", "他人代付"),
        What::PaidForAnother => ("paid_for_another", "代付他人"),
    };
    StatementLine {
        on: line.on,
        position: line.position,
        what: what.to_owned(),
        what_zh: what_zh.to_owned(),
        document: line.document.clone(),
        change: view(line.change, currency),
        balance: view(line.balance, currency),
    }
}
