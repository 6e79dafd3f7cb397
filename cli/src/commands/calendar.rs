//! `daybook calendar`: visits and tasks as calendars (ICS), in and out.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use daybook_server::api::calendar::{CalendarQuery, GivenQuery};
use daybook_server::calendar::{Became, CalendarReport, EntryLine};

use super::contacts::code;
use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, grouped, instant, print_json, write_out};
use crate::session::Session;

/// Take visits and tasks in from a calendar, or give them out
#[derive(Debug, Args)]
pub struct Calendar {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Import(Import),
    Export(Export),
}

/// Record the visits of a calendar that are over and plan those to come; a second run adds nothing
#[derive(Debug, Args)]
struct Import {
    /// The file, iCalendar 2.0 (.ics)
    file: PathBuf,
    /// The customer everything belongs to; left out, each entry goes to the one whose people take part
    #[arg(long)]
    customer: Option<String>,
    /// A domain or address of our own; may be given several times
    #[arg(long, value_name = "DOMAIN")]
    own: Vec<String>,
    /// Leave entries alone that were over before: a date (its start) or an instant
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Leave occurrences after that for another time: a date (its end) or an instant; 92 days ahead when left out
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Say what would become of the entries, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// Print open tasks and the visits that took place as a calendar
#[derive(Debug, Args)]
struct Export {
    /// The customer; all when left out
    customer: Option<String>,
    /// Only visits from then on: a date (its start) or an instant
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

impl Calendar {
    /// Does what was asked and says what came of it.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        match self.what {
            What::Import(import) => import.run(global),
            What::Export(export) => export.run(global),
        }
    }
}

impl Import {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = CalendarQuery {
            customer: code(self.customer.as_deref())?,
            own: (!self.own.is_empty()).then(|| self.own.join(",")),
            since: self.since,
            until: self.until,
            dry_run: self.dry_run.then_some(true),
        };
        let file = std::fs::read(&self.file)
            .map_err(|error| CliError::file(("reading", "读取"), &self.file, &error))?;
        let session = Session::open(global, "calendar")?;
        let zone = session.wait(session.client.book());
        let report = session.wait(session.client.take_calendar(&query, file));
        session.close()?;
        let (report, zone) = (report?, zone?.zone);
        if global.json {
            print_json(&report);
        } else {
            tell(&report, &zone, global.language());
        }
        Ok(if report.refused > 0 { Done::WithRefusals } else { Done::Wholly })
    }
}

fn tell(report: &CalendarReport, zone: &str, lang: Lang) {
    for line in &report.entries {
        match line.became {
            Became::Known | Became::LeftOut => {}
            Became::Refused => refused(line, zone, lang),
            became => {
                let at = line.at.map(|at| instant(at, zone)).unwrap_or_default();
                let customer = line.customer.as_deref().unwrap_or_default();
                let id = line.id.as_deref().unwrap_or_default();
                crate::out!("{at}  {}  {customer}  {id}", word(became, lang));
            }
        }
    }
    let [read, recorded, planned, moved, closed, known, left_out, refused] = [
        report.read,
        report.recorded,
        report.planned,
        report.moved,
        report.closed,
        report.known,
        report.left_out,
        report.refused,
    ]
    .map(grouped);
    match lang {
        Lang::En => {
            crate::out!(
                "{read} entries: {recorded} visits recorded, {planned} planned, {moved} moved, {closed} closed, \
                 {known} known, {left_out} called off, {refused} refused"
            );
            if report.dry_run {
                crate::out!("Nothing was kept.");
            }
        }
        Lang::Zh => {
            crate::out!(
                "{read} 项：记录拜访 {recorded}，计划 {planned}，改期 {moved}，结束 {closed}，已有 {known}，\
                 已取消 {left_out}，拒绝 {refused}"
            );
            if report.dry_run {
                crate::out!("未保留任何内容。");
            }
        }
    }
}

fn word(became: Became, lang: Lang) -> &'static str {
    match became {
        Became::Recorded => lang.pick("recorded", "记录"),
        Became::Planned => lang.pick("planned ", "计划"),
        Became::Moved => lang.pick("moved   ", "改期"),
        Became::Closed => lang.pick("closed  ", "结束"),
        Became::Known => lang.pick("known   ", "已有"),
        Became::LeftOut => lang.pick("left out", "略过"),
        Became::Refused => lang.pick("refused ", "拒绝"),
    }
}

fn refused(line: &EntryLine, zone: &str, lang: Lang) {
    let (number, reason) = (line.number, line.reason.as_deref().unwrap_or_default());
    let at = line.at.map(|at| format!(" ({})", instant(at, zone))).unwrap_or_default();
    let candidates = line.candidates.join(", ");
    let candidates = if candidates.is_empty() { candidates } else { format!(": {candidates}") };
    match lang {
        Lang::En => crate::note!("entry {number}{at}: {reason}{candidates}"),
        Lang::Zh => crate::note!("第 {number} 项{at}：{}{candidates}", reason_zh(line, reason)),
    }
}

/// Returns the reason in Chinese where there is one; a rule of the ledger speaks for itself.
fn reason_zh<'a>(line: &EntryLine, reason: &'a str) -> &'a str {
    match line.code.as_deref().unwrap_or_default() {
        "customer_unmatched" => "参加者不属于任何已知客户；请用 --customer 指明",
        "customer_ambiguous" => "参加者同属多个客户；请用 --customer 指明",
        "entry_broken" => "该项不完整，无法读取",
        "start_missing" => "该项没有可读的开始时间",
        "due_missing" => "该任务没有期限",
        "rule_unreadable" => "重复规则有误",
        "time_unreadable" => "时间无法读取",
        "zone_unknown" => "时区未知",
        "repeats_too_often" => "重复次数过多；请用 --since 限定",
        _ => reason,
    }
}

impl Export {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = GivenQuery { customer: code(self.customer.as_deref())?, since: self.since };
        let session = Session::open(global, "calendar")?;
        let calendar = session.wait(session.client.give_calendar(&query));
        session.close()?;
        write_out(&calendar?);
        Ok(Done::Wholly)
    }
}
