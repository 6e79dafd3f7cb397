//! `daybook mail`: takes messages in, and settles those that nobody claims.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use daybook_core::id::{ContactId, CustomerCode, Label, Line, Note, TextError};
use daybook_server::api::mail::{AssignCall, HeldAnswer, HeldQuery, MailQuery, NewContactCall};
use daybook_server::api::mail::{MBOX, NETSTRINGS};
use daybook_server::mail::{Became, MailNotice, MailReport, MessageLine, Totals};
use daybook_server::text::Text as Said;
use futures_util::stream;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, grouped, instant, print_json};
use crate::session::Session;
use crate::text::Text;

/// The most messages whose refusal is listed.
const LISTED_MAX: usize = 20;
/// Bytes of a mailbox read at a time.
const CHUNK_SIZE_BYTES: usize = 256 << 10;

/// Take in mail, and settle what nobody claims
#[derive(Debug, Args)]
pub struct Mail {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Import(Import),
    Held(Held),
    Assign(Assign),
    Dismiss(Dismiss),
}

/// Take in messages as they were received; a second run adds nothing
#[derive(Debug, Args)]
struct Import {
    /// Messages (.eml), mbox files, or folders: a maildir, or one with .eml files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A domain or address of our own; may be given several times
    #[arg(long, value_name = "DOMAIN")]
    own: Vec<String>,
    /// Say what would become of the messages, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// List the messages that wait for a customer
#[derive(Debug, Args)]
struct Held {
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    limit: usize,
}

/// Give a waiting message to a customer
#[derive(Debug, Args)]
struct Assign {
    /// The message's id, as `daybook mail held` lists it
    mail: String,
    /// The customer
    customer: String,
    /// The contact its sender is
    #[arg(long)]
    contact: Option<String>,
    /// Make a contact of its sender, so that later messages find the customer by themselves
    #[arg(long, conflicts_with = "contact")]
    new_contact: bool,
    /// The new contact's name; the one in the message when left out
    #[arg(long, requires = "new_contact")]
    name: Option<String>,
    /// The new contact's function, such as purchasing
    #[arg(long, requires = "new_contact")]
    role: Option<String>,
    /// Why, when it had been given to another customer before
    #[arg(long)]
    reason: Option<String>,
}

/// Say that a waiting message belongs to no customer
#[derive(Debug, Args)]
struct Dismiss {
    /// The message's id, as `daybook mail held` lists it
    mail: String,
    /// Why, in words that name nobody
    #[arg(long)]
    reason: String,
}

impl Mail {
    /// Does what was asked and says what came of it.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        match self.what {
            What::Import(import) => import.run(global),
            What::Held(held) => held.run(global),
            What::Assign(assign) => assign.run(global),
            What::Dismiss(dismiss) => dismiss.run(global),
        }
    }
}

/// What is sent in one call.
enum Sent {
    /// An mbox file.
    Mbox(PathBuf),
    /// Files with one message each.
    Files(Vec<PathBuf>),
}

impl Import {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let calls = calls(&self.paths)?;
        let session = Session::open(global, "mail")?;
        let query = MailQuery {
            own: (!self.own.is_empty()).then(|| self.own.join(",")),
            dry_run: self.dry_run.then_some(true),
        };
        let mut heard = Heard::new(global.language());
        let mut done = Ok(());
        for call in calls {
            heard.start(&call);
            let tell = &mut |notice| heard.hear(notice);
            done = match call {
                Sent::Mbox(path) => match chunks(&path) {
                    Ok(bytes) => session
                        .wait(session.client.take_mail(MBOX, &query, bytes, tell))
                        .map_err(CliError::from),
                    Err(error) => Err(error),
                },
                Sent::Files(paths) => {
                    let row = netstrings(paths);
                    session
                        .wait(session.client.take_mail(NETSTRINGS, &query, row, tell))
                        .map_err(CliError::from)
                }
            };
            if done.is_err() {
                break;
            }
        }
        session.close()?;
        heard.clear_line();
        heard.list();
        done?;
        heard.tell(global, self.dry_run)
    }
}

/// Sorts what is on the command line into calls.
fn calls(paths: &[PathBuf]) -> Result<Vec<Sent>, CliError> {
    let (mut calls, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            let found = in_folder(path)?;
            if found.is_empty() {
                let message = Text::new(
                    format!("{} holds no messages", path.display()),
                    format!("{} 中没有邮件", path.display()),
                );
                let hint = (
                    "name a maildir (with the folders cur and new), or one with .eml files",
                    "请指定 maildir（含 cur 与 new 目录），或含 .eml 文件的目录",
                );
                return Err(CliError::usage(message, hint));
            }
            files.extend(found);
        } else if is_mbox(path)? {
            calls.push(Sent::Mbox(path.clone()));
        } else {
            files.push(path.clone());
        }
    }
    if !files.is_empty() {
        calls.push(Sent::Files(files));
    }
    Ok(calls)
}

/// Lists the messages of a maildir, drafts and what is in its trash left out, or of a folder with
/// `.eml` files; sorted, so that a second run meets them in the same order.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let maildir = folder.join("cur").is_dir() || folder.join("new").is_dir();
    let places = if maildir {
        vec![folder.join("cur"), folder.join("new")]
    } else {
        vec![folder.to_owned()]
    };
    let mut found = Vec::new();
    for place in places.iter().filter(|place| place.is_dir()) {
        let read = |error| CliError::file(("reading", "读取"), place, &error);
        for entry in std::fs::read_dir(place).map_err(read)? {
            let path = entry.map_err(read)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            // Maildir flags follow ":2,"; D is a draft, T lies in the trash.
            let flags = name.rsplit_once(":2,").map(|(_, flags)| flags).unwrap_or_default();
            let wanted = if maildir {
                !name.starts_with('.') && !flags.contains(['D', 'T'])
            } else {
                name.to_ascii_lowercase().ends_with(".eml")
            };
            if wanted && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_mbox(path: &Path) -> Result<bool, CliError> {
    use std::io::Read;
    let open = |error| CliError::file(("opening", "打开"), path, &error);
    let mut start = [0u8; 5];
    let mut file = std::fs::File::open(path).map_err(open)?;
    let size = file.read(&mut start).map_err(open)?;
    Ok(start.get(..size) == Some(b"From ".as_slice()))
}

type Chunk = std::io::Result<Bytes>;

/// Reads an mbox file in chunks.
fn chunks(
    path: &Path,
) -> Result<impl futures_util::Stream<Item = Chunk> + Send + 'static, CliError> {
    use std::io::Read;
    let file = std::fs::File::open(path)
        .map_err(|error| CliError::file(("opening", "打开"), path, &error))?;
    Ok(stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let mut buffer = vec![0; CHUNK_SIZE_BYTES];
        match file.read(&mut buffer) {
            Ok(0) => None,
            Ok(size) => {
                buffer.truncate(size);
                Some((Ok(Bytes::from(buffer)), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    }))
}

/// Reads files one after the other, each as a netstring.
fn netstrings(paths: Vec<PathBuf>) -> impl futures_util::Stream<Item = Chunk> + Send + 'static {
    stream::unfold(VecDeque::from(paths), |mut paths| async move {
        let path = paths.pop_front()?;
        let read = std::fs::read(&path).map(|bytes| {
            let mut framed = format!("{}:", bytes.len()).into_bytes();
            framed.extend_from_slice(&bytes);
            framed.push(b',');
            Bytes::from(framed)
        });
        let read = read.map_err(|error| {
            std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        });
        Some((read, paths))
    })
}

/// Hears what becomes of messages, over several calls.
struct Heard {
    lang: Lang,
    terminal: bool,
    names: Vec<String>,
    file: String,
    totals: Totals,
    refused: Vec<(String, MessageLine)>,
    report: Option<MailReport>,
}

impl Heard {
    fn new(lang: Lang) -> Heard {
        use std::io::IsTerminal;
        Heard {
            lang,
            terminal: std::io::stderr().is_terminal(),
            names: Vec::new(),
            file: String::new(),
            totals: Totals::default(),
            refused: Vec::new(),
            report: None,
        }
    }

    fn start(&mut self, call: &Sent) {
        let shown = |path: &PathBuf| path.display().to_string();
        (self.file, self.names) = match call {
            Sent::Mbox(path) => (shown(path), Vec::new()),
            Sent::Files(paths) => (String::new(), paths.iter().map(shown).collect()),
        };
    }

    fn hear(&mut self, notice: MailNotice) {
        match notice {
            MailNotice::Message(line) if line.became == Became::Refused => {
                let place = usize::try_from(line.number).unwrap_or_default().saturating_sub(1);
                let number = line.number;
                let name = self.names.get(place).cloned().unwrap_or_else(|| match self.lang {
                    Lang::En => format!("{}, message {number}", self.file),
                    Lang::Zh => format!("{} 第 {number} 封", self.file),
                });
                if self.refused.len() < LISTED_MAX {
                    self.refused.push((name, line));
                }
            }
            MailNotice::Message(_) => {}
            MailNotice::Progress(totals) if self.terminal => {
                let (read, events) = (grouped(totals.read), grouped(totals.events));
                let (messages, added) =
                    (self.lang.pick("messages", "封邮件"), self.lang.pick("events", "个事件"));
                crate::render::write_note(&format!("\r{read} {messages}, {events} {added}"));
            }
            MailNotice::Progress(_) => {}
            MailNotice::Done(report) => {
                let (all, now) = (&mut self.totals, &report.totals);
                all.read += now.read;
                all.taken += now.taken;
                all.repeated += now.repeated;
                all.held += now.held;
                all.internal += now.internal;
                all.refused += now.refused;
                all.events += now.events;
                self.report = Some(report);
            }
        }
    }

    fn clear_line(&self) {
        if self.terminal {
            crate::render::write_note("\r\u{1b}[K");
        }
    }

    fn list(&self) {
        for (name, line) in &self.refused {
            let reason = line.reason.as_deref().unwrap_or_default();
            match self.lang {
                Lang::En => crate::note!("{name}: {reason}"),
                Lang::Zh => crate::note!("{name}：{reason}"),
            }
        }
    }

    fn tell(self, global: &Global, dry_run: bool) -> Result<Done, CliError> {
        let (totals, command) = (self.totals, global.command("mail held"));
        let Some(report) = self.report else {
            let hint = ("run it again", "请再运行一次");
            return Err(CliError::usage(
                ("the mail came in without a report", "邮件导入没有报告"),
                hint,
            ));
        };
        let refused = totals.refused;
        if global.json {
            print_json(&MailReport { totals, ..report });
        } else {
            let of = |count: u64| grouped(count);
            let (read, taken, repeated) = (of(totals.read), of(totals.taken), of(totals.repeated));
            let (held, internal, gone) = (of(totals.held), of(totals.internal), of(refused));
            let events = of(totals.events);
            match self.lang {
                Lang::En => {
                    if dry_run {
                        crate::out!("Dry run: nothing was kept.");
                    }
                    crate::out!(
                        "{read} messages: {taken} recorded, {repeated} known, {held} held, \
                         {internal} among ourselves, {gone} refused; {events} events added"
                    );
                    if totals.held > 0 && !dry_run {
                        crate::out!("See those that wait for a customer: {command}");
                    }
                }
                Lang::Zh => {
                    if dry_run {
                        crate::out!("试运行：未保留任何内容。");
                    }
                    crate::out!(
                        "{read} 封邮件：记录 {taken}，已有 {repeated}，待认领 {held}，\
                         内部往来 {internal}，拒绝 {gone}；增加 {events} 个事件"
                    );
                    if totals.held > 0 && !dry_run {
                        crate::out!("查看待认领的邮件：{command}");
                    }
                }
            }
        }
        Ok(if refused > 0 { Done::WithRefusals } else { Done::Wholly })
    }
}

impl Held {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "mail")?;
        let query = HeldQuery { after: None, limit: Some(self.limit) };
        let answer = session.wait(async {
            let held = session.client.held_mail(&query).await?;
            Ok::<_, CliError>((held, session.client.book().await?.zone))
        });
        session.close()?;
        let (held, zone) = answer?;
        if global.json {
            print_json(&held);
        } else {
            list(&held, &zone, global.language());
        }
        Ok(Done::Wholly)
    }
}

fn list(held: &HeldAnswer, zone: &str, lang: Lang) {
    if held.total == 0 {
        crate::note!("{}", lang.pick("no mail waits for a customer", "没有待认领的邮件"));
        return;
    }
    let mut table = Table::new([
        Column::text(lang.pick("mail", "邮件")),
        Column::text(lang.pick("sent", "时间")),
        Column::shrinking(lang.pick("with", "对方")),
        Column::shrinking(lang.pick("subject", "主题")),
        Column::text(lang.pick("perhaps", "可能是")),
    ]);
    for mail in &held.mail {
        let other = if mail.direction == "out" { mail.to.first() } else { mail.from.first() };
        table.row([
            mail.mail.clone(),
            instant(mail.sent_at, zone).chars().take(16).collect(),
            other.map(|party| party.address.to_string()).unwrap_or_default(),
            mail.subject.clone().unwrap_or_default(),
            mail.suggestion.clone().unwrap_or_default(),
        ]);
    }
    table.print();
    if held.mail.len() < held.total {
        let (shown, total) = (held.mail.len(), held.total);
        match lang {
            Lang::En => crate::note!("{shown} of {total} messages; raise --limit to see more"),
            Lang::Zh => crate::note!("{total} 封中的 {shown} 封；增大 --limit 可看更多"),
        }
    }
}

/// Reads a text of the command line.
fn text<T: std::str::FromStr<Err = TextError>>(text: &str) -> Result<T, CliError> {
    text.parse().map_err(|error: TextError| {
        let hint = ("write it shorter, in one line", "请写短些，只用一行");
        CliError::usage(Said::from(&error), hint)
    })
}

impl Assign {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let new_contact = if self.new_contact {
            Some(NewContactCall {
                name: self.name.as_deref().map(text::<Line>).transpose()?,
                role: self.role.as_deref().map(text::<Label>).transpose()?,
            })
        } else {
            None
        };
        let call = AssignCall {
            customer: text::<CustomerCode>(&self.customer)?,
            contact: self.contact.as_deref().map(text::<ContactId>).transpose()?,
            new_contact,
            reason: self.reason.as_deref().map(text::<Note>).transpose()?,
        };
        let session = Session::open(global, "mail")?;
        let answer = session.wait(session.client.assign_mail(&self.mail, &call));
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let (mail, customer) = (&self.mail, &self.customer);
        match global.language() {
            Lang::En => crate::out!("Mail {mail} is now at {customer}"),
            Lang::Zh => crate::out!("邮件 {mail} 已归入 {customer}"),
        }
        Ok(Done::Wholly)
    }
}

impl Dismiss {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "mail")?;
        let answer = session.wait(session.client.dismiss_mail(&self.mail, &self.reason));
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let mail = &self.mail;
        match global.language() {
            Lang::En => crate::out!("Mail {mail} is dismissed; it stays in the ledger"),
            Lang::Zh => crate::out!("邮件 {mail} 已排除；仍保留在账中"),
        }
        Ok(Done::Wholly)
    }
}
