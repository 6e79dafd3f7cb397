//! `GET /v1/receivables/figures`: how well is collected in a period.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{Datelike, Months};
use daybook_core::money::Currency;
use daybook_core::time::Date;
use daybook_projections::Ratio;
use daybook_projections::engine::Bucket;
use daybook_projections::receivables::figures::{
    Late, Sales, days_late, dso_count_back, dso_simple, effectiveness, is_sale,
};
use daybook_projections::receivables::{Accounts, Day};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, ReceivablesQuery, date, day_of, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// Months in a period when none is given: the current one and two before.
const PERIOD_MONTHS: u32 = 3;
/// Months that days sales outstanding may count back over.
const COUNT_BACK_MONTHS: usize = 24;

/// Which figures are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FiguresQuery {
    /// The first day of the period; the first of the month two months back when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
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
}

/// How well is collected.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FiguresAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The first day of the period.
    pub from: Date,
    /// The last day.
    pub day: Date,
    /// The figures, a legal entity and currency.
    pub lines: Vec<FiguresLine>,
}

/// The figures in one legal entity and currency. Quotients are decimal texts with two decimals, and
/// absent where they would be over nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FiguresLine {
    /// Our entity.
    pub entity: Option<String>,
    /// What was open on the day before the period.
    pub open_before: AmountView,
    /// Sales on credit in the period: what was charged, without fees for being late and balances
    /// brought in.
    pub sales: AmountView,
    /// What is open at the end.
    pub open: AmountView,
    /// The part of it that is not due yet.
    pub not_due: AmountView,
    /// Days sales outstanding: open over sales, times the days of the period.
    pub dso: Option<String>,
    /// Days sales outstanding, counted back month by month; absent when two years' sales are less
    /// than what is open.
    pub dso_count_back: Option<String>,
    /// The least possible: not due over sales, times the days of the period.
    pub dso_best: Option<String>,
    /// Days sales outstanding above the least possible.
    pub days_delinquent: Option<String>,
    /// Collection effectiveness index in percent.
    pub effectiveness: Option<String>,
    /// Days late, weighted by what was paid in the twelve months to the day.
    pub days_late: Option<String>,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<FiguresQuery>,
) -> Result<Json<FiguresAnswer>, ApiError> {
    blocking(move || figures(&app, query)).await.map(Json)
}

/// What the figures of one legal entity and currency are made of.
#[derive(Debug, Clone, Default)]
struct Sums {
    open_before: i128,
    sales: i128,
    open: i128,
    not_due: i128,
    months: Vec<i128>,
    late: Late,
}

/// The days a question is about.
#[derive(Clone, Copy)]
struct Period {
    from: Date,
    day: Date,
    late_since: Date,
}

fn figures(app: &App, query: FiguresQuery) -> Result<FiguresAnswer, ApiError> {
    let FiguresQuery { from, as_of, known_at, customer, entity, currency } = query;
    let scope =
        ReceivablesQuery { as_of, known_at, customer, entity, currency, after: None, limit: None };
    let asked = Asked::new(app, &scope)?;
    let day = day_of(&asked);
    let from = match from.as_deref() {
        Some(text) => date("from", text)?,
        None => month_start(day, PERIOD_MONTHS - 1),
    };
    let late_since = Date::from_chrono(day.to_chrono() - Months::new(12)).plus_days(1);
    let period = Period { from, day, late_since };
    let found = asked.ask(app, |state| {
        asked.each(state, app.views.threads(), |bucket, accounts| {
            of_bucket(&asked, period, bucket, accounts)
        })
    })?;
    let mut all: BTreeMap<(String, Currency), Sums> = BTreeMap::new();
    for (key, part) in found.into_iter().flatten() {
        let sums = all.entry(key).or_default();
        sums.open_before += part.open_before;
        sums.sales += part.sales;
        sums.open += part.open;
        sums.not_due += part.not_due;
        sums.late.add(part.late);
        sums.months.resize(COUNT_BACK_MONTHS, 0);
        sums.months.iter_mut().zip(&part.months).for_each(|(sum, more)| *sum += more);
    }
    let lines = all.iter().map(|((entity, currency), sums)| told(entity, *currency, sums, period));
    Ok(FiguresAnswer { basis: asked.resolved.view.clone(), from, day, lines: lines.collect() })
}

fn of_bucket(
    asked: &Asked,
    period: Period,
    bucket: &Bucket,
    accounts: &Accounts,
) -> BTreeMap<(String, Currency), Sums> {
    let mut sums: BTreeMap<(String, Currency), Sums> = BTreeMap::new();
    let one = asked.customer.as_ref().and_then(|code| bucket.place_of(code));
    for item in &accounts.items {
        let owner = (item.customer, item.entity, item.unit);
        let Some(owner) = asked.owner(bucket, owner) else { continue };
        let sums = sums.entry((owner.entity, owner.currency)).or_default();
        sums.months.resize(COUNT_BACK_MONTHS, 0);
        let open = i128::from(item.open());
        sums.open += open;
        if item.overdue_days(period.day) == 0 {
            sums.not_due += open;
        }
        if is_sale(item.source) {
            let charged = i128::from(item.charged());
            if item.document_on >= period.from {
                sums.sales += charged;
            }
            let back = months_between(item.document_on, period.day);
            sums.months.iter_mut().skip(back).take(1).for_each(|month| *month += charged);
        }
    }
    let before = Day { on: period.from.plus_days(-1), before: asked.day.before };
    for item in &Accounts::of(bucket, one, before).items {
        let owner = (item.customer, item.entity, item.unit);
        let Some(owner) = asked.owner(bucket, owner) else { continue };
        let sums = sums.entry((owner.entity, owner.currency)).or_default();
        sums.open_before += i128::from(item.open());
    }
    for (owner, late) in days_late(bucket, accounts, one, period.late_since, asked.day) {
        let Some(owner) = asked.owner(bucket, owner) else { continue };
        sums.entry((owner.entity, owner.currency)).or_default().late.add(late);
    }
    sums
}

fn told(entity: &str, currency: Currency, sums: &Sums, period: Period) -> FiguresLine {
    let days = i128::from(period.day.0 - period.from.0) + 1;
    let of_period = [Sales { amount: sums.sales, days }];
    let text = |ratio: Option<Ratio>| ratio.map(|ratio| ratio.to_string());
    let dso = dso_simple(sums.open, &of_period);
    let best = dso_simple(sums.not_due, &of_period);
    let months: Vec<Sales> = (0u32..)
        .zip(&sums.months)
        .map(|(back, amount)| Sales { amount: *amount, days: month_days(period.day, back) })
        .collect();
    let index = effectiveness(sums.open_before, sums.sales, sums.open, sums.not_due);
    FiguresLine {
        entity: worded(entity),
        open_before: view(sums.open_before, currency),
        sales: view(sums.sales, currency),
        open: view(sums.open, currency),
        not_due: view(sums.not_due, currency),
        dso: text(dso),
        dso_count_back: text(dso_count_back(sums.open, &months)),
        dso_best: text(best),
        days_delinquent: text(dso.zip(best).map(|(dso, best)| dso.minus(best))),
        effectiveness: text(index),
        days_late: text(sums.late.days()),
    }
}

/// Returns the first day of the month so many months before a day's.
fn month_start(day: Date, back: u32) -> Date {
    let day = day.to_chrono();
    let first = day - chrono::Duration::days(i64::from(day.day0()));
    Date::from_chrono(first - Months::new(back))
}

/// Returns how many days of the month so many months before a day's have passed at its end.
fn month_days(day: Date, back: u32) -> i128 {
    match back.checked_sub(1) {
        None => i128::from(day.to_chrono().day()),
        Some(later) => i128::from(month_start(day, later).0 - month_start(day, back).0),
    }
}

/// Returns how many months a day is before another's month.
fn months_between(earlier: Date, day: Date) -> usize {
    let number = |date: Date| {
        let date = date.to_chrono();
        date.year() * 12 + date.month0() as i32
    };
    usize::try_from(number(day) - number(earlier)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_back_from_the_day() {
        let day: Date = "2024-03-15".parse().expect("a date");
        assert_eq!(month_start(day, 2).to_string(), "2024-01-01");
        let days: Vec<i128> = (0..4).map(|back| month_days(day, back)).collect();
        assert_eq!(days, [15, 29, 31, 31]);
        let back = |text: &str| months_between(text.parse().expect("a date"), day);
        assert_eq!((back("2024-03-01"), back("2024-02-29"), back("2023-12-31")), (0, 1, 3));
    }
}
