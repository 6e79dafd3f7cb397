//! `GET /v1/receivables/control`: what was charged and what became of it, balance and exposure.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use daybook_core::money::Currency;
use daybook_core::time::Date;
use daybook_projections::receivables::control::{Control, rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, Owner, ReceivablesQuery, day_of, page, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// The control tables.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ControlAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day at whose end it is so.
    pub day: Date,
    /// How many lines there are in all.
    pub total: u64,
    /// The sums, a legal entity and currency.
    pub totals: Vec<ControlLine>,
    /// The lines by customer, legal entity and currency.
    pub lines: Vec<ControlLine>,
    /// Where the list goes on: `after` this customer.
    pub next: Option<String>,
}

/// One line: `charged` is the sum of `collected`, `open`, `credited` and `written_off`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlLine {
    /// The customer; nothing in sums.
    pub customer: Option<String>,
    /// Our entity.
    pub entity: Option<String>,
    /// 应收: what was charged.
    pub charged: AmountView,
    /// 应收已收: what was collected.
    pub collected: AmountView,
    /// 应收未收: what is open.
    pub open: AmountView,
    /// What credit notes, discounts and differences of exchange settled.
    pub credited: AmountView,
    /// What was written off.
    pub written_off: AmountView,
    /// The part of what is open that is overdue.
    pub overdue: AmountView,
    /// Credits that are left.
    pub unapplied: AmountView,
    /// What is owed on balance: open less unapplied.
    pub balance: AmountView,
    /// Contracted and not a debt yet.
    pub contracted: AmountView,
    /// What we stand to lose: the balance and what is contracted beyond it.
    pub exposure: AmountView,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<ReceivablesQuery>,
) -> Result<Json<ControlAnswer>, ApiError> {
    blocking(move || control(&app, &query)).await.map(Json)
}

/// The sums of one line.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    control: Control,
    overdue: i128,
    unapplied: i128,
    ahead: i128,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.control.sum(&other.control);
        self.overdue += other.overdue;
        self.unapplied += other.unapplied;
        self.ahead += other.ahead;
    }
}

fn control(app: &App, query: &ReceivablesQuery) -> Result<ControlAnswer, ApiError> {
    let asked = Asked::new(app, query)?;
    let day = day_of(&asked);
    let found = asked.ask(app, |state| {
        asked.each(state, app.views.threads(), |bucket, accounts| {
            let rows = rows(accounts, day).into_iter();
            let told = rows.filter_map(|row| {
                let sums = Sums {
                    control: row.control,
                    overdue: row.account.overdue.into(),
                    unapplied: row.account.unapplied.into(),
                    ahead: row.account.ahead.into(),
                };
                Some((asked.owner(bucket, row.owner)?, sums))
            });
            told.collect::<Vec<(Owner, Sums)>>()
        })
    })?;
    let mut lines: Vec<(Owner, Sums)> = found.into_iter().flatten().collect();
    let total = lines.len() as u64;
    let mut sums: BTreeMap<(String, Currency), Sums> = BTreeMap::new();
    for (owner, line) in &lines {
        sums.entry((owner.entity.clone(), owner.currency)).or_default().add(line);
    }
    lines.retain(|(owner, _)| asked.is_after(&owner.customer));
    lines.sort_by(|left, right| left.0.cmp(&right.0));
    let next = page(&mut lines, asked.limit, |(owner, _)| &owner.customer);
    let totals = sums.iter().map(|((entity, currency), sums)| told(None, entity, *currency, sums));
    let lines = lines.iter().map(|(owner, sums)| {
        told(Some(owner.customer.clone()), &owner.entity, owner.currency, sums)
    });
    Ok(ControlAnswer {
        basis: asked.resolved.view.clone(),
        day,
        total,
        totals: totals.collect(),
        lines: lines.collect(),
        next,
    })
}

fn told(customer: Option<String>, entity: &str, currency: Currency, sums: &Sums) -> ControlLine {
    let control = &sums.control;
    let balance = control.open - sums.unapplied;
    ControlLine {
        customer,
        entity: worded(entity),
        charged: view(control.charged, currency),
        collected: view(control.collected, currency),
        open: view(control.open, currency),
        credited: view(control.credited, currency),
        written_off: view(control.written_off, currency),
        overdue: view(sums.overdue, currency),
        unapplied: view(sums.unapplied, currency),
        balance: view(balance, currency),
        contracted: view(sums.ahead, currency),
        exposure: view(balance + sums.ahead, currency),
    }
}
