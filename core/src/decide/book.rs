//! Decisions of the book family, and the policies a new book starts with.

use std::collections::BTreeSet;

use super::state::BookState;
use super::{Context, Decide, Draft, Rejection};
use crate::codec::layout::Layout;
use crate::event::book::{
    Ageing, BookOpened, EventLayoutPublished, EventVoided, ImportApplied, Indicator, IndicatorTree,
    Pipeline, PolicyVersionPublished, PoolRules, PriceFloors, ReceivableRules, ServiceLevels,
    ServiceTarget, Stage,
};
use crate::event::complaint::Severity;
use crate::event::{Body, BookStream, Envelope, Kind};
use crate::id::{Label, PolicyName, StageName, TextError};
use crate::money::Money;

/// Ten years: more days than a customer is ever left alone.
const POOL_DAYS_MAX: u32 = 3660;

impl BookState {
    /// Takes in what an event of the book's own streams says.
    pub fn fold(&mut self, body: &Body) {
        match body {
            Body::BookOpened(opened) => {
                self.book = opened.book;
                self.name = opened.name.to_string();
                self.zone = opened.zone.as_str().parse().unwrap_or(chrono_tz::UTC);
                self.functional_currency = Some(opened.functional_currency);
                self.legal_entities = opened.legal_entities.clone();
                self.default_calling_code =
                    opened.default_calling_code.as_ref().map(ToString::to_string);
            }
            Body::PolicyVersionPublished(published) => {
                let key = (published.policy.clone(), published.version);
                self.policies.insert(key, published.clone());
            }
            Body::ExchangeRateRecorded(recorded) => {
                if let Some(quote) = recorded.quote {
                    let rates = self.rates.entry((recorded.base, quote)).or_default();
                    rates.insert(recorded.rate_on, recorded.rate.clone());
                }
            }
            Body::PeriodLocked(locked) => {
                self.locks.insert(locked.legal_entity.clone(), locked.through);
            }
            Body::OrgUnitChanged(changed) => self.fold_unit(changed),
            Body::UserStatusChanged(changed) => self.fold_user(changed),
            _ => {}
        }
    }

    /// The streams whose events it is made of.
    pub const STREAMS: &[BookStream] = &[
        BookStream::Book,
        BookStream::Policies,
        BookStream::Rates,
        BookStream::Periods,
        BookStream::Organisation,
    ];

    /// Tells whether an event changes it.
    pub const fn concerns(body: &Body) -> bool {
        matches!(
            body,
            Body::BookOpened(_)
                | Body::PolicyVersionPublished(_)
                | Body::ExchangeRateRecorded(_)
                | Body::PeriodLocked(_)
                | Body::OrgUnitChanged(_)
                | Body::UserStatusChanged(_)
        )
    }
}

impl Decide for BookOpened {
    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        if !context.book.book.0.is_nil() {
            return Err(Rejection::BookAlreadyOpen {});
        }
        if self.zone.as_str().parse::<chrono_tz::Tz>().is_err() {
            return Err(Rejection::ZoneUnknown { zone: self.zone.clone() });
        }
        if !(1..=12).contains(&self.fiscal_year_start_month) {
            return Err(Rejection::MonthUnknown { month: self.fiscal_year_start_month });
        }
        super::refuse_repeated("legal entity", self.legal_entities.iter().map(|e| e.as_str()))
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for EventLayoutPublished {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        let known = Kind::from_tag(self.kind_tag).is_some_and(|kind| {
            kind.name() == self.kind_name.as_str()
                && Layout::parse(self.layout.as_str()).is_ok_and(|layout| layout == kind.layout())
        });
        if known {
            Ok(())
        } else {
            Err(Rejection::LayoutUnfit { kind: self.kind_name.as_str().into() })
        }
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for PolicyVersionPublished {
    fn complete(&mut self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        if self.version == 0 {
            self.version = next_version(context.book, &self.policy);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        let policy = || self.policy.as_str().into();
        let expected = next_version(context.book, &self.policy);
        if self.version != expected {
            let actual = self.version;
            return Err(Rejection::PolicyOutOfTurn { policy: policy(), expected, actual });
        }
        let contents = contents(self);
        let count = contents.iter().filter(|present| **present).count();
        if count != 1 {
            return Err(Rejection::PolicyContents { policy: policy(), count });
        }
        let same = |last: &PolicyVersionPublished| self::contents(last) == contents;
        if !context.book.newest(&self.policy).is_none_or(same) {
            return Err(Rejection::PolicyKindDiffers { policy: policy() });
        }
        match unfit(self) {
            None => Ok(()),
            Some(why) => Err(Rejection::PolicyUnfit { policy: policy(), why }),
        }
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for EventVoided {
    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_reason("a void")
    }

    /// Only which event it was: what else a void changes is found by replaying the stream without
    /// the event.
    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.note_voided(self.event, self.position);
        if self.import.is_some() {
            state.note_taken_back(self.position);
        }
    }
}

impl Decide for ImportApplied {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        if self.files.is_empty() {
            return Err(Rejection::Missing { what: "the files of the import" });
        }
        for file in &self.files {
            let (rows, sum) = (file.rows.read, file.rows.accounted());
            if sum != rows {
                return Err(Rejection::ImportFigures { rows, sum });
            }
            for amounts in &file.amounts {
                if amounts.accounted() != i128::from(amounts.read) {
                    let currency = amounts.currency;
                    return Err(Rejection::ImportAmounts { file: file.name.clone(), currency });
                }
            }
            let currencies = file.amounts.iter().map(|amounts| amounts.currency.as_str());
            super::refuse_repeated("currency", currencies)?;
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

fn next_version(book: &BookState, policy: &PolicyName) -> u32 {
    book.newest(policy).map_or(0, |published| published.version).saturating_add(1)
}

const fn contents(policy: &PolicyVersionPublished) -> [bool; 7] {
    [
        policy.pipeline.is_some(),
        policy.ageing.is_some(),
        policy.service_levels.is_some(),
        policy.indicators.is_some(),
        policy.price_floors.is_some(),
        policy.receivable_rules.is_some(),
        policy.pool_rules.is_some(),
    ]
}

/// Returns why a policy's content cannot be used, if so.
fn unfit(policy: &PolicyVersionPublished) -> Option<&'static str> {
    let pipeline = policy.pipeline.as_ref().and_then(pipeline_unfit);
    let ageing = policy.ageing.as_ref().and_then(ageing_unfit);
    let levels = policy.service_levels.as_ref().and_then(service_levels_unfit);
    let indicators = policy.indicators.as_ref().and_then(indicators_unfit);
    let floors = policy.price_floors.as_ref().and_then(price_floors_unfit);
    let rules = policy.receivable_rules.as_ref().and_then(receivable_rules_unfit);
    let pool = policy.pool_rules.and_then(pool_unfit);
    pipeline.or(ageing).or(levels).or(indicators).or(floors).or(rules).or(pool)
}

fn all_different<T: Ord>(values: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    values.into_iter().all(|value| seen.insert(value))
}

fn pipeline_unfit(pipeline: &Pipeline) -> Option<&'static str> {
    if pipeline.stages.is_empty() {
        return Some("it has no stage");
    }
    if !all_different(pipeline.stages.iter().map(|stage| stage.name.as_str())) {
        return Some("two stages have one name");
    }
    if pipeline.stages.iter().any(|stage| stage.probability_percent > 100) {
        return Some("a stage is more than 100 percent probable");
    }
    if pipeline.lost_reasons.is_empty() {
        return Some("it has no reason for a loss");
    }
    let different = all_different(pipeline.lost_reasons.iter().map(Label::as_str));
    (!different).then_some("a reason for a loss appears twice")
}

fn ageing_unfit(ageing: &Ageing) -> Option<&'static str> {
    if ageing.edges_days.is_empty() {
        return Some("it has no edge");
    }
    let ascending = ageing.edges_days.iter().zip(ageing.edges_days.iter().skip(1));
    let sane = ageing.edges_days.first().is_some_and(|first| *first > 0)
        && ascending.into_iter().all(|(left, right)| left < right);
    (!sane).then_some("the edges do not ascend from above zero")
}

fn service_levels_unfit(levels: &ServiceLevels) -> Option<&'static str> {
    if levels.day_starts_minute >= levels.day_ends_minute || levels.day_ends_minute > 1440 {
        return Some("the working day does not end after it starts");
    }
    if levels.weekdays.is_empty() || levels.weekdays.iter().any(|day| !(1..=7).contains(day)) {
        return Some("the weekdays are not numbers from 1 Monday to 7 Sunday");
    }
    if levels.targets.is_empty() {
        return Some("it has no target");
    }
    let reversed =
        |target: &ServiceTarget| target.first_response_minutes > target.resolution_minutes;
    if levels.targets.iter().any(reversed) {
        return Some("an answer is due before the first response");
    }
    // A year of working minutes around the clock: beyond it a due time would mean nothing.
    let endless = levels.targets.iter().any(|target| target.resolution_minutes > 525_600);
    endless.then_some("a limit is longer than a year")
}

fn indicators_unfit(tree: &IndicatorTree) -> Option<&'static str> {
    if tree.scale_min >= tree.scale_max {
        return Some("the scale does not ascend");
    }
    if tree.indicators.is_empty() {
        return Some("it has no indicator");
    }
    if !all_different(tree.indicators.iter().map(|indicator| indicator.name.as_str())) {
        return Some("two indicators have one name");
    }
    let parent_of = |indicator: &Indicator| -> Option<Option<&Indicator>> {
        match &indicator.parent {
            None => Some(None),
            Some(name) => tree.indicators.iter().find(|other| other.name == *name).map(Some),
        }
    };
    for indicator in &tree.indicators {
        let mut current = indicator;
        let mut levels = 1;
        loop {
            match parent_of(current) {
                None => return Some("an indicator's parent is not there"),
                Some(None) => break,
                Some(Some(_)) if levels == 3 => return Some("it has more than three levels"),
                Some(Some(parent)) => current = parent,
            }
            levels += 1;
        }
    }
    None
}

const fn pool_unfit(pool: PoolRules) -> Option<&'static str> {
    if pool.idle_days == 0 {
        return Some("it has no days without a dealing");
    }
    if pool.idle_days > POOL_DAYS_MAX || pool.wait_days > POOL_DAYS_MAX {
        return Some("it has more than 3660 days");
    }
    None
}

fn price_floors_unfit(floors: &PriceFloors) -> Option<&'static str> {
    if floors.floors.iter().any(|floor| floor.price.minor < 0) {
        return Some("a price is below zero");
    }
    let keys = floors.floors.iter().map(|floor| (floor.product.as_str(), floor.price.currency));
    (!all_different(keys)).then_some("a product and currency appear twice")
}

fn receivable_rules_unfit(rules: &ReceivableRules) -> Option<&'static str> {
    let ascending = rules.level_days.iter().zip(rules.level_days.iter().skip(1));
    if rules.level_days.is_empty() || ascending.into_iter().any(|(left, right)| left >= right) {
        return Some("the days of the levels do not ascend");
    }
    let amounts = [&rules.notice_minimums, &rules.tolerances, &rules.limits, &rules.concessions];
    if amounts.iter().any(|list| list.iter().any(|amount| amount.minor < 0)) {
        return Some("an amount is below zero");
    }
    let one_each = |list: &Vec<Money>| all_different(list.iter().map(|amount| amount.currency));
    (!amounts.into_iter().all(one_each)).then_some("a currency appears twice")
}

/// Returns the policies a new book starts with, version 1 each.
pub fn default_policies() -> Vec<PolicyVersionPublished> {
    // The texts below are constants that a test checks; a failure could only be a wrong constant.
    standard_policies().unwrap_or_default()
}

fn standard_policies() -> Result<Vec<PolicyVersionPublished>, TextError> {
    let named = |name: &str| -> Result<PolicyVersionPublished, TextError> {
        Ok(PolicyVersionPublished {
            policy: PolicyName::new(name)?,
            version: 1,
            pipeline: None,
            ageing: None,
            service_levels: None,
            indicators: None,
            price_floors: None,
            receivable_rules: None,
            pool_rules: None,
        })
    };
    Ok(vec![
        PolicyVersionPublished { pipeline: Some(sales_pipeline()?), ..named("sales")? },
        PolicyVersionPublished {
            ageing: Some(Ageing { edges_days: vec![30, 60, 90, 120] }),
            ..named("ageing")?
        },
        PolicyVersionPublished { service_levels: Some(office_hours()), ..named("service_levels")? },
        PolicyVersionPublished { indicators: Some(satisfaction()?), ..named("indicators")? },
        PolicyVersionPublished {
            price_floors: Some(PriceFloors { floors: Vec::new() }),
            ..named("price_floors")?
        },
    ])
}

fn sales_pipeline() -> Result<Pipeline, TextError> {
    let stages = [
        ("lead", "线索", 10),
        ("qualified", "已确认", 25),
        ("proposal", "方案", 50),
        ("negotiation", "谈判", 75),
    ];
    let stage = |(name, label_zh, probability_percent): (&str, &str, u8)| {
        let (name, label_zh) = (StageName::new(name)?, Label::new(label_zh)?);
        Ok(Stage { name, label_zh, probability_percent })
    };
    let reasons = ["price", "competitor", "no_budget", "no_decision", "other"];
    Ok(Pipeline {
        stages: stages.into_iter().map(stage).collect::<Result<_, TextError>>()?,
        lost_reasons: reasons.into_iter().map(Label::new).collect::<Result<_, _>>()?,
    })
}

fn office_hours() -> ServiceLevels {
    let target = |severity, first_response_minutes, resolution_minutes| ServiceTarget {
        severity,
        first_response_minutes,
        resolution_minutes,
    };
    ServiceLevels {
        day_starts_minute: 9 * 60,
        day_ends_minute: 18 * 60,
        weekdays: vec![1, 2, 3, 4, 5],
        targets: vec![
            target(Severity::Low, 8 * 60, 10 * 9 * 60),
            target(Severity::Normal, 4 * 60, 5 * 9 * 60),
            target(Severity::Severe, 60, 2 * 9 * 60),
        ],
    }
}

fn satisfaction() -> Result<IndicatorTree, TextError> {
    let rows = [
        ("quality", "质量", None, 40),
        ("product_quality", "产品质量", Some("quality"), 60),
        ("durability", "耐用性", Some("product_quality"), 50),
        ("conformity", "符合要求", Some("product_quality"), 50),
        ("documentation", "技术资料", Some("quality"), 40),
        ("delivery", "交付", None, 30),
        ("punctuality", "准时", Some("delivery"), 60),
        ("packaging", "包装", Some("delivery"), 40),
        ("service", "服务", None, 30),
        ("responsiveness", "响应速度", Some("service"), 50),
        ("attitude", "服务态度", Some("service"), 50),
    ];
    let indicator = |(name, label_zh, parent, weight): (&str, &str, Option<&str>, u16)| {
        Ok(Indicator {
            name: Label::new(name)?,
            label_zh: Label::new(label_zh)?,
            parent: parent.map(Label::new).transpose()?,
            weight,
        })
    };
    Ok(IndicatorTree {
        scale_min: 1,
        scale_max: 5,
        indicators: rows.into_iter().map(indicator).collect::<Result<_, TextError>>()?,
    })
}
