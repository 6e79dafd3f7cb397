//! `daybook record`: writes down one fact.

mod accounting;
mod agreement;
mod contract;
mod credit;
mod customer;
mod money;
mod people;
mod sales;
mod service;
mod task;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use daybook_core::time::{Clock, Date, Timestamp};
use daybook_server::api::book::BookAnswer;
use daybook_server::api::commands::{CommandsAnswer, OutcomeView, UnitAnswer};
use daybook_server::api::lookup::FoundView;
use daybook_server::client::Client;
use daybook_server::when::{self, Lean, Moment};
use serde_json::{Value, json};

use super::attach::upload;
use super::{Done, Global, lookup};
use crate::error::CliError;
use crate::render::{Lang, instant, print_json};
use crate::session::Session;
use crate::system::SystemClock;
use crate::text::Text;

/// Write down one fact about a customer
#[derive(Debug, Args)]
pub struct Record {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    said: Said,
}

/// What can be said about every fact.
#[derive(Debug, Clone, Args)]
struct Said {
    /// When it was so: `yesterday`, `friday 3pm`, a date (its start) or an instant; now when left out
    #[arg(long, global = true, value_name = "WHEN")]
    effective: Option<String>,
    /// Why, in words that name nobody
    #[arg(long, global = true)]
    reason: Option<String>,
    /// Recognises a retry: the same key and fact are recorded once
    #[arg(long, global = true)]
    key: Option<String>,
    /// Refuse unless the customer is at this version
    #[arg(long, global = true, value_name = "VERSION")]
    expected_version: Option<u64>,
    /// Say which events would be added, and keep nothing
    #[arg(long, global = true)]
    dry_run: bool,
    /// Attach this file; may be given several times
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    Customer(customer::Customer),
    Details(customer::Details),
    Contact(customer::Contact),
    Assign(people::Assign),
    Share(people::Share),
    User(people::User),
    Unit(people::Unit),
    /// Record a telephone call
    Call(customer::Talk),
    /// Record a visit
    Visit(customer::Talk),
    /// Record an e-mail
    Email(customer::Talk),
    /// Record an instant message
    Message(customer::Talk),
    Note(customer::Note),
    Opportunity(sales::Opportunity),
    Stage(sales::Stage),
    Win(sales::Win),
    Lose(sales::Lose),
    Receivable(money::Receivable),
    Invoice(money::Invoice),
    Payment(money::Payment),
    Apply(money::Apply),
    Identify(money::Identify),
    Confirm(money::Confirm),
    Unapply(credit::Unapply),
    ReversePayment(credit::ReversePayment),
    CreditNote(credit::CreditNote),
    WriteOff(credit::WriteOff),
    Refund(credit::Refund),
    Reschedule(credit::Reschedule),
    RedLetter(credit::RedLetter),
    Remind(credit::Remind),
    Dispute(money::Dispute),
    Sign(contract::Sign),
    Amend(contract::Amend),
    EndContract(contract::EndContract),
    Complaint(service::Complaint),
    Task(task::Task),
    RescheduleTask(task::Reschedule),
    CloseTask(task::Close),
    Terms(agreement::Terms),
    Limit(agreement::Limit),
    Investment(agreement::Investment),
    Promise(agreement::Promise),
    SettlePromise(agreement::SettlePromise),
    Rate(accounting::Rate),
    LockPeriod(accounting::LockPeriod),
    Json(service::Json),
}

/// A fact ready to be sent.
struct Fact {
    customer: Option<String>,
    /// The command with its fields.
    command: Value,
}

/// What a fact may need to know to be complete.
struct Desk {
    book: BookAnswer,
    now: Timestamp,
    effective: Option<Timestamp>,
    actor: String,
}

impl Desk {
    fn zone(&self) -> chrono_tz::Tz {
        self.book.zone.parse().unwrap_or(chrono_tz::UTC)
    }

    /// When the fact was so.
    fn at(&self) -> Timestamp {
        self.effective.unwrap_or(self.now)
    }

    /// The day of the fact, or the one given.
    fn day(&self, given: Option<&str>) -> Result<Date, CliError> {
        match given {
            None => Ok(self.at().date_in(self.zone())),
            Some(text) => Ok(self.when(text, Lean::Past)?.day(self.zone())),
        }
    }

    /// A day by which something is to happen.
    fn day_ahead(&self, text: &str) -> Result<Date, CliError> {
        Ok(self.when(text, Lean::Future)?.day(self.zone()))
    }

    /// The instant by which something is to be done, of a day its last second.
    fn due(&self, text: &str) -> Result<String, CliError> {
        let moment = self.when(text, Lean::Future)?;
        let due = moment.end(self.zone());
        // A whole second reads better than the last microsecond.
        let whole = if matches!(moment, Moment::Day(_)) { 999_999 } else { 0 };
        Ok(Timestamp(due.0 - whole).to_string())
    }

    /// Reads a date or time as people say it.
    fn when(&self, text: &str, lean: Lean) -> Result<Moment, CliError> {
        when::read(text, lean, self.now, self.zone()).map_err(|error| {
            let (message, hint) = error.chinese();
            CliError::usage(Text::new(error.to_string(), message), Text::new(error.hint(), hint))
        })
    }

    /// Reads an amount such as `1200`, `1,200.50` or `1200.50 USD`.
    fn amount(&self, text: &str) -> Result<Value, CliError> {
        let (number, currency) = match text.trim().rsplit_once(' ') {
            Some((number, currency)) => (number, currency.to_owned()),
            None => (text, self.book.currency.clone().unwrap_or_default()),
        };
        let hint = ("write it as 1200.50 or \"1200.50 USD\"", "请写成 1200.50 或 \"1200.50 USD\"");
        let currency: daybook_core::money::Currency = currency.parse().map_err(|_| {
            let message = Text::new(
                format!("{currency:?} is not a currency code such as CNY"),
                format!("{currency:?} 不是 CNY 这样的币种代码"),
            );
            CliError::usage(message, hint)
        })?;
        let money = daybook_core::money::Money::parse(&number.replace(',', ""), currency).map_err(
            |error| {
                let zh = format!("{number:?} 不是合适的 {currency} 金额");
                CliError::usage(Text::new(error.to_string(), zh), hint)
            },
        )?;
        Ok(json!({ "minor": money.minor, "currency": currency.as_str() }))
    }
}

impl Record {
    /// Records the fact and says what was recorded.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "record")?;
        let recorded = session.wait(self.record(&session.client, global));
        session.close()?;
        recorded.map(|()| Done::Wholly)
    }

    async fn record(&self, client: &Client, global: &Global) -> Result<(), CliError> {
        let book = client.book().await?;
        let actor = global.actor.clone();
        let mut desk = Desk { book, now: SystemClock.now(), effective: None, actor };
        if let Some(text) = &self.said.effective {
            desk.effective = Some(desk.when(text, Lean::Past)?.start(desk.zone()));
        }
        let mut fact = self.fact(&desk)?;
        if let What::Customer(customer) = &self.what {
            customer.check(&mut fact, client).await?;
        }
        let found = self.whose(&fact, client).await?;
        if let Some(found) = &found {
            lookup::say_found(found, global.language());
            fact.is_about(found);
        }
        let customer = fact.customer.clone();
        let task = self.what.follow_up(&desk)?.map(|command| {
            let fact = Fact { customer: customer.clone(), command };
            self.said.follow_up(fact, desk.effective)
        });
        let request = self.said.request(fact, desk.effective);
        let mut unit = vec![request.clone()];
        unit.extend(self.said.attachments(customer, client, global.language()).await?);
        unit.extend(task);
        let unit_said = unit.clone();
        let sent = client.commands(vec![unit], self.said.dry_run).await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => return Err(lookup::explain(client, error, &request).await),
        };
        if global.json {
            print_json(&answer);
            return Ok(());
        }
        let lang = global.language();
        if self.said.dry_run {
            rehearsed(&answer, &unit_said, lang);
            return Ok(());
        }
        tell_all(client, &answer, lang, global).await
    }

    /// Returns the customer that is meant. A new one is not on file, and JSON says codes only.
    async fn whose(&self, fact: &Fact, client: &Client) -> Result<Option<FoundView>, CliError> {
        match (&self.what, &fact.customer) {
            (What::Customer(_) | What::Json(_), _) | (_, None) => Ok(None),
            (_, Some(who)) => lookup::one(client, who).await.map(Some),
        }
    }

    fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        match &self.what {
            What::Customer(fact) => fact.fact(desk),
            What::Details(fact) => fact.fact(),
            What::Contact(fact) => Ok(fact.fact()),
            What::Assign(fact) => Ok(fact.fact()),
            What::Share(fact) => fact.fact(desk),
            What::User(fact) => Ok(fact.fact()),
            What::Unit(fact) => Ok(fact.fact()),
            What::Call(fact) => Ok(fact.fact(desk, "phone", "phone")),
            What::Visit(fact) => Ok(fact.fact(desk, "visit_in", "visit_out")),
            What::Email(fact) => Ok(fact.fact(desk, "email", "email")),
            What::Message(fact) => Ok(fact.fact(desk, "im", "im")),
            What::Note(fact) => Ok(fact.fact(desk)),
            What::Opportunity(fact) => fact.fact(desk),
            What::Stage(fact) => Ok(fact.fact()),
            What::Win(fact) => fact.fact(desk),
            What::Lose(fact) => fact.fact(desk),
            What::Receivable(fact) => fact.fact(desk),
            What::Invoice(fact) => fact.fact(desk),
            What::Payment(fact) => fact.fact(desk),
            What::Apply(fact) => fact.fact(desk),
            What::Identify(fact) => fact.fact(desk),
            What::Confirm(fact) => fact.fact(desk),
            What::Unapply(fact) => fact.fact(desk),
            What::ReversePayment(fact) => fact.fact(desk),
            What::CreditNote(fact) => fact.fact(desk),
            What::WriteOff(fact) => fact.fact(desk),
            What::Refund(fact) => fact.fact(desk),
            What::Reschedule(fact) => fact.fact(desk),
            What::RedLetter(fact) => fact.fact(desk),
            What::Remind(fact) => fact.fact(desk),
            What::Sign(fact) => fact.fact(desk),
            What::Amend(fact) => fact.fact(desk),
            What::EndContract(fact) => fact.fact(desk),
            What::Dispute(fact) => Ok(fact.fact()),
            What::Complaint(fact) => Ok(fact.fact(desk)),
            What::Task(fact) => fact.fact(desk),
            What::RescheduleTask(fact) => fact.fact(desk),
            What::CloseTask(fact) => Ok(fact.fact()),
            What::Terms(fact) => fact.fact(desk),
            What::Limit(fact) => fact.fact(desk),
            What::Investment(fact) => fact.fact(desk),
            What::Promise(fact) => fact.fact(desk),
            What::SettlePromise(fact) => Ok(fact.fact(desk)),
            What::Rate(fact) => fact.fact(desk),
            What::LockPeriod(fact) => fact.fact(desk),
            What::Json(fact) => fact.fact(),
        }
    }
}

impl What {
    /// Returns the task that a talk leaves behind.
    fn follow_up(&self, desk: &Desk) -> Result<Option<Value>, CliError> {
        match self {
            What::Call(talk) | What::Visit(talk) | What::Email(talk) | What::Message(talk) => {
                talk.task(desk)
            }
            _ => Ok(None),
        }
    }
}

impl Fact {
    /// Names the customer that was found, and the contact who was recognised by a number.
    fn is_about(&mut self, found: &FoundView) {
        self.customer = Some(found.customer.clone());
        let Some(fields) = self.command.as_object_mut() else { return };
        if let Some(contact) = &found.contact
            && fields.get("unknown_caller") == Some(&Value::Bool(true))
            && fields.get("channel").is_some_and(|channel| channel != "internal_note")
        {
            fields.insert("contacts".to_owned(), json!([contact]));
            fields.insert("unknown_caller".to_owned(), false.into());
        }
    }
}

impl Said {
    /// Adds to a fact that follows from another what is said about both.
    fn follow_up(&self, fact: Fact, effective: Option<Timestamp>) -> Value {
        let key = self.key.as_ref().map(|key| format!("{key}/task"));
        Said { key, expected_version: None, file: Vec::new(), ..self.clone() }
            .request(fact, effective)
    }

    /// Takes the files in and returns the requests that attach them to the fact. A dry run keeps no
    /// file and therefore has none to attach.
    async fn attachments(
        &self,
        customer: Option<String>,
        client: &Client,
        lang: Lang,
    ) -> Result<Vec<Value>, CliError> {
        let mut requests = Vec::with_capacity(self.file.len());
        if self.dry_run {
            return Ok(requests);
        }
        for (number, file) in self.file.iter().enumerate() {
            let Some(customer) = customer.as_deref() else {
                return Err(CliError::usage(
                    (
                        "a file belongs to a customer, but the fact names none",
                        "附件属于客户，但此事实没有指明客户",
                    ),
                    ("leave --file out", "请去掉 --file"),
                ));
            };
            let mut request = upload(client, customer, file, None, lang).await?;
            if let (Some(key), Some(fields)) = (&self.key, request.as_object_mut()) {
                fields.insert("idempotency_key".to_owned(), format!("{key}/{number}").into());
            }
            requests.push(request);
        }
        Ok(requests)
    }

    /// Adds to a fact what is said about it.
    fn request(&self, fact: Fact, effective: Option<Timestamp>) -> Value {
        let mut request = fact.command;
        let mut say = |name: &str, value: Option<Value>| {
            if let (Some(fields), Some(value)) = (request.as_object_mut(), value) {
                fields.insert(name.to_owned(), value);
            }
        };
        say("customer", fact.customer.map(Value::from));
        say("effective_at", effective.map(|at| Value::from(at.to_string())));
        say("reason", self.reason.clone().map(Value::from));
        say("idempotency_key", self.key.clone().map(Value::from));
        say("expected_version", self.expected_version.map(|version| json!({ "exact": version })));
        request
    }
}

/// Lets an option take one of the names of a list of the domain.
macro_rules! one_of {
    ($list:ty) => {
        clap::builder::PossibleValuesParser::new(<$list>::ALL.iter().map(|name| name.as_str()))
    };
}
use one_of;

/// Leaves out the fields that were not given.
fn given(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

fn outcomes(answer: &CommandsAnswer) -> impl Iterator<Item = &OutcomeView> {
    answer.units.iter().flat_map(|unit| match unit {
        UnitAnswer::Taken(outcomes) => outcomes.as_slice(),
        UnitAnswer::Refused(_) => &[],
    })
}

/// Says what a dry run would have recorded.
pub(super) fn rehearsed(answer: &CommandsAnswer, unit: &[Value], lang: Lang) {
    crate::out!(
        "{}",
        lang.pick(
            "Dry run: these events would be added; nothing was kept.",
            "试运行：会增加以下事件；未保留任何内容。"
        )
    );
    for outcome in outcomes(answer) {
        for event in &outcome.events {
            let (position, kind, label) = (event.position, &event.kind, &event.kind_zh);
            let (stream, version) = (&event.stream, event.version);
            match lang {
                Lang::En => crate::out!("  {position}  {kind} {label}  {stream} version {version}"),
                Lang::Zh => crate::out!("  {position}  {label} {kind}  {stream} 版本 {version}"),
            }
        }
        if outcome.repeated {
            let (en, zh) =
                ("none: the same request was recorded before", "无：同样的请求先前已记录");
            crate::out!("  {}", lang.pick(en, zh));
        }
    }
    if !unit.is_empty() {
        crate::out!("{}", lang.pick("from this request:", "来自此请求："));
    }
    for request in unit {
        crate::out!("{}", serde_json::to_string_pretty(request).unwrap_or_default());
    }
}

/// Says what was recorded of each request.
pub(super) async fn tell_all(
    client: &Client,
    answer: &CommandsAnswer,
    lang: Lang,
    global: &Global,
) -> Result<(), CliError> {
    let zone = client.book().await?.zone;
    for outcome in outcomes(answer) {
        tell(client, outcome, &zone, lang, global).await?;
    }
    Ok(())
}

/// Says what was recorded, where, and how to take it back.
async fn tell(
    client: &Client,
    outcome: &OutcomeView,
    zone: &str,
    lang: Lang,
    global: &Global,
) -> Result<(), CliError> {
    for event in &outcome.events {
        let shown = client.event(&event.position.to_string()).await?.event;
        let (position, kind, label) = (event.position, &event.kind, &event.kind_zh);
        match (lang, outcome.repeated) {
            (Lang::En, false) => crate::out!("Recorded at position {position}: {kind} {label}"),
            (Lang::En, true) => {
                crate::out!("Recorded before at position {position}: {kind} {label}");
            }
            (Lang::Zh, false) => crate::out!("已记录于位置 {position}：{label} {kind}"),
            (Lang::Zh, true) => crate::out!("先前已记录于位置 {position}：{label} {kind}"),
        }
        crate::out!(
            "  {}",
            crate::render::table::plain(lang.pick(&shown.summary.en, &shown.summary.zh))
        );
        let at = instant(shown.effective_at, zone);
        let (stream, version) = (&event.stream, event.version);
        match lang {
            Lang::En => crate::out!("  {stream} version {version}, happened {at}"),
            Lang::Zh => crate::out!("  {stream} 版本 {version}，发生于 {at}"),
        }
    }
    let Some(first) = outcome.events.first() else { return Ok(()) };
    let last = outcome.events.last().and_then(|last| last.stream.strip_prefix("customer/"));
    if let ("customers.merged", Some(survivor)) = (first.kind.as_str(), last) {
        let command = global.command("unmerge");
        let back = lang.pick("To undo it:", "如需撤销：");
        crate::out!("{back} {command} {survivor} --rest {survivor} --reason \"...\"");
        return Ok(());
    }
    let is_final = matches!(first.kind.as_str(), "event.voided" | "merge.reversed");
    if first.stream.starts_with("customer/") && !is_final {
        let command = global.command("void");
        let id = first.event_id;
        let back = lang.pick("To take it back:", "如需撤回：");
        crate::out!("{back} {command} {id} --reason \"...\"");
    }
    Ok(())
}
