//! `/v1/consumers`: programs that follow the log under a name, and how far each has come.
//!
//! A consumer gets every event at least once: `GET /v1/feed?consumer=NAME` begins with the first one
//! it has not acknowledged, however its last connection ended.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events::{customer_code, kind_of};
use super::extract::{Call, PathPart};
use super::problem::{Code, Told};
use super::route::{Routes, delete, get, post, put};
use super::{ApiError, blocking};
use crate::App;
use crate::consumers::{Consumer, ConsumerError, Filter};

/// The consumers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsumersAnswer {
    /// The consumers by name.
    pub consumers: Vec<ConsumerView>,
    /// The log ends before this position.
    pub position: Position,
}

/// One consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsumerView {
    /// Its name.
    pub name: String,
    /// The position of the first event it has not acknowledged.
    pub next: Position,
    /// How many positions it is behind the log.
    pub behind: u64,
    /// Only this customer's events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only events of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its position last moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<Timestamp>,
}

/// What a consumer gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsumerCall {
    /// The position of the first event it gets; the whole log when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Only this customer's events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only events of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// What a consumer has dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeCall {
    /// The position of the last event it has dealt with, and with all before it.
    pub position: u64,
}

/// Where a consumer goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionCall {
    /// The position of the next event it gets.
    pub next: u64,
}

pub(super) fn routes() -> Routes {
    let list = get("/consumers", "List the consumers of the feed", list);
    let one = get("/consumers/{name}", "Say how far a consumer is", one);
    let create = put("/consumers/{name}", "Make a consumer", create).describe(|operation| {
        operation.problem(StatusCode::CONFLICT);
        let view = operation.schemas.answers.subschema_for::<ConsumerView>().to_value();
        operation.answer(StatusCode::CREATED, "application/json", view, "It was made.");
    });
    let acknowledge = post("/consumers/{name}/acknowledge", "Acknowledge events", acknowledge)
        .describe(|operation| operation.problem(StatusCode::CONFLICT));
    let set = put("/consumers/{name}/position", "Set where a consumer goes on", set)
        .describe(|operation| operation.problem(StatusCode::CONFLICT));
    let remove = delete("/consumers/{name}", "Forget a consumer", remove);
    Routes::of("feed", [list, one, create, acknowledge, set, remove])
}

impl ConsumerView {
    fn new(name: &str, consumer: Consumer, end: Position) -> ConsumerView {
        let Consumer { filter, next, created_at, moved_at, .. } = consumer;
        ConsumerView {
            name: name.to_owned(),
            next,
            behind: end.0.saturating_sub(next.0),
            customer: filter.customer,
            kind: filter.kind,
            created_at,
            moved_at,
        }
    }
}

impl From<ConsumerError> for ApiError {
    fn from(error: ConsumerError) -> ApiError {
        use ConsumerError as E;
        let en = error.to_string();
        let told = match error {
            E::NameUnfit { name } => {
                let zh = format!("{name:?} 不能作为消费者的名称");
                Told::new(Code::ConsumerNameUnfit, (en, zh)).at("name")
            }
            E::Unknown { name } => {
                Told::new(Code::ConsumerUnknown, (en, format!("没有消费者 {name}"))).at("name")
            }
            E::Differs { name } => {
                let zh = format!("消费者 {name} 已经存在，且接收其他事件");
                Told::new(Code::ConsumerDiffers, (en, zh))
            }
            E::Behind { name, next } => {
                let zh = format!("消费者 {name} 已确认位置 {next} 之前的全部事件");
                Told::new(Code::ConsumerFurther, (en, zh)).at("/position")
            }
            E::Ahead { asked, end } => {
                let zh = format!("位置 {asked} 超出日志，日志到 {end} 为止");
                Told::new(Code::PositionAhead, (en, zh))
            }
            E::TooMany { max } => {
                Told::new(Code::ConsumersTooMany, (en, format!("已有 {max} 个消费者")))
            }
            E::Damaged { path, problem } => {
                let zh = format!("消费者文件 {path} 已损坏：{problem}");
                Told::new(Code::ConsumerDamaged, (en, zh))
            }
            E::Io { path, source } => {
                let full = source.kind() == std::io::ErrorKind::StorageFull;
                let code = if full { Code::DiskFull } else { Code::StorageFailed };
                let detail =
                    (format!("{en}: {source}"), format!("消费者文件 {path} 无法读写（{source}）"));
                Told::new(code, detail)
            }
        };
        told.into()
    }
}

fn book_of(app: &App) -> Result<String, ApiError> {
    Ok(app.ledger.reader().book()?.book.to_string())
}

/// Returns a consumer of this ledger: one that came along with another ledger's files is none, and
/// one that is beyond the log would skip events.
pub(super) fn consumer_of(app: &App, name: &str) -> Result<Consumer, ApiError> {
    let consumer = app.consumers.get(name)?;
    if consumer.book != book_of(app)? {
        let detail = (
            format!("consumer {name} belongs to another ledger"),
            format!("消费者 {name} 属于另一个账簿"),
        );
        return Err(Told::new(Code::ConsumerForeign, detail).into());
    }
    let end = app.ledger.reader().head().next;
    if consumer.next > end {
        return Err(ConsumerError::Ahead { asked: consumer.next, end }.into());
    }
    Ok(consumer)
}

async fn list(State(app): State<App>) -> Result<Json<ConsumersAnswer>, ApiError> {
    blocking(move || {
        let position = app.ledger.reader().head().next;
        let all = app.consumers.list()?.into_iter();
        let consumers = all.map(|(name, one)| ConsumerView::new(&name, one, position)).collect();
        Ok(Json(ConsumersAnswer { consumers, position }))
    })
    .await
}

async fn one(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
) -> Result<Json<ConsumerView>, ApiError> {
    blocking(move || {
        let consumer = app.consumers.get(&name)?;
        let end = app.ledger.reader().head().next;
        Ok(Json(ConsumerView::new(&name, consumer, end)))
    })
    .await
}

async fn create(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
    Call(call): Call<ConsumerCall>,
) -> Result<(StatusCode, Json<ConsumerView>), ApiError> {
    blocking(move || {
        // Kept only when they can be followed.
        call.customer.as_deref().map(customer_code).transpose()?;
        call.kind.as_deref().map(kind_of).transpose()?;
        let end = app.ledger.reader().head().next;
        let next = Position(call.from.unwrap_or_default());
        if next > end {
            return Err(ConsumerError::Ahead { asked: next, end }.into());
        }
        let filter = Filter { customer: call.customer, kind: call.kind };
        let made = Consumer {
            book: book_of(&app)?,
            filter,
            next,
            created_at: app.clock.now(),
            moved_at: None,
        };
        let (consumer, new) = app.consumers.create(&name, made)?;
        let status = if new { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, Json(ConsumerView::new(&name, consumer, end))))
    })
    .await
}

async fn acknowledge(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
    Call(call): Call<AcknowledgeCall>,
) -> Result<Json<ConsumerView>, ApiError> {
    blocking(move || {
        let end = app.ledger.reader().head().next;
        let next = Position(call.position.saturating_add(1));
        let moved = app.consumers.acknowledge(&name, next, (end, app.clock.now()));
        Ok(Json(ConsumerView::new(&name, moved?, end)))
    })
    .await
}

async fn set(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
    Call(call): Call<PositionCall>,
) -> Result<Json<ConsumerView>, ApiError> {
    blocking(move || {
        let end = app.ledger.reader().head().next;
        let set = app.consumers.set(&name, Position(call.next), (end, app.clock.now()));
        Ok(Json(ConsumerView::new(&name, set?, end)))
    })
    .await
}

async fn remove(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
) -> Result<Json<ConsumerView>, ApiError> {
    blocking(move || {
        let end = app.ledger.reader().head().next;
        let removed = app.consumers.remove(&name)?;
        Ok(Json(ConsumerView::new(&name, removed, end)))
    })
    .await
}
