//! `daybook funnel stages`: the stages, or groups of opportunities.

use clap::{Args, ValueEnum};
use daybook_server::api::funnel::{
    CohortKind, FunnelAnswer, FunnelQuery, GroupBy, GroupView, StageView,
};

use super::{Scope, answer, rates, share, show, standing};
use crate::commands::report::bar;
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::sheet::{Cell, Sheet, text};
use crate::render::{Column, Lang, Table, amounts};

/// Cells of the longest bar.
const BAR_CELLS: i128 = 30;

/// Which opportunities are counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Cohort {
    #[allow(missing_docs)]
    All,
    #[allow(missing_docs)]
    Created,
    #[allow(missing_docs)]
    Entered,
    #[allow(missing_docs)]
    Active,
    #[allow(missing_docs)]
    Closed,
}

impl From<Cohort> for CohortKind {
    fn from(cohort: Cohort) -> CohortKind {
        match cohort {
            Cohort::All => CohortKind::All,
            Cohort::Created => CohortKind::Created,
            Cohort::Entered => CohortKind::Entered,
            Cohort::Active => CohortKind::Active,
            Cohort::Closed => CohortKind::Closed,
        }
    }
}

/// By what opportunities are told apart.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    #[allow(missing_docs)]
    Owner,
    #[allow(missing_docs)]
    Source,
    #[allow(missing_docs)]
    Product,
    #[allow(missing_docs)]
    Reason,
    #[allow(missing_docs)]
    OpenedMonth,
    #[allow(missing_docs)]
    ClosedMonth,
}

/// Show what lies in each stage, how far opportunities came, and how long it takes
#[derive(Debug, Args)]
pub struct Stages {
    /// Which opportunities are counted
    #[arg(long, value_enum, default_value = "all")]
    cohort: Cohort,
    /// The first day of the period, for a cohort
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day of the period; that of the basis when left out
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Count only stages an opportunity was really in, not those it skipped
    #[arg(long)]
    strict: bool,
    /// Show the opportunities apart by this instead of the stages
    #[arg(long, value_enum)]
    by: Option<By>,
    #[command(flatten)]
    scope: Scope,
}

impl Stages {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let Scope { pipeline, owner, source, product, basis, csv } = self.scope;
        let query = FunnelQuery {
            pipeline,
            cohort: Some(self.cohort.into()),
            from: self.from,
            to: self.to,
            by: self.by.map(|by| match by {
                By::Owner => GroupBy::Owner,
                By::Source => GroupBy::Source,
                By::Product => GroupBy::Product,
                By::Reason => GroupBy::Reason,
                By::OpenedMonth => GroupBy::Opened,
                By::ClosedMonth => GroupBy::Closed,
            }),
            owner,
            source,
            product,
            as_of: basis.as_of,
            known_at: basis.known_at,
        };
        let answer = answer(global, "funnel", async |client| Ok(client.funnel(&query).await?))?;
        let strict = self.strict;
        let print = |lang| print(&answer, strict, lang);
        let sheet = |lang| match answer.by {
            Some(by) => groups(&answer, by, lang),
            None => stages(&answer, lang),
        };
        Ok(show(&answer, &answer.basis, global, csv, sheet, print))
    }
}

fn stages(answer: &FunnelAnswer, lang: Lang) -> Sheet {
    let headings = [
        ("stage", "阶段"),
        (">here", ">现有"),
        ("amount", "金额"),
        ("weighted", "加权"),
        (">reached", ">到达"),
        (">went on", ">继续"),
        (">conversion %", ">转化率 %"),
        (">been there", ">实际经过"),
        (">went on, strict", ">实际继续"),
        (">conversion %, strict", ">实际转化率 %"),
        (">won", ">赢单"),
        (">lost", ">丢单"),
        (">open", ">进行中"),
        (">win rate %", ">赢单率 %"),
        (">went back", ">回退"),
        (">went back %", ">回退率 %"),
        (">entered again", ">再次进入"),
        (">visits ended", ">已结束停留"),
        (">median days", ">停留中位天数"),
        (">p75", ">p75"),
        (">p90", ">p90"),
        (">median with running", ">含进行中的中位天数"),
        (">median, visits together", ">累计停留中位天数"),
    ];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    let days = |days: Option<i64>| text(days.map(|days| days.to_string()).unwrap_or_default());
    let count = |count: usize| text(count.to_string());
    let rate = |rate: &Option<String>| text(rate.clone().unwrap_or_default());
    for stage in &answer.stages {
        let dwell = &stage.dwell;
        let cells: [Cell; 23] = [
            text(lang.pick(&stage.stage, &stage.stage_zh)),
            count(stage.here.count),
            text(amounts(&stage.here.amounts)),
            text(amounts(&stage.weighted)),
            count(stage.reached),
            count(stage.went_on),
            rate(&stage.conversion),
            count(stage.visited),
            count(stage.left_forward),
            rate(&stage.conversion_strict),
            count(stage.won),
            count(stage.lost),
            count(stage.open),
            rate(&stage.win_rate),
            count(stage.went_back),
            rate(&stage.regression),
            count(stage.entered_again),
            count(dwell.completed),
            days(dwell.median),
            days(dwell.p75),
            days(dwell.p90),
            days(dwell.median_with_running),
            days(dwell.median_together),
        ];
        sheet.row(cells);
    }
    sheet
}

fn groups(answer: &FunnelAnswer, by: GroupBy, lang: Lang) -> Sheet {
    let by = match by {
        GroupBy::Owner => lang.pick("owner", "负责人"),
        GroupBy::Source => lang.pick("source", "来源"),
        GroupBy::Product => lang.pick("product", "产品"),
        GroupBy::Reason => lang.pick("reason", "丢单原因"),
        GroupBy::Opened => lang.pick("opened in", "建立月份"),
        GroupBy::Closed => lang.pick("closed in", "结束月份"),
    };
    let headings = [
        (">count", ">数量"),
        (">open", ">进行中"),
        ("amount", "金额"),
        ("weighted", "加权"),
        (">won", ">赢单"),
        ("won amount", "赢单金额"),
        (">lost", ">丢单"),
        (">win rate %", ">赢单率 %"),
        (">by amount %", ">按金额 %"),
        (">days to win", ">赢单天数"),
    ];
    let headings = headings.map(|(en, zh)| lang.pick(en, zh).to_owned());
    let mut sheet = Sheet::new(std::iter::once(by.to_owned()).chain(headings));
    for group in &answer.groups {
        let name = group.group.clone().unwrap_or_else(|| lang.pick("(none)", "（无）").to_owned());
        sheet.row(group_row(name, group));
    }
    sheet.row(group_row(lang.pick("total", "合计").to_owned(), &answer.total));
    sheet
}

fn group_row(name: String, group: &GroupView) -> [Cell; 11] {
    [
        text(name),
        text(group.counted.to_string()),
        text(group.open.count.to_string()),
        text(amounts(&group.open.amounts)),
        text(amounts(&group.weighted)),
        text(group.won.count.to_string()),
        text(amounts(&group.won.amounts)),
        text(group.lost.count.to_string()),
        text(share(group.win_rate.as_ref())),
        text(rates(&group.win_rate_by_amount)),
        text(share(group.cycle_days.as_ref())),
    ]
}

fn print(answer: &FunnelAnswer, strict: bool, lang: Lang) {
    head(answer, strict, lang);
    crate::out!();
    if let Some(by) = answer.by {
        groups(answer, by, lang).table().print();
        return;
    }
    table(answer, strict, lang).print();
    crate::out!();
    let (won, lost) = (standing(&answer.total.won, lang), standing(&answer.total.lost, lang));
    let (rate, amount) =
        (share(answer.total.win_rate.as_ref()), rates(&answer.total.win_rate_by_amount));
    let by_amount = match (lang, amount.is_empty()) {
        (_, true) => String::new(),
        (Lang::En, false) => format!(", by amount {amount}"),
        (Lang::Zh, false) => format!("，按金额 {amount}"),
    };
    match lang {
        Lang::En => crate::out!("won {won}, lost {lost}; win rate % {rate}{by_amount}"),
        Lang::Zh => crate::out!("赢单 {won}，丢单 {lost}；赢单率 % {rate}{by_amount}"),
    }
    if answer.stages.iter().any(is_early) {
        let (en, zh) = (
            "* early: more than a fifth of those that came there are still open",
            "* 为时尚早：到达者中仍有五分之一以上未结束",
        );
        crate::out!("{}", lang.pick(en, zh));
    }
}

fn is_early(stage: &StageView) -> bool {
    stage.win_rate_early && stage.win_rate.is_some()
}

fn table(answer: &FunnelAnswer, strict: bool, lang: Lang) -> Table {
    let count = |stage: &StageView| if strict { stage.visited } else { stage.reached };
    let most = answer.stages.iter().map(count).max().unwrap_or(0);
    let mut table = Table::new([
        Column::text(lang.pick("stage", "阶段")),
        Column::number(lang.pick("here", "现有")),
        Column::text(lang.pick("amount", "金额")),
        Column::number(if strict {
            lang.pick("been there", "实际经过")
        } else {
            lang.pick("reached", "到达")
        }),
        Column::number(lang.pick("on %", "转化 %")),
        Column::number(lang.pick("won %", "赢单 %")),
        Column::number(lang.pick("days", "天数")),
        Column::number("p75"),
        Column::shrinking(""),
    ]);
    let days = |days: Option<i64>| days.map_or_else(|| "-".to_owned(), |days| days.to_string());
    for stage in &answer.stages {
        let early = if is_early(stage) { "*" } else { "" };
        let on = if strict { &stage.conversion_strict } else { &stage.conversion };
        table.row([
            lang.pick(&stage.stage, &stage.stage_zh).to_owned(),
            stage.here.count.to_string(),
            amounts(&stage.here.amounts),
            count(stage).to_string(),
            share(on.as_ref()),
            format!("{}{early}", share(stage.win_rate.as_ref())),
            days(stage.dwell.median),
            days(stage.dwell.p75),
            bar(count(stage) as i128, most as i128, BAR_CELLS),
        ]);
    }
    table
}

/// Says what is counted and how.
fn head(answer: &FunnelAnswer, strict: bool, lang: Lang) {
    let (pipeline, version, counted) = (&answer.pipeline, answer.version, answer.total.counted);
    let period = match (answer.from, answer.to) {
        (Some(from), Some(to)) => {
            lang.pick2(format!(", {from} to {to}"), format!("（{from} 至 {to}）"))
        }
        _ => String::new(),
    };
    let cohort = match answer.cohort {
        CohortKind::All => lang.pick("all opportunities", "全部机会"),
        CohortKind::Created => lang.pick("opened in the period", "期间内建立的机会"),
        CohortKind::Entered => lang.pick("by first entry into each stage", "按首次进入各阶段"),
        CohortKind::Active => lang.pick("in the stage in the period", "期间内处于各阶段的机会"),
        CohortKind::Closed => lang.pick("won or lost in the period", "期间内结束的机会"),
    };
    let way = match (answer.by, strict) {
        (Some(_), _) => String::new(),
        (None, true) => {
            lang.pick("; strict: stages really been in", "；严格：只计实际经过的阶段").to_owned()
        }
        (None, false) => {
            let (en, zh) = ("; skipped stages count as reached", "；跳过的阶段视为到达");
            lang.pick(en, zh).to_owned()
        }
    };
    match lang {
        Lang::En => {
            crate::out!("{pipeline} version {version}, {counted} counted: {cohort}{period}{way}");
        }
        Lang::Zh => {
            crate::out!("{pipeline} 第 {version} 版，计 {counted} 个：{cohort}{period}{way}");
        }
    }
}
