//! `GET /v1/receivables`: the open items.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use daybook_core::money::Currency;
use daybook_core::time::Date;
use daybook_projections::engine::Bucket;
use daybook_projections::receivables::Item;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, LINES_MAX, ReceivablesQuery, day_of, page, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// Which items are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ItemsQuery {
    /// Only what counts from then or earlier; a date means its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Only this customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only this legal entity of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Only this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Only what is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<bool>,
    /// Only customers after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many items; the last customer's are all there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Open items.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ItemsAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day at whose end it is so.
    pub day: Date,
    /// How many there are in all.
    pub total: u64,
    /// What is open in all, by currency.
    pub open: Vec<AmountView>,
    /// The part of it that is overdue.
    pub overdue: Vec<AmountView>,
    /// The items by customer, then due day, then id.
    pub items: Vec<ItemLine>,
    /// Where the list goes on: `after` this customer.
    pub next: Option<String>,
}

/// An open item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemLine {
    /// The customer.
    pub customer: String,
    /// The item.
    pub item: String,
    /// Our entity.
    pub entity: Option<String>,
    /// The contract.
    pub contract: Option<String>,
    /// The document's day.
    pub document_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// The day it was due at first, where that is another.
    pub first_due_on: Option<Date>,
    /// Days overdue; 0 until the day after it is due.
    pub overdue_days: i64,
    /// What was charged, amendments included.
    pub charged: AmountView,
    /// What is open.
    pub open: AmountView,
    /// Whether it is disputed.
    pub disputed: bool,
    /// The level it was last reminded at.
    pub reminded_level: Option<i64>,
    /// The day of that.
    pub reminded_on: Option<Date>,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<ItemsQuery>,
) -> Result<Json<ItemsAnswer>, ApiError> {
    blocking(move || items(&app, query)).await.map(Json)
}

#[derive(Default)]
struct Found {
    total: u64,
    sums: BTreeMap<Currency, (i128, i128)>,
    lines: Vec<ItemLine>,
}

fn items(app: &App, query: ItemsQuery) -> Result<ItemsAnswer, ApiError> {
    let ItemsQuery { as_of, known_at, customer, entity, currency, overdue, after, limit } = query;
    let query = ReceivablesQuery { as_of, known_at, customer, entity, currency, after, limit };
    let asked = Asked::new(app, &query)?;
    let only_overdue = overdue.unwrap_or_default();
    let day = day_of(&asked);
    let found = asked.ask(app, |state| {
        asked.each(state, app.views.threads(), |bucket, accounts| {
            let mut found = Found::default();
            for item in &accounts.items {
                let days = item.overdue_days(day);
                if item.open() != 0 && (days > 0 || !only_overdue) {
                    found.take(&asked, bucket, item, days);
                }
            }
            // No page needs more of one bucket.
            found.lines.sort_by(order);
            let _ = page(&mut found.lines, asked.limit + 1, |line| &line.customer);
            found
        })
    })?;
    let mut all = Found::default();
    for part in found {
        all.total += part.total;
        all.lines.extend(part.lines);
        for (currency, (open, overdue)) in part.sums {
            let sums = all.sums.entry(currency).or_default();
            (sums.0, sums.1) = (sums.0 + open, sums.1 + overdue);
        }
    }
    all.lines.sort_by(order);
    let next = page(&mut all.lines, asked.limit.min(LINES_MAX), |line| &line.customer);
    let sum = |of: fn(&(i128, i128)) -> i128| {
        all.sums.iter().map(|(currency, sums)| view(of(sums), *currency)).collect()
    };
    Ok(ItemsAnswer {
        basis: asked.resolved.view.clone(),
        day,
        total: all.total,
        open: sum(|sums| sums.0),
        overdue: sum(|sums| sums.1),
        items: all.lines,
        next,
    })
}

fn order(left: &ItemLine, right: &ItemLine) -> std::cmp::Ordering {
    let key = |line: &ItemLine| (line.due_on, line.item.len());
    left.customer
        .cmp(&right.customer)
        .then_with(|| key(left).cmp(&key(right)))
        .then_with(|| left.item.cmp(&right.item))
}

impl Found {
    fn take(&mut self, asked: &Asked, bucket: &Bucket, item: &Item, days: i64) {
        let Some(owner) = asked.owner(bucket, (item.customer, item.entity, item.unit)) else {
            return;
        };
        let open = i128::from(item.open());
        self.total += 1;
        let sums = self.sums.entry(owner.currency).or_default();
        sums.0 += open;
        sums.1 += if days > 0 { open } else { 0 };
        if !asked.is_after(&owner.customer) {
            return;
        }
        self.lines.push(ItemLine {
            item: bucket.text(item.id).to_owned(),
            entity: worded(&owner.entity),
            contract: worded(bucket.text(item.contract)),
            document_on: item.document_on,
            due_on: item.due_on,
            first_due_on: (item.first_due_on != item.due_on).then_some(item.first_due_on),
            overdue_days: days,
            charged: view(i128::from(item.charged()), owner.currency),
            open: view(open, owner.currency),
            disputed: item.disputed,
            reminded_level: item.reminded.map(|(level, _)| level),
            reminded_on: item.reminded.map(|(_, on)| on),
            customer: owner.customer,
        });
    }
}
