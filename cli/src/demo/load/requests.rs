//! The requests of a load, put together from texts made once.

use std::collections::BTreeMap;
use std::fmt::Write;

use daybook_core::decide::command::RegisterCustomer;
use daybook_core::decide::{Command, Request};
use daybook_core::event::Section;
use daybook_core::event::customer::{CustomerField, CustomerKind, CustomerSource};
use daybook_core::event::interaction::{
    Correspondence, Direction, InteractionChannel, InteractionRecorded, Verdict,
};
use daybook_core::event::opportunity::{
    Forecast, OpportunityForecastRevised, OpportunityOpened, OpportunityStageChanged,
};
use daybook_core::id::{
    ActorId, CustomerCode, Label, LegalEntity, Line, Note, OpportunityId, PolicyName, ProductCode,
    StageName, TextError,
};
use daybook_core::money::{Currency, Money};
use daybook_core::position::ExpectedVersion;
use daybook_core::time::Timestamp;

use super::Act;
use super::account::Account;
use crate::demo::StoryError;
use crate::demo::calendar::date_of;
use crate::demo::cast::PRODUCTS;
use crate::demo::dice::Dice;
use crate::demo::pen::{text, user};
use crate::demo::sales::STAGES;

const DAY_MICROS: i64 = 86_400_000_000;
/// One fact in so many is told days late.
const LATE_ONE_IN: u32 = 32;
const CHANNELS: [InteractionChannel; 4] = [
    InteractionChannel::Phone,
    InteractionChannel::Email,
    InteractionChannel::VisitOut,
    InteractionChannel::InstantMessage,
];
const SAID: [&str; 8] = [
    "询问交期,希望下月初发货,已转计划部确认。",
    "确认图纸版本,客户同意按新图生产。",
    "付款已安排,预计本周五到账。",
    "设备运行正常,提醒年度保养。",
    "Asked for the delivery date; planning will confirm tomorrow.",
    "Agreed on the revised drawing and the packaging.",
    "Payment is on its way and should arrive on Friday.",
    "The machine runs well; the yearly service was proposed.",
];
const CITIES: [&str; 6] = ["苏州", "宁波", "重庆", "Stuttgart", "Cleveland", "Sheffield"];

/// Texts made once, to be copied into requests.
#[derive(Debug)]
pub(super) struct Stock {
    said: Vec<Note>,
    stages: Vec<StageName>,
    products: Vec<ProductCode>,
    owners: Vec<ActorId>,
    cities: Vec<Note>,
    pipeline: PolicyName,
    title: Line,
    pub bank: Label,
    back: Note,
    pub entity: LegalEntity,
    cny: Currency,
    word: String,
    pub numbered: u64,
}

/// What all requests about one customer have in common.
pub(super) struct About<'a> {
    pub place: usize,
    pub account: &'a mut Account,
    pub at: Timestamp,
    /// Whether the fact is told days late.
    pub late: i64,
}

fn all<T: std::str::FromStr<Err = TextError>>(texts: &[&str]) -> Result<Vec<T>, TextError> {
    texts.iter().map(|each| text(each)).collect()
}

fn one_of<T: Clone + Default>(dice: &mut Dice, from: &[T]) -> T {
    let index = dice.below(u32::try_from(from.len()).unwrap_or_default());
    from.get(index as usize).cloned().unwrap_or_default()
}

impl Stock {
    /// Makes the texts.
    pub fn new() -> Result<Stock, StoryError> {
        let codes: Vec<&str> = PRODUCTS.iter().map(|product| product.code).collect();
        Ok(Stock {
            said: all(&SAID)?,
            stages: all(&STAGES)?,
            products: all(&codes)?,
            owners: (3..=12).map(user).collect::<Result<_, _>>()?,
            cities: all(&CITIES)?,
            pipeline: text("sales")?,
            title: text("设备采购项目")?,
            bank: text("ICBC-8866")?,
            back: text("requirements taken up again")?,
            entity: text("ECP-SH")?,
            cny: "CNY".parse()?,
            word: String::with_capacity(64),
            numbered: 0,
        })
    }

    /// Builds one request and notes in the account what it changes.
    pub fn request(
        &mut self,
        dice: &mut Dice,
        act: Act,
        place: usize,
        account: &mut Account,
        at: Timestamp,
    ) -> Result<Request, TextError> {
        let late = dice.below(LATE_ONE_IN) == 0;
        let late = if late { i64::from(dice.between(1, 9)) * DAY_MICROS } else { 0 };
        let mut about = About { place, account, at, late };
        let customer: CustomerCode = self.named("C-", place as u64 + 1)?;
        let mut reason = None;
        let command = match act {
            Act::Register => self.register(dice, &mut about)?,
            Act::Interaction => self.interaction(dice, &about),
            Act::Payment => self.payment(dice, &mut about)?,
            Act::Opportunity => self.opportunity(dice, &mut about)?,
            Act::Stage => self.stage(dice, &mut about, &mut reason)?,
            Act::Forecast => self.forecast(&mut about)?,
            Act::Item => self.item(dice, &mut about)?,
            Act::Invoice => self.invoice(&mut about)?,
            Act::Application => self.application(&mut about)?,
        };
        // Only facts that nothing later must follow in time are told late.
        let delay =
            if matches!(act, Act::Interaction | Act::Payment | Act::Item) { late } else { 0 };
        Ok(Request {
            customer: Some(customer),
            effective_at: Some(Timestamp(at.0 - delay)),
            expected_version: ExpectedVersion::Any,
            idempotency_key: None,
            reason,
            corrects: None,
            command,
        })
    }

    /// Makes a text of a prefix and a number.
    pub fn named<T: std::str::FromStr<Err = TextError>>(
        &mut self,
        prefix: &str,
        number: u64,
    ) -> Result<T, TextError> {
        self.word.clear();
        // Writing into a String cannot fail.
        let _ = write!(self.word, "{prefix}{number}");
        text(&self.word)
    }

    pub fn money(&self, minor: u32) -> Money {
        Money::new(i64::from(minor), self.cny)
    }

    fn register(&mut self, dice: &mut Dice, about: &mut About<'_>) -> Result<Command, TextError> {
        about.account.on_file = true;
        let number = about.place as u64 + 1;
        let details = BTreeMap::from([
            (CustomerField::Name, self.named("华东客户 East ", number)?),
            (CustomerField::Phone, self.named("0512-6", 1_000_000 + number)?),
            (CustomerField::City, one_of(dice, &self.cities)),
        ]);
        Ok(Command::RegisterCustomer(RegisterCustomer {
            kind: CustomerKind::Company,
            source: CustomerSource::Web,
            referrer: None,
            provenance: None,
            currency: Some(self.cny),
            owner: Some(one_of(dice, &self.owners)),
            first_contact_on: Some(date_of(about.at)),
            verified_by: None,
            duplicates: None,
            details,
        }))
    }

    fn interaction(&mut self, dice: &mut Dice, about: &About<'_>) -> Command {
        let channel = CHANNELS.get(dice.below(4) as usize).copied();
        let started_at = Timestamp(about.at.0 - about.late);
        Command::RecordInteraction(InteractionRecorded {
            interaction: Default::default(),
            channel: channel.unwrap_or(InteractionChannel::Phone),
            direction: if dice.chance(50) { Direction::In } else { Direction::Out },
            started_at,
            ended_at: Some(started_at),
            contacts: Vec::new(),
            unknown_caller: true,
            staff: vec![one_of(dice, &self.owners)],
            about: None,
            verdict: Some(Verdict::Positive),
            kind: None,
            cost: None,
            correspondence: Some(Section::Open(Correspondence {
                summary: Some(one_of(dice, &self.said)),
                place: None,
                next_step: None,
            })),
            mail: None,
        })
    }

    fn opportunity_id(&mut self, about: &About<'_>) -> Result<OpportunityId, TextError> {
        self.named("O-", u64::from(about.account.opportunities))
    }

    fn opportunity(
        &mut self,
        dice: &mut Dice,
        about: &mut About<'_>,
    ) -> Result<Command, TextError> {
        about.account.opportunities += 1;
        about.account.stage = 0;
        let amount = self.money(1_000_000 + dice.below(90_000_000));
        Ok(Command::OpenOpportunity(OpportunityOpened {
            opportunity: self.opportunity_id(about)?,
            pipeline: self.pipeline.clone(),
            pipeline_version: 1,
            stage: self.stages.first().cloned().unwrap_or_default(),
            title: Some(self.title.clone()),
            amount: Some(amount),
            probability_percent: None,
            expected_close_on: Some(date_of(about.at).plus_days(60)),
            source: None,
            owner: Some(one_of(dice, &self.owners)),
            product: Some(one_of(dice, &self.products)),
        }))
    }

    /// Forward until the last stage, then back to the second or the third.
    fn stage(
        &mut self,
        dice: &mut Dice,
        about: &mut About<'_>,
        reason: &mut Option<Note>,
    ) -> Result<Command, TextError> {
        let last = u8::try_from(self.stages.len().saturating_sub(1)).unwrap_or(3);
        let stage = if about.account.stage < last {
            about.account.stage + 1
        } else {
            *reason = Some(self.back.clone());
            if dice.chance(50) { 1 } else { 2 }
        };
        about.account.stage = stage;
        Ok(Command::ChangeOpportunityStage(OpportunityStageChanged {
            opportunity: self.opportunity_id(about)?,
            from: StageName::default(),
            to: self.stages.get(usize::from(stage)).cloned().unwrap_or_default(),
            change: None,
        }))
    }

    fn forecast(&mut self, about: &mut About<'_>) -> Result<Command, TextError> {
        about.account.forecasts += 1;
        let count = about.account.forecasts;
        let percent = u8::try_from(count % 90 + 5).ok();
        let days = i32::try_from(count % 40).unwrap_or_default();
        Ok(Command::ReviseOpportunityForecast(OpportunityForecastRevised {
            opportunity: self.opportunity_id(about)?,
            old: None,
            new: Forecast {
                amount: Some(self.money(1_000_000 + count * 1000)),
                probability_percent: percent,
                expected_close_on: Some(date_of(about.at).plus_days(30 + days)),
                progress_percent: percent,
                key: false,
            },
        }))
    }
}
