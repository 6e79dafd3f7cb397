//! The examples of the help. The tests run every one of them against a ledger made for it.

use unicode_width::UnicodeWidthStr;

use crate::render::Lang;

/// The examples of one command.
pub struct Page {
    /// The command's names after `daybook`.
    pub path: &'static str,
    /// Each as the line to type, and what it shows in English and Chinese where that is not plain.
    pub examples: &'static [(&'static str, &'static str, &'static str)],
    /// What else there is to say, in English and Chinese.
    pub note: Option<(&'static str, &'static str)>,
}

const fn plain(path: &'static str, examples: &'static [(&str, &str, &str)]) -> Page {
    Page { path, examples, note: None }
}

/// What the exit codes mean.
pub const EXIT_CODES: (&str, &str) = (
    "Exit codes:\n  0  done\n  1  refused by the ledger, or verification failed\n  2  wrong usage: \
     arguments, files, no ledger there\n  3  something is broken, or \
     whoever has the ledger open does not answer",
    "退出码：\n  0  完成\n  1  被账簿拒绝，或核验不通过\n  2  用法有误：参数、文件，或该处没有账簿\n  \
     3  有东西坏了，或占用账簿的进程没有应答",
);

/// Every page.
pub const PAGES: &[Page] = &[
    Page {
        path: "",
        examples: &[
            ("daybook demo", "look at a sample year", "看一个样例年度"),
            ("daybook init", "start your own ledger", "开始自己的账"),
            (
                "daybook record customer ACME --name \"Acme Ltd\"",
                "put a customer on file",
                "为客户建档",
            ),
        ],
        note: Some((
            "Exit codes: `daybook help exit-codes`. Chinese: `--lang zh`, or a Chinese locale.",
            "退出码见 `daybook help exit-codes`。英文用 `--lang en`。",
        )),
    },
    plain(
        "init",
        &[(
            "daybook init --name \"East China Precision\" --zone Asia/Shanghai --currency CNY",
            "",
            "",
        )],
    ),
    plain(
        "record",
        &[
            ("daybook record customer BOREAL --name \"Boreal Ltd\"", "", ""),
            (
                "daybook record call ACME \"asked for a quote\" --in --next \"send quote\" --due friday",
                "with the task it leaves behind",
                "连同由此而来的待办",
            ),
            (
                "daybook record call \"acme ltd\" \"asked again\" --effective \"yesterday 3pm\"",
                "",
                "",
            ),
            ("daybook void 300 --reason \"entered twice\"", "", ""),
        ],
    ),
    plain(
        "record customer",
        &[("daybook record customer BOREAL --name \"Boreal Ltd\" --city Leeds", "", "")],
    ),
    plain(
        "record details",
        &[(
            "daybook record details ACME --set city=Paris --set website=",
            "another city, no website",
            "改城市，去掉网址",
        )],
    ),
    plain(
        "record contact",
        &[(
            "daybook record contact ACME \"Jane Doe\" --role purchasing --phone +442079460000",
            "",
            "",
        )],
    ),
    plain(
        "record assign",
        &[
            ("daybook record assign ACME --to U-02", "with everything open", "连同未了事项"),
            ("daybook record assign ACME --to U-03 --what task --id K-1", "", ""),
        ],
    ),
    plain(
        "record share",
        &[
            ("daybook record share ACME --with U-02", "to read", "可查看"),
            (
                "daybook record share ACME --with U-03 --right change --until 2030-12-31 --what opportunity --id O-1",
                "",
                "",
            ),
        ],
    ),
    plain("record user", &[("daybook record user U-07 --name \"Jane Doe\" --capacity 60", "", "")]),
    plain("record unit", &[("daybook record unit EAST --name \"Sales East\"", "", "")]),
    plain(
        "record call",
        &[
            ("daybook record call ACME \"asked for a quote\" --in", "", ""),
            (
                "daybook record call ACME \"asked for a quote\" --next \"send quote\" --due \"in 3 days\"",
                "",
                "",
            ),
        ],
    ),
    plain(
        "record visit",
        &[("daybook record visit ACME \"showed the new lathe\" --with P-1", "", "")],
    ),
    plain("record email", &[("daybook record email ACME \"sent the drawings\" --in", "", "")]),
    plain("record message", &[("daybook record message ACME \"will call back\"", "", "")]),
    plain("record note", &[("daybook record note ACME \"pays late every spring\"", "", "")]),
    plain(
        "record opportunity",
        &[("daybook record opportunity ACME \"two lathes\" --amount 120000", "", "")],
    ),
    plain("record stage", &[("daybook record stage ACME O-1 proposal", "", "")]),
    plain("record win", &[("daybook record win ACME O-1 --amount 115000", "", "")]),
    plain(
        "record lose",
        &[("daybook record lose ACME O-1 --because price --to \"Other Ltd\"", "", "")],
    ),
    plain("record receivable", &[("daybook record receivable ACME 1200 --due 2030-12-31", "", "")]),
    plain("record invoice", &[("daybook record invoice ACME INV-7 1200 --covers AR-1", "", "")]),
    plain("record payment", &[("daybook record payment ACME 1200 --method transfer", "", "")]),
    plain("record apply", &[("daybook record apply ACME R-1 --to AR-1=500", "", "")]),
    plain(
        "record identify",
        &[
            ("daybook record payment - 300 --id SUS-1", "", ""),
            ("daybook record identify SUS-1 ACME", "", ""),
        ],
    ),
    plain("record confirm", &[("daybook record confirm ACME 2020-12-31 --by letter", "", "")]),
    plain(
        "record unapply",
        &[
            ("daybook record apply ACME R-1 --to AR-1=500", "", ""),
            ("daybook record unapply ACME A-1 --reason \"wrong item\"", "", ""),
        ],
    ),
    plain("record reverse-payment", &[("daybook record reverse-payment ACME R-1 bounced", "", "")]),
    plain(
        "record credit-note",
        &[(
            "daybook record credit-note ACME 80 --against AR-1 --reason \"two pieces broken\"",
            "",
            "",
        )],
    ),
    plain(
        "record write-off",
        &[
            (
                "daybook record write-off ACME AR-1 0.40 --approved-by U-02 --reason \"bank charges\"",
                "",
                "",
            ),
            (
                "daybook record unapply ACME W-1 --reason \"paid after all\"",
                "the money came after all",
                "后来收回",
            ),
        ],
    ),
    plain("record refund", &[("daybook record refund ACME R-1 200 --method transfer", "", "")]),
    plain(
        "record reschedule",
        &[(
            "daybook record reschedule ACME AR-1 2030-06-30 --reason \"as agreed by phone\"",
            "",
            "",
        )],
    ),
    plain(
        "record red-letter",
        &[
            ("daybook record invoice ACME INV-8 1200 --covers AR-1", "", ""),
            ("daybook record red-letter ACME INV-8 INV-8R --reason \"wrong tax number\"", "", ""),
        ],
    ),
    plain(
        "record remind",
        &[
            ("daybook record receivable ACME 900 --on 2026-01-01 --due 2026-02-01", "", ""),
            ("daybook record remind ACME --by letter", "", ""),
        ],
    ),
    plain(
        "record sign",
        &[(
            "daybook record sign ACME HT-1 2000 --instalment 1=500@2030-01-31 --instalment 2=1500@2030-06-30",
            "",
            "",
        )],
    ),
    plain(
        "record amend",
        &[
            ("daybook record sign ACME HT-2 2000 --instalment 1=2000@2030-01-31", "", ""),
            (
                "daybook record amend ACME HT-2 --by -500 --instalment 1=1500 --reason \"one piece less\"",
                "",
                "",
            ),
        ],
    ),
    plain(
        "record end-contract",
        &[
            ("daybook record sign ACME HT-3 100 --instalment 1=100@2030-01-31", "", ""),
            ("daybook record apply ACME R-1 --to HT-3/1=100", "", ""),
            ("daybook record end-contract ACME HT-3", "", ""),
        ],
    ),
    plain("record dispute", &[("daybook record dispute ACME AR-1 --about delivery", "", "")]),
    plain(
        "record complaint",
        &[("daybook record complaint ACME \"came late\" --subject transport", "", "")],
    ),
    plain(
        "record task",
        &[("daybook record task ACME \"send the quote\" --due 2030-12-01 --for U-01", "", "")],
    ),
    plain(
        "record reschedule-task",
        &[("daybook record reschedule-task ACME K-1 --to 2030-12-08", "", "")],
    ),
    plain("record close-task", &[("daybook record close-task ACME K-1 \"sent\"", "", "")]),
    plain(
        "duplicates",
        &[
            ("daybook duplicates", "", ""),
            ("daybook duplicates ACME", "only those of ACME", "只看 ACME 的"),
        ],
    ),
    plain(
        "merge",
        &[
            ("daybook record customer ACME-2 --name \"Acme Limited\" --despite-duplicates", "", ""),
            ("daybook merge ACME ACME-2 --reason \"one company\"", "", ""),
        ],
    ),
    plain("merges", &[("daybook merges ACME", "", "")]),
    plain(
        "unmerge",
        &[
            ("daybook record customer ACME-3 --name \"Acme Limited\" --despite-duplicates", "", ""),
            ("daybook merge ACME ACME-3", "", ""),
            ("daybook record note ACME \"moved to Leeds\"", "", ""),
            (
                "daybook unmerge ACME --merged ACME-3 --rest ACME --reason \"two companies after all\"",
                "",
                "",
            ),
        ],
    ),
    plain(
        "holdings",
        &[
            ("daybook holdings", "", ""),
            ("daybook holdings U-01", "with the list", "列出名下事项"),
            ("daybook holdings pool", "customers to be taken", "可领取的客户"),
        ],
    ),
    plain(
        "handover",
        &[
            ("daybook record assign ACME --to U-01", "", ""),
            ("daybook handover U-01 --to U-02 --dry-run", "preview", "预览"),
            ("daybook handover U-01 --to U-02 --leaves --reason \"moves abroad\"", "", ""),
        ],
    ),
    plain(
        "pool",
        &[
            ("daybook record assign ACME --to pool", "give a customer up", "放弃一个客户"),
            ("daybook pool list", "", ""),
            ("daybook pool take ACME", "", ""),
        ],
    ),
    plain("pool list", &[("daybook pool list", "", "")]),
    plain(
        "pool take",
        &[
            ("daybook record assign ACME --to pool", "", ""),
            ("daybook pool take ACME --to U-02", "", ""),
        ],
    ),
    plain("pool rules", &[("daybook pool rules --idle 90 --wait 30", "", "")]),
    plain(
        "pool recycle",
        &[
            ("daybook pool rules --idle 90 --wait 30", "", ""),
            ("daybook pool recycle --dry-run", "", ""),
        ],
    ),
    plain("void", &[("daybook void 300 --reason \"entered twice\"", "", "")]),
    plain("record terms", &[("daybook record terms ACME --net 30 --discount 2/10", "", "")]),
    plain("record limit", &[("daybook record limit ACME 50000 --basis \"credit report\"", "", "")]),
    plain("record investment", &[("daybook record investment ACME gift 30", "", "")]),
    plain(
        "record promise",
        &[
            ("daybook record promise ACME \"a new pump\" --due 2030-12-01", "", ""),
            (
                "daybook record promise ACME \"pays half\" --by customer --due 2030-12-01 --pays AR-1=500",
                "",
                "",
            ),
        ],
    ),
    plain(
        "record settle-promise",
        &[
            ("daybook record promise ACME \"a visit\" --due 2030-12-01", "", ""),
            ("daybook record settle-promise ACME PR-1 kept", "", ""),
        ],
    ),
    plain("record rate", &[("daybook record rate USD 7.2105 --in CNY", "", "")]),
    plain("record lock-period", &[("daybook record lock-period 2020-12-31", "", "")]),
    plain(
        "record json",
        &[
            (
                "daybook record json ACME '{\"command\": \"add_contact\", \"identity\": {\"name\": \"Jane\"}}'",
                "",
                "",
            ),
            (
                "daybook record json --book '{\"command\": \"publish_policy_version\", \"policy\": \
             \"ageing\", \"version\": 2, \"ageing\": {\"edges_days\": [30, 60]}}'",
                "",
                "",
            ),
        ],
    ),
    plain(
        "open",
        &[
            ("daybook open ACME", "", ""),
            (
                "daybook open acme --as-of 2026-06-30",
                "by a part of its name, as of that day",
                "按名称的一部分，截至那天",
            ),
        ],
    ),
    plain(
        "import events",
        &[(
            "daybook export -o events.jsonl --personal --files && \\\n                \
             daybook init --dir copy --zone Asia/Shanghai --currency CNY --calling-code 86 && \\\n                \
             daybook --dir copy import events events.jsonl",
            "everything into a new ledger",
            "全部导入一本新账",
        )],
    ),
    plain("import list", &[("daybook import list", "", "")]),
    plain(
        "import show",
        &[(
            "daybook import contacts.csv --mapping contacts && daybook import show contacts",
            "",
            "",
        )],
    ),
    plain(
        "import revert",
        &[
            (
                "daybook import contacts.csv --mapping contacts && \
                 daybook import revert contacts --reason \"wrong file\" --dry-run",
                "see what would be taken back, and what would stay",
                "看哪些会撤销、哪些会保留",
            ),
            (
                "daybook import revert contacts --reason \"wrong file\"",
                "take it back; the file can be imported again",
                "撤销；该文件可再次导入",
            ),
        ],
    ),
    plain(
        "export",
        &[
            (
                "daybook export --output events.jsonl --personal --files",
                "everything, names and attached files included, to be taken into another ledger",
                "全部内容，含姓名与附件，可导入另一本账",
            ),
            (
                "daybook export -o payments.xlsx --kind payment.received --since 2026-01-01",
                "this year's payments for a spreadsheet",
                "今年的回款，供电子表格使用",
            ),
            (
                "daybook export -o acme.csv --customer ACME && daybook export --check acme.csv",
                "one customer's events, and whether the file is whole",
                "一个客户的事件，并校验文件是否完整",
            ),
        ],
    ),
    plain(
        "import",
        &[
            (
                "daybook import --guess contacts.csv > my.toml",
                "start from a mapping guessed for the file",
                "从为该文件猜测的映射开始",
            ),
            (
                "daybook import --show contacts > my.toml",
                "or from one that comes along",
                "或从自带的映射开始",
            ),
            (
                "daybook import contacts.csv --mapping my.toml --dry-run",
                "see what would be taken",
                "看哪些会被接受",
            ),
            (
                "daybook import contacts.csv --mapping my.toml --refused refused.csv",
                "take it, keep what is refused",
                "导入，并留下被拒绝的行",
            ),
        ],
    ),
    plain(
        "mail",
        &[
            ("daybook mail import inbox.mbox --own example.com", "", ""),
            ("daybook mail held", "", ""),
        ],
    ),
    plain(
        "mail import",
        &[(
            "daybook mail import inbox.mbox letter.eml --own example.com",
            "messages to and from example.com are ours",
            "example.com 是我们自己的域名",
        )],
    ),
    plain("mail held", &[("daybook mail held", "", "")]),
    plain(
        "mail assign",
        &[("daybook mail assign M-5d41402abc4b2a76 ACME --new-contact --role purchasing", "", "")],
    ),
    plain(
        "mail dismiss",
        &[("daybook mail dismiss M-7d793037a0760186 --reason advertising", "", "")],
    ),
    plain("contacts", &[("daybook contacts export > all.vcf", "", "")]),
    plain("contacts import", &[("daybook contacts import cards.vcf --customer ACME", "", "")]),
    plain("contacts export", &[("daybook contacts export ACME > acme.vcf", "", "")]),
    plain("calendar", &[("daybook calendar export > all.ics", "", "")]),
    plain("calendar import", &[("daybook calendar import visits.ics --customer ACME", "", "")]),
    plain("calendar export", &[("daybook calendar export ACME > acme.ics", "", "")]),
    plain(
        "log",
        &[
            ("daybook log --customer ACME", "", ""),
            ("daybook log --kind invoice.issued --since 2026-01-01 --reverse", "", ""),
        ],
    ),
    plain(
        "tail",
        &[
            ("daybook tail -n 3 --no-follow", "without it, until Ctrl-C", "不加则直到 Ctrl-C"),
            ("daybook tail --kind payment.received --from 0 --no-follow --json", "", ""),
        ],
    ),
    plain(
        "consumer",
        &[
            ("daybook consumer add crm --kind interaction.recorded", "", ""),
            ("daybook tail --consumer index --no-follow", "", ""),
        ],
    ),
    plain("consumer add", &[("daybook consumer add crm --customer ACME", "", "")]),
    plain("consumer list", &[("daybook consumer list", "", "")]),
    plain("consumer ack", &[("daybook consumer ack index 3", "", "")]),
    plain("consumer set", &[("daybook consumer set index 0", "", "")]),
    plain("consumer drop", &[("daybook consumer drop index", "", "")]),
    plain(
        "show",
        &[
            ("daybook show", "the customers", "客户名单"),
            (
                "daybook show ACME",
                "one customer: who, figures, timeline",
                "一个客户：身份、指标、时间线",
            ),
            ("daybook show 42", "the event at position 42, in full", "位置 42 的事件全文"),
        ],
    ),
    plain("attach", &[("daybook attach ACME 300 calls.csv --note \"the list of calls\"", "", "")]),
    plain("attachments get", &[("daybook attachments get 22 -o copy.csv", "", "")]),
    plain("attachments", &[("daybook attachments ACME", "", "")]),
    plain(
        "diff",
        &[
            (
                "daybook diff ACME --from-known-at 2026-03-31",
                "what was learned since the end of March",
                "三月底之后得知了什么",
            ),
            (
                "daybook diff ACME --from-as-of 2026-03-31 --as-of 2026-06-30",
                "what happened in a quarter",
                "一个季度内发生了什么",
            ),
        ],
    ),
    plain("stats", &[("daybook stats --as-of 2026-06-30", "", "")]),
    plain("verify", &[("daybook verify --derived", "", "")]),
    plain(
        "receivables",
        &[("daybook receivables ageing", "", ""), ("daybook receivables statement ACME", "", "")],
    ),
    plain(
        "receivables list",
        &[
            ("daybook receivables list --overdue", "", ""),
            (
                "daybook receivables list --as-of 2026-06-30 --known-at 2026-07-05",
                "as the report of that day said",
                "当时报表所示",
            ),
        ],
    ),
    plain(
        "receivables ageing",
        &[
            ("daybook receivables ageing", "by due day", "按到期日"),
            ("daybook receivables ageing --by document --csv", "", ""),
        ],
    ),
    plain("receivables control", &[("daybook receivables control --customer ACME", "", "")]),
    plain(
        "receivables statement",
        &[("daybook receivables statement ACME --from 2026-01-01", "", "")],
    ),
    plain("receivables dunning", &[("daybook receivables dunning --as-of 2030-02-01", "", "")]),
    plain("receivables figures", &[("daybook receivables figures --from 2026-01-01", "", "")]),
    plain("receivables explain", &[("daybook receivables explain ACME --figure open", "", "")]),
    plain("funnel", &[("daybook funnel stages", "", "")]),
    plain(
        "funnel stages",
        &[
            ("daybook funnel stages", "where everything stands", "各阶段现状"),
            (
                "daybook funnel stages --cohort created --from 2026-01-01 --to 2026-03-31",
                "how far the opportunities of a quarter came",
                "一季度建立的机会走到哪里",
            ),
            ("daybook funnel stages --by source", "by where they came from", "按来源"),
        ],
    ),
    plain("funnel list", &[("daybook funnel list --figure reached --stage qualified", "", "")]),
    plain("funnel stuck", &[("daybook funnel stuck --days 30", "", "")]),
    plain("funnel period", &[("daybook funnel period --from 2026-01-01", "", "")]),
    plain("views", &[("daybook views list", "", "")]),
    plain("views list", &[("daybook views list", "", "")]),
    plain(
        "views rebuild",
        &[
            ("daybook views rebuild receivables --dry-run", "how long it takes", "需要多久"),
            ("daybook views rebuild receivables", "", ""),
        ],
    ),
    plain("views compare", &[("daybook views compare receivables", "", "")]),
    plain("views drop", &[("daybook views drop receivables", "", "")]),
    Page {
        path: "serve",
        examples: &[("daybook serve --listen 127.0.0.1:7317", "", "")],
        note: Some((
            "Only this machine can reach it; callers show the token in the file that it names.",
            "只有本机可以访问；调用方须出示它所指明文件中的令牌。",
        )),
    },
    plain("clock", &[("daybook clock", "", "")]),
    plain("clock confirm", &[("daybook clock confirm", "", "")]),
    plain("config", &[("daybook config", "", "")]),
    Page {
        path: "demo",
        examples: &[("daybook demo --dir sample", "", "")],
        note: Some((
            "The sample goes to the directory daybook-demo unless --dir names another.",
            "样例放在目录 daybook-demo 中，除非用 --dir 另指。",
        )),
    },
    Page {
        path: "completion",
        examples: &[("daybook completion bash > daybook.bash", "", "")],
        note: Some((
            "Load it from your shell's start-up file, for bash: source daybook.bash",
            "请在外壳的启动文件中加载，例如 bash：source daybook.bash",
        )),
    },
    Page {
        path: "man",
        examples: &[
            ("daybook man > daybook.1", "", ""),
            ("daybook man --to share/man", "every command, in both languages", "每个命令，中英文"),
        ],
        note: Some((
            "Read them with: man -M share/man daybook-record-call",
            "阅读：man -M share/man daybook-record-call",
        )),
    },
    Page {
        path: "exit-codes",
        examples: &[("daybook exit-codes", "", "")],
        note: Some(EXIT_CODES),
    },
];

/// Returns a command's page.
pub fn page(path: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.path == path)
}

/// Returns what a command's help ends with.
pub fn section(path: &str, lang: Lang) -> Option<String> {
    let page = page(path)?;
    let heading = match (lang, page.examples.len()) {
        (Lang::Zh, _) => "示例：",
        (Lang::En, 1) => "Example:",
        (Lang::En, _) => "Examples:",
    };
    let widest = page.examples.iter().map(|(line, ..)| line.width()).max().unwrap_or_default();
    let mut section = heading.to_owned();
    for (line, en, zh) in page.examples {
        let said = lang.pick(en, zh);
        if said.is_empty() {
            section.push_str(&format!("\n  {line}"));
        } else if widest > ASIDE_MAX {
            section.push_str(&format!("\n  {line}\n      {said}"));
        } else {
            section.push_str(&format!("\n  {line}{}   {said}", " ".repeat(widest - line.width())));
        }
    }
    if let Some((en, zh)) = page.note {
        section.push_str("\n\n");
        section.push_str(lang.pick(en, zh));
    }
    Some(section)
}

/// Lines wider than this have what they show beneath them, so that 80 columns suffice.
const ASIDE_MAX: usize = 50;
