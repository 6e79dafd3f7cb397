//! `GET /v1/holdings`: who holds what, and what is shared with whom.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use daybook_core::decide::{BookState, Command, Request};
use daybook_core::event::assignment::{AssignedFamily, AssignedRecord, Holder, HolderKind};
use daybook_core::event::organisation::UserStatus;
use daybook_core::event::{Kind, StreamId};
use daybook_core::id::CustomerCode;
use daybook_core::ledger::Reader;
use daybook_core::ledger::read::Query;
use daybook_core::time::Date;
use daybook_projections::holdings::{CustomerHeld, Holdings, KINDS, holdings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::basis::{BasisQuery, BasisView, Resolved};
use super::extract::Params;
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;

/// Whose holdings are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldingsQuery {
    /// A user's id, `pool`, `nobody`, or `unit:CODE`; left out, everybody, without the lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
}

/// Who holds what.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HoldingsAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The holders, in order of name.
    pub holders: Vec<HolderView>,
}

/// What one holder has.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct HolderView {
    /// A user's id, `pool`, `nobody`, or `unit:CODE`.
    pub holder: String,
    /// Whether it is a user who works here no more: what is listed has to be handed over.
    pub left: bool,
    /// How many customers.
    pub customers: usize,
    /// How many open opportunities.
    pub opportunities: usize,
    /// How many open tasks.
    pub tasks: usize,
    /// How many open complaints and requests.
    pub complaints: usize,
    /// How many promises that are not settled.
    pub promises: usize,
    /// How many records that others hold are shared with it.
    pub shared: usize,
    /// What it is, when one holder was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<HeldView>,
}

/// One thing that is held, or shared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldView {
    /// The customer.
    pub customer: String,
    /// What of it: `customer`, `opportunity`, `task`, `complaint` or `commitment`.
    pub family: String,
    /// The same in Chinese.
    pub family_zh: String,
    /// Its id; the customer as such when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What may be done with it, when it is only shared: `read`, `change`, `share`, `assign`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<String>,
    /// The last day it is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

pub(super) fn routes() -> Routes {
    Routes::of("holdings", [get("/holdings", "Tell who holds what", read)])
}

/// How a holder is written and asked for.
pub(super) fn written(holder: Option<&Holder>) -> String {
    match holder {
        None => "nobody".to_owned(),
        Some(Holder { kind: HolderKind::Unit, id: Some(id) }) => format!("unit:{id}"),
        Some(Holder { id: Some(id), .. }) => id.to_string(),
        Some(Holder { id: None, .. }) => "pool".to_owned(),
    }
}

/// Works out who holds what at a basis; `more` are further kinds of event to take.
pub(super) fn held(
    reader: &Reader,
    resolved: &Resolved,
    more: &[Kind],
) -> Result<Holdings, ApiError> {
    let voided = resolved.voided(reader)?;
    let mut events = Vec::new();
    for kind in KINDS.iter().chain(more) {
        let before = Some(resolved.basis.before);
        for found in reader.events(Query { kind: Some(*kind), before, ..Query::default() }) {
            events.push(found?.0);
        }
    }
    Ok(holdings(events, &resolved.basis, &voided))
}

/// Returns the book as decisions see it: its units, users and policies included.
pub(super) fn book(reader: &Reader) -> Result<BookState, ApiError> {
    let mut book = BookState::default();
    for stream in BookState::STREAMS {
        for (event, _) in reader.history(&StreamId::Book(*stream))? {
            book.fold(&event.body);
        }
    }
    Ok(book)
}

/// Says for each request that gives a customer to a user how many customers the user has, where that
/// is limited: the rule needs the figure, and no customer's own events tell it.
pub(super) async fn counted(
    app: &App,
    mut units: Vec<Vec<Request>>,
) -> Result<Vec<Vec<Request>>, ApiError> {
    let gives = |request: &Request| matches!(&request.command, Command::AssignRecord(_));
    if !units.iter().flatten().any(gives) {
        return Ok(units);
    }
    let reader = app.ledger.reader().clone();
    blocking(move || {
        let users = book(&reader)?.users;
        let mut counts: Option<Holdings> = None;
        let mut given: BTreeMap<String, u32> = BTreeMap::new();
        for request in units.iter_mut().flatten() {
            let Command::AssignRecord(assigned) = &mut request.command else { continue };
            assigned.holds = None;
            let user = assigned.to.as_user().and_then(|user| users.get(user));
            let limited = user.is_some_and(|user| user.capacity.is_some());
            if !limited || assigned.record != AssignedRecord::CUSTOMER {
                continue;
            }
            let had = match &counts {
                Some(had) => had,
                None => {
                    let now = BasisQuery::default().resolve(&reader)?;
                    counts.insert(held(&reader, &now, &[])?)
                }
            };
            let given = given.entry(assigned.to.to_string()).or_default();
            assigned.holds = Some(had.count(&assigned.to).saturating_add(*given));
            *given += 1;
        }
        Ok(units)
    })
    .await
}

/// Writes one thing that is held.
pub(super) fn item(customer: &CustomerCode, family: AssignedFamily, id: Option<&str>) -> HeldView {
    HeldView {
        customer: customer.to_string(),
        family: family.as_str().to_owned(),
        family_zh: family.label_zh().to_owned(),
        id: id.map(str::to_owned),
        ..HeldView::default()
    }
}

/// The holders asked for, while they are counted.
struct Counted<'a> {
    asked: Option<&'a str>,
    holders: BTreeMap<String, HolderView>,
}

impl Counted<'_> {
    fn take(&mut self, code: &CustomerCode, held: &CustomerHeld, today: Date) {
        if !held.merged_away {
            self.put(held.holder.as_ref(), item(code, AssignedFamily::Customer, None), |view| {
                &mut view.customers
            });
        }
        for (family, id, holder) in held.open() {
            self.put(holder, item(code, family, Some(id)), |view| match family {
                AssignedFamily::Customer => &mut view.customers,
                AssignedFamily::Opportunity => &mut view.opportunities,
                AssignedFamily::Task => &mut view.tasks,
                AssignedFamily::Complaint => &mut view.complaints,
                AssignedFamily::Commitment => &mut view.promises,
            });
        }
        for share in held.shared(today) {
            let id = share.record.id.as_ref().map(|id| id.as_str());
            let rights = share.rights.iter().map(|right| right.as_str().to_owned()).collect();
            let item =
                HeldView { rights, until: share.until, ..item(code, share.record.family, id) };
            self.put(Some(&share.grantee), item, |view| &mut view.shared);
        }
    }

    fn put(
        &mut self,
        holder: Option<&Holder>,
        item: HeldView,
        count: impl FnOnce(&mut HolderView) -> &mut usize,
    ) {
        let name = written(holder);
        if self.asked.is_some_and(|asked| asked != name) {
            return;
        }
        let view = self.holders.entry(name.clone()).or_default();
        view.holder = name;
        *count(view) += 1;
        if self.asked.is_some() {
            view.items.push(item);
        }
    }
}

async fn read(
    State(app): State<App>,
    Params(query): Params<HoldingsQuery>,
) -> Result<Json<HoldingsAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let basis = BasisQuery { as_of: query.as_of, known_at: query.known_at };
        let resolved = basis.resolve(reader)?;
        let on = resolved.basis.as_of.unwrap_or_else(|| reader.head().recorded_at);
        let holdings = held(reader, &resolved, &[])?;
        let mut counted = Counted { asked: query.holder.as_deref(), holders: BTreeMap::new() };
        for (code, held) in &holdings.customers {
            counted.take(code, held, on.date_in(resolved.zone));
        }
        let users = book(reader)?.users;
        let left = users.iter().filter(|(_, user)| user.status == UserStatus::Left);
        for (user, _) in left {
            if let Some(view) = counted.holders.get_mut(user.as_str()) {
                view.left = true;
            }
        }
        let holders = counted.holders.into_values().collect();
        Ok(HoldingsAnswer { basis: resolved.view, holders })
    })
    .await
    .map(Json)
}
