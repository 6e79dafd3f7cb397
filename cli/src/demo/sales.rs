//! Opportunities on their way through the pipeline, with their quotes, up to the contract.

use daybook_core::event::interaction::About;
use daybook_core::event::opportunity::{
    Forecast, OpportunityForecastRevised, OpportunityLost, OpportunityOpened, OpportunityReopened,
    OpportunityStageChanged, OpportunityWon,
};
use daybook_core::event::quote::{QuoteIssued, QuoteLine, QuoteOutcome, QuoteOutcomeRecorded};
use daybook_core::id::{OpportunityId, QuoteNumber, StageName, TextError};
use daybook_core::money::Money;

use super::activity;
use super::calendar::Moment;
use super::cast::{DIRECTOR, Product};
use super::contracts::{self, Deal};
use super::pen::{Party, Pen, Told, text, user};
use super::words;

/// The open stages, first to last.
pub(super) const STAGES: [&str; 4] = ["lead", "qualified", "proposal", "negotiation"];
const LOST_REASONS: [&str; 5] = ["price", "competitor", "no_budget", "no_decision", "other"];
const SOURCES: [&str; 5] = ["展会", "老客户复购", "referral", "web enquiry", "cold call"];
const COMPETITORS: [&str; 4] = ["北辰机床", "大观数控", "Halden Machines", "Torrino SpA"];

/// An opportunity while it is pursued.
pub(super) struct Pursuit {
    /// Its id.
    pub id: OpportunityId,
    /// What it is about.
    pub product: Product,
    /// How many.
    pub count: i32,
    /// Where it stands.
    pub now: Moment,
    forecast: Forecast,
    revision: u32,
    unit_price: i64,
}

/// Tells the deals of a year.
pub(super) fn deals(pen: &mut Pen, party: &Party) -> Told {
    let mut start = party.since;
    for number in 1..=2 * party.card.weight {
        let Some(next) = start.later(&mut pen.dice, 12, 120 - 18 * party.card.weight) else {
            break;
        };
        start = next;
        let id = format!("O-{}-{number:02}", party.digits);
        deal(pen, party, &id, start)?;
    }
    Ok(())
}

fn deal(pen: &mut Pen, party: &Party, id: &str, start: Moment) -> Told {
    let mut pursuit = open(pen, party, id, start)?;
    let mut rank = 0usize;
    while rank < 3 {
        let step = if rank < 2 && pen.dice.chance(9) { 2 } else { 1 };
        let back = rank > 0 && pen.dice.chance(7);
        let to = if back { rank - 1 } else { rank + step };
        let Some(()) = wait(pen, &mut pursuit, 5, 24) else { return Ok(()) };
        move_to(pen, party, &pursuit, to, back)?;
        if to == 2 && !quote(pen, party, &mut pursuit)? {
            return Ok(());
        }
        if pen.dice.chance(35) && !follow_up(pen, party, &mut pursuit)? {
            return Ok(());
        }
        if pen.dice.chance(45) && !revise(pen, party, &mut pursuit, to)? {
            return Ok(());
        }
        if to < 3 && pen.dice.chance(8) {
            return lose(pen, party, &mut pursuit).map(|_| ());
        }
        rank = to;
    }
    // A skip may have passed the quote by.
    if pursuit.revision == 0 && !quote(pen, party, &mut pursuit)? {
        return Ok(());
    }
    if pen.dice.chance(62) {
        win(pen, party, pursuit)
    } else {
        lose(pen, party, &mut pursuit).map(|_| ())
    }
}

/// Lets some days pass; nothing when the year is over.
pub(super) fn wait(pen: &mut Pen, pursuit: &mut Pursuit, min: i32, max: i32) -> Option<()> {
    pursuit.now = pursuit.now.later(&mut pen.dice, min, max)?;
    Some(())
}

/// Opens an opportunity.
pub(super) fn open(
    pen: &mut Pen,
    party: &Party,
    id: &str,
    now: Moment,
) -> Result<Pursuit, TextError> {
    let product = pen.product();
    let count = pen.dice.between(1, product.most);
    let unit_price = party.price(&product);
    let amount = party.money(unit_price * i64::from(count));
    let close = now.day().plus_days(pen.dice.between(45, 120));
    let id: OpportunityId = text(id)?;
    let opened = OpportunityOpened {
        opportunity: id.clone(),
        pipeline: text("sales")?,
        pipeline_version: 0,
        stage: text("lead")?,
        title: Some(text(&words::title(party.card.tongue, &product, count))?),
        amount: Some(amount),
        probability_percent: None,
        expected_close_on: Some(close),
        source: Some(text(pen.dice.pick(&SOURCES))?),
        owner: Some(user(party.owner)?),
        product: Some(text(product.code)?),
    };
    pen.tell(now, party.owner, party, opened)?;
    let forecast = Forecast {
        amount: Some(amount),
        probability_percent: None,
        expected_close_on: Some(close),
        progress_percent: None,
        key: false,
    };
    Ok(Pursuit { id, product, count, now, forecast, revision: 0, unit_price })
}

/// Moves an opportunity to a stage; going back has a reason.
pub(super) fn move_to(
    pen: &mut Pen,
    party: &Party,
    pursuit: &Pursuit,
    rank: usize,
    back: bool,
) -> Told {
    let stage: StageName = text(STAGES.get(rank).copied().unwrap_or("lead"))?;
    let change = OpportunityStageChanged {
        opportunity: pursuit.id.clone(),
        from: StageName::default(),
        to: stage,
        change: None,
    };
    if back {
        let why = "客户重新提出技术要求 / the requirements were taken up again";
        return pen.tell_why(pursuit.now, party.owner, party, why, change);
    }
    pen.tell(pursuit.now, party.owner, party, change)
}

fn follow_up(pen: &mut Pen, party: &Party, pursuit: &mut Pursuit) -> Result<bool, TextError> {
    let Some(()) = wait(pen, pursuit, 1, 6) else { return Ok(false) };
    let opportunity = Some(pursuit.id.clone());
    let about = About { opportunity, contract: None, complaint: None };
    activity::contact_about(pen, party, pursuit.now, about)?;
    Ok(true)
}

fn revise(
    pen: &mut Pen,
    party: &Party,
    pursuit: &mut Pursuit,
    rank: usize,
) -> Result<bool, TextError> {
    let Some(()) = wait(pen, pursuit, 1, 8) else { return Ok(false) };
    let base = i32::try_from(rank).unwrap_or_default() * 22 + 10;
    let probability = u8::try_from(base + pen.dice.between(0, 18)).ok();
    let push = pen.dice.between(3, 45);
    let new = Forecast {
        amount: Some(party.money(pursuit.unit_price * i64::from(pursuit.count))),
        probability_percent: probability,
        expected_close_on: pursuit.forecast.expected_close_on.map(|date| date.plus_days(push)),
        progress_percent: u8::try_from(rank * 25).ok(),
        key: pursuit.forecast.key || pen.dice.chance(10),
    };
    pursuit.forecast = new.clone();
    let revised = OpportunityForecastRevised { opportunity: pursuit.id.clone(), old: None, new };
    pen.tell(pursuit.now, party.owner, party, revised)?;
    Ok(true)
}

/// Issues the next revision of the quote; a low price is approved by the director.
pub(super) fn quote(
    pen: &mut Pen,
    party: &Party,
    pursuit: &mut Pursuit,
) -> Result<bool, TextError> {
    let Some(()) = wait(pen, pursuit, 1, 9) else { return Ok(false) };
    let list = party.price(&pursuit.product);
    let percent = if pursuit.revision == 0 { 0 } else { pen.dice.between(2, 12) };
    let percent = if pen.dice.chance(6) { 24 } else { percent };
    pursuit.unit_price = list * i64::from(100 - percent) / 100;
    pursuit.revision += 1;
    let approved_by = if percent > 20 { Some(user(DIRECTOR)?) } else { None };
    let issued = QuoteIssued {
        quote: quote_number(pursuit)?,
        revision: pursuit.revision,
        opportunity: Some(pursuit.id.clone()),
        lines: vec![QuoteLine {
            product: text(pursuit.product.code)?,
            quantity_thousandths: i64::from(pursuit.count) * 1000,
            unit_price: party.money(pursuit.unit_price),
            discount_basis_points: u16::try_from(percent * 100).unwrap_or_default(),
            unit_cost: Some(cost(party, &pursuit.product)),
        }],
        total: party.money(pursuit.unit_price * i64::from(pursuit.count)),
        valid_until: Some(pursuit.now.day().plus_days(30)),
        price_policy_version: None,
        approved_by,
    };
    pen.tell(pursuit.now, party.owner, party, issued)?;
    if pursuit.revision < 3 && pen.dice.chance(28) {
        let before = pursuit.revision;
        if pen.dice.chance(50) {
            let Some(()) = wait(pen, pursuit, 2, 10) else { return Ok(false) };
            outcome(pen, party, pursuit, before, QuoteOutcome::Withdrawn)?;
        }
        return quote(pen, party, pursuit);
    }
    Ok(true)
}

fn quote_number(pursuit: &Pursuit) -> Result<QuoteNumber, TextError> {
    text(&format!("BJ-{}", pursuit.id.as_str().trim_start_matches("O-")))
}

/// Returns what one unit costs us: about two thirds of the list price.
pub(super) fn cost(party: &Party, product: &Product) -> Money {
    party.money(party.price(product) * 66 / 100)
}

fn outcome(
    pen: &mut Pen,
    party: &Party,
    pursuit: &Pursuit,
    revision: u32,
    outcome: QuoteOutcome,
) -> Told {
    let recorded = QuoteOutcomeRecorded { quote: quote_number(pursuit)?, revision, outcome };
    pen.tell(pursuit.now, party.owner, party, recorded)
}

/// Loses an opportunity; its quote, if any, is rejected or runs out.
pub(super) fn lose(pen: &mut Pen, party: &Party, pursuit: &mut Pursuit) -> Result<bool, TextError> {
    let Some(()) = wait(pen, pursuit, 3, 30) else { return Ok(false) };
    if pursuit.revision > 0 && pen.dice.chance(80) {
        let became =
            if pen.dice.chance(60) { QuoteOutcome::Rejected } else { QuoteOutcome::Expired };
        outcome(pen, party, pursuit, pursuit.revision, became)?;
        let Some(()) = wait(pen, pursuit, 0, 4) else { return Ok(false) };
    }
    let reason = pen.dice.pick(&LOST_REASONS);
    let lost_to = (reason == "competitor").then(|| pen.dice.pick(&COMPETITORS));
    let lost = OpportunityLost {
        opportunity: pursuit.id.clone(),
        lost_reason: text(reason)?,
        lost_to: lost_to.map(text).transpose()?,
        closed_on: pursuit.now.day(),
    };
    pen.tell(pursuit.now, party.owner, party, lost)?;
    Ok(true)
}

/// Takes a lost opportunity up again.
pub(super) fn reopen(
    pen: &mut Pen,
    party: &Party,
    pursuit: &mut Pursuit,
    days: i32,
) -> Result<bool, TextError> {
    let Some(()) = wait(pen, pursuit, days, days + 5) else { return Ok(false) };
    let reopened =
        OpportunityReopened { opportunity: pursuit.id.clone(), to_stage: text("proposal")? };
    let why = "客户追加预算,重新启动 / the budget was approved after all";
    pen.tell_why(pursuit.now, party.owner, party, why, reopened)?;
    Ok(true)
}

/// Wins an opportunity: the quote accepted, the contract signed, the deal won, all in one.
pub(super) fn win(pen: &mut Pen, party: &Party, mut pursuit: Pursuit) -> Told {
    let Some(()) = wait(pen, &mut pursuit, 3, 20) else { return Ok(()) };
    let quote = if pursuit.revision > 0 { Some(quote_number(&pursuit)?) } else { None };
    let deal = Deal {
        contract: text(&format!("HT-{}", pursuit.id.as_str().trim_start_matches("O-")))?,
        opportunity: Some(pursuit.id.clone()),
        quote: quote.clone(),
        product: pursuit.product,
        count: pursuit.count,
        unit_price: pursuit.unit_price,
        signed: pursuit.now,
    };
    let plan = contracts::plan(pen, party, &deal);
    let signed = contracts::signed(pen, party, &deal, plan)?;
    let won = OpportunityWon {
        opportunity: pursuit.id.clone(),
        contract: Some(deal.contract.clone()),
        amount: Some(signed.total),
        closed_on: pursuit.now.day(),
    };
    let mut unit = Vec::with_capacity(3);
    if let Some(quote) = quote {
        let accepted = QuoteOutcomeRecorded { quote, revision: 0, outcome: QuoteOutcome::Accepted };
        unit.push(pen.request(pursuit.now, party, accepted)?);
    }
    unit.push(pen.request(pursuit.now, party, signed.clone())?);
    unit.push(pen.request(pursuit.now, party, won)?);
    pen.submit(pursuit.now.recorded, party.owner, unit)?;
    contracts::perform(pen, party, &deal, plan, &signed)
}
