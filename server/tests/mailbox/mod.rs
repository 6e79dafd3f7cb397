//! A mailbox of made-up messages, and what is to become of each. Seeded: the same seed gives the
//! same messages. It shares nothing with the code under test but the encodings' tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;

/// Our own domain and address, as an import is told.
pub const OWN: &str = "ours.example, boss@private.example";
/// When the mailbox is taken in: 2026-11-20T12:00:00Z, in seconds.
pub const NOW_SECONDS: i64 = 1_795_176_000;

/// Who is on file: customer, contact, name, address.
pub const CONTACTS: [(&str, &str, &str, &str); 9] = [
    ("C-01", "P-1", "王丽", "wang.li@huadong.example"),
    ("C-01", "P-2", "赵志强", "zhao@huadong.example"),
    ("C-02", "P-1", "陳大文", "chan@harbour.example"),
    ("C-03", "P-1", "田中太郎", "tanaka@nagoya.example"),
    ("C-04", "P-1", "Anna Keller", "Anna.Keller@keller.example"),
    ("C-05", "P-1", "René Dupré", "dupre@lyon.example"),
    ("C-06", "P-1", "李雪梅", "purchasing@xuemei.example"),
    ("C-07", "P-1", "Shared Agent", "agent@shared.example"),
    ("C-08", "P-1", "Shared Agent", "agent@shared.example"),
];
/// A customer with an address of its own and no contact.
pub const SWITCHBOARD: (&str, &str) = ("C-09", "info@switchboard.example");

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Recorded at these customers.
    Taken(Vec<&'static str>),
    /// Held because nobody is known, or because of several.
    Held(&'static str),
    /// Left alone.
    Internal,
    /// A copy of an earlier message.
    Repeated,
    /// Refused.
    Refused,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// What is to become of it.
    pub expected: Expected,
    /// Its subject as a person reads it, unless it is left out on purpose.
    pub subject: Option<String>,
    /// Words its text holds, when it has a text that can be read.
    pub words: Option<&'static str>,
    /// The files in it by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The seconds it is of, when it says so believably.
    pub sent_at: Option<i64>,
}

/// A generator of numbers (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % count
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// A tongue: its encodings, subjects and texts that all of them can write.
struct Tongue {
    charsets: &'static [&'static str],
    subjects: &'static [&'static str],
    texts: &'static [&'static str],
    file: &'static str,
}

const TONGUES: [Tongue; 5] = [
    Tongue {
        charsets: &["gb18030", "gbk", "gb2312", "utf-8"],
        subjects: &["关于数控车床的报价", "请确认交货期", "质量问题反馈", "合同盖章版"],
        texts: &["您好,请在本周五之前报价,含税含运费。", "附件是图纸,孔位请按新版加工。"],
        file: "报价单.pdf",
    },
    Tongue {
        charsets: &["big5", "utf-8"],
        subjects: &["關於報價的問題", "請確認交貨日期"],
        texts: &["您好,請盡快回覆交貨日期,謝謝。"],
        file: "圖紙.pdf",
    },
    Tongue {
        charsets: &["iso-2022-jp", "utf-8", "shift_jis"],
        subjects: &["見積もりのお願い", "納期の確認"],
        texts: &["お世話になっております。納期をご確認ください。"],
        file: "drawing.pdf",
    },
    Tongue {
        charsets: &["iso-8859-1", "utf-8"],
        subjects: &["Ihre Auftragsbestätigung", "Réclamation: pièces manquantes"],
        texts: &["Bitte prüfen Sie die Zeichnung. Größe und Maße stimmen nicht überein."],
        file: "Prüfbericht.pdf",
    },
    Tongue {
        charsets: &["us-ascii", "utf-8"],
        subjects: &["Quote for two lathes", "Delivery date?", "From our meeting"],
        texts: &["Please quote two lathes.\nFrom next week on we are closed.\n>From there on, no."],
        file: "drawing 4711.pdf",
    },
];

fn encoded(text: &str, charset: &str) -> Vec<u8> {
    let encoding = Encoding::for_label(charset.as_bytes()).expect("an encoding");
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "{charset} cannot write {text}");
    bytes.into_owned()
}

fn quoted_printable(bytes: &[u8], word: bool) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for byte in bytes {
        let plain = match byte {
            b'=' | b'?' | b'_' => false,
            b' ' => !word,
            b'\n' if !word => {
                out.push_str("\r\n");
                column = 0;
                continue;
            }
            byte => (33..127).contains(byte),
        };
        if !word && column > 70 {
            out.push_str("=\r\n");
            column = 0;
        }
        if plain {
            out.push(char::from(*byte));
            column += 1;
        } else {
            write!(out, "={byte:02X}").unwrap();
            column += 3;
        }
    }
    out
}

fn word(text: &str, charset: &str, quoted: bool) -> String {
    let bytes = encoded(text, charset);
    if quoted {
        format!("=?{charset}?Q?{}?=", quoted_printable(&bytes, true))
    } else {
        format!("=?{charset}?B?{}?=", STANDARD.encode(bytes))
    }
}

fn base64_lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\r\n")
}

/// Writes an instant as a header does.
fn rfc5322(seconds: i64) -> String {
    let at = chrono::DateTime::from_timestamp(seconds, 0).expect("an instant");
    at.with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap())
        .format("%a, %d %b %Y %H:%M:%S %z")
        .to_string()
}

/// Makes a mailbox.
pub fn mailbox(seed: u64, count: usize) -> Vec<Made> {
    let mut dice = Dice::new(seed);
    let mut made: Vec<Made> = Vec::with_capacity(count);
    let mut ids: Vec<String> = Vec::new();
    while made.len() < count {
        let number = made.len();
        let copies: Vec<usize> = (0..number)
            .filter(|at| !matches!(made[*at].expected, Expected::Refused | Expected::Internal))
            .collect();
        let message = match dice.below(40) {
            0 if !copies.is_empty() => copy(&made[dice.pick(&copies)], number),
            1 => garbage(number),
            _ => message(&mut dice, number, &mut ids),
        };
        made.push(message);
    }
    made
}

/// The same message as it came another way: other headers of transport in front.
fn copy(of: &Made, number: usize) -> Made {
    let hop = format!(
        "Received: from relay{number}.example by mx.ours.example; {}\r\n",
        rfc5322(NOW_SECONDS - 60)
    );
    let raw = [hop.as_bytes(), &of.raw].concat();
    Made { raw, expected: Expected::Repeated, ..of.clone() }
}

/// Bytes that are no message.
fn garbage(number: usize) -> Made {
    Made {
        raw: format!("\u{1}\u{2} nothing to see in number {number}").into_bytes(),
        expected: Expected::Refused,
        subject: None,
        words: None,
        files: BTreeMap::new(),
        sent_at: None,
    }
}

fn person(name: &str, address: &str, charset: &str, dice: &mut Dice) -> String {
    let encoding = Encoding::for_label(charset.as_bytes()).expect("an encoding");
    match dice.below(3) {
        0 => address.to_owned(),
        _ if name.is_ascii() => format!("\"{name}\" <{address}>"),
        _ if encoding.encode(name).2 => format!("{} <{address}>", word(name, "utf-8", false)),
        quoted => format!("{} <{address}>", word(name, charset, quoted == 1)),
    }
}

/// Who writes to whom, and what follows.
fn parties(dice: &mut Dice) -> ([(&'static str, &'static str); 3], Expected) {
    const US: (&str, &str) = ("Sales", "sales@ours.example");
    const NOBODY: (&str, &str) = ("", "");
    const STRANGERS: [(&str, &str); 4] = [
        ("钱多多", "qian@nowhere.example"),
        ("A Stranger", "stranger@elsewhere.example"),
        ("Leads", "offers@leads.example"),
        ("孙", "sun@post.example"),
    ];
    let (one, _, name, address) = dice.pick(&CONTACTS[..7]);
    let (two, _, other_name, other_address) = dice.pick(&CONTACTS[..7]);
    let (stranger, agent) = (dice.pick(&STRANGERS), ("Shared Agent", "agent@shared.example"));
    match dice.below(20) {
        0..=6 => ([(name, address), US, NOBODY], Expected::Taken(vec![one])),
        7..=10 => ([US, (name, address), NOBODY], Expected::Taken(vec![one])),
        11 if one != two => (
            [(name, address), US, (other_name, other_address)],
            Expected::Taken(if one < two { vec![one, two] } else { vec![two, one] }),
        ),
        12 => ([("", SWITCHBOARD.1), US, NOBODY], Expected::Taken(vec![SWITCHBOARD.0])),
        13 => ([US, ("Boss", "Boss@Private.example"), NOBODY], Expected::Internal),
        14 => ([agent, US, NOBODY], Expected::Held("ambiguous")),
        15 => ([agent, US, (name, address)], Expected::Taken(vec![one])),
        16 => ([US, stranger, NOBODY], Expected::Held("unknown")),
        // A blind copy: nobody in To.
        17 => ([(name, address), NOBODY, NOBODY], Expected::Taken(vec![one])),
        18 => (
            [("Boss", "boss@private.example"), (name, address), NOBODY],
            Expected::Taken(vec![one]),
        ),
        _ => ([stranger, US, NOBODY], Expected::Held("unknown")),
    }
}

fn message(dice: &mut Dice, number: usize, ids: &mut Vec<String>) -> Made {
    let tongue = &TONGUES[dice.below(5) as usize];
    let charset = dice.pick(tongue.charsets);
    let ([from, to, cc], expected) = parties(dice);
    let sent_at = NOW_SECONDS - 86_400 - i64::try_from(dice.below(300 * 86_400)).unwrap();
    let mut head: Vec<u8> = Vec::new();
    let mut line = |text: &str| {
        head.extend_from_slice(text.as_bytes());
        head.extend_from_slice(b"\r\n");
    };
    line(&format!("Received: from mx.example by mx.ours.example; {}", rfc5322(sent_at + 30)));
    line(&format!("From: {}", person(from.0, from.1, charset, dice)));
    match to.1 {
        "" => line("To: undisclosed-recipients:;"),
        _ => line(&format!(
            "To: {},\r\n\t{}",
            person(to.0, to.1, charset, dice),
            "Desk <desk@ours.example>"
        )),
    }
    if !cc.1.is_empty() {
        line(&format!("Cc: {}", person(cc.0, cc.1, charset, dice)));
    }
    let mut believed = Some(sent_at);
    match dice.below(30) {
        0 => believed = Some(sent_at + 30), // No date at all.
        1 => {
            line("Date: tomorrow, perhaps");
            believed = Some(sent_at + 30);
        }
        2 => {
            line(&format!("Date: {}", rfc5322(NOW_SECONDS + 400 * 86_400)));
            believed = Some(sent_at + 30);
        }
        _ => line(&format!("Date: {}", rfc5322(sent_at))),
    }
    let id = format!("<{number}.{}@{}>", dice.below(1_000_000), from.1.rsplit('@').next().unwrap());
    match dice.below(25) {
        0 => {} // No Message-ID.
        1 if !ids.is_empty() => {
            // One that another message has already.
            let taken = ids[dice.below(ids.len() as u64) as usize].clone();
            line(&format!("Message-ID: {taken}"));
        }
        _ => {
            line(&format!("Message-ID: {id}"));
            if !ids.is_empty() && dice.below(3) == 0 {
                let root = ids[dice.below(ids.len() as u64) as usize].clone();
                line(&format!("In-Reply-To: {root}\r\nReferences: {root}\r\n <middle@x.example>"));
            }
            ids.push(id);
        }
    }
    let words = dice.pick(tongue.texts);
    let (body, files, words) = body(dice, tongue, charset, words, number);
    let named = body.windows(8).any(|window| window == b"charset=");
    let plain = dice.pick(tongue.subjects);
    let mut subject = Some(format!("{plain} {number}"));
    let text = subject.clone().unwrap();
    match dice.below(8) {
        0 => {
            // As bytes, without saying in which encoding: a broken header.
            // Nobody can tell Big5 from GB18030 when the message names neither.
            let fits = charset.starts_with("gb") || named;
            let raw_charset = match charset {
                "iso-2022-jp" | "shift_jis" => "utf-8",
                _ if fits => charset,
                _ => "utf-8",
            };
            head.extend_from_slice(b"Subject: ");
            head.extend_from_slice(&encoded(&text, raw_charset));
            head.extend_from_slice(b"\r\n");
        }
        1 => subject = None,
        2 => {
            let (first, second) =
                (word(plain, charset, true), word(&format!(" {number}"), charset, false));
            head.extend_from_slice(format!("Subject: {first}\r\n {second}\r\n").as_bytes());
        }
        form => {
            let written = word(&text, charset, form % 2 == 0);
            head.extend_from_slice(format!("Subject: {written}\r\n").as_bytes());
        }
    }
    if dice.below(12) == 0 {
        head.extend_from_slice(b"This line is no header\r\nX-Folded: a\r\n b\r\n\tc\r\n");
    }
    head.extend_from_slice(b"MIME-Version: 1.0\r\n");
    Made { raw: [head, body].concat(), expected, subject, words, files, sent_at: believed }
}

/// Writes headers and content of one text part.
fn text_part(dice: &mut Dice, charset: &str, words: &str, html: bool) -> Vec<u8> {
    let text =
        if html { format!("<html><body><p>{words}</p></body></html>") } else { words.to_owned() };
    let bytes = encoded(&text, charset);
    let kind = if html { "html" } else { "plain" };
    let (encoding, content) = match dice.below(3) {
        0 => ("quoted-printable", quoted_printable(&bytes, false).into_bytes()),
        1 => ("base64", base64_lines(&bytes).into_bytes()),
        _ => ("8bit", bytes),
    };
    let mut part = format!(
        "Content-Type: text/{kind}; charset=\"{charset}\"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    .into_bytes();
    part.extend_from_slice(&content);
    part.extend_from_slice(b"\r\n");
    part
}

type Body = (Vec<u8>, BTreeMap<String, Vec<u8>>, Option<&'static str>);

fn body(
    dice: &mut Dice,
    tongue: &Tongue,
    charset: &str,
    words: &'static str,
    number: usize,
) -> Body {
    let none = BTreeMap::new();
    let seen = words.lines().next().unwrap();
    let seen: &'static str = seen;
    match dice.below(10) {
        0 => (b"Content-Type: text/plain\r\n\r\n".to_vec(), none, None),
        1 => (text_part(dice, charset, words, true), none, Some(seen)),
        2..=5 => (text_part(dice, charset, words, false), none, Some(seen)),
        kind => {
            let boundary = format!("=_part_{number}");
            let mut body =
                format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n")
                    .into_bytes();
            let open = format!("--{boundary}\r\n");
            body.extend_from_slice(open.as_bytes());
            body.extend_from_slice(&text_part(dice, charset, words, false));
            let mut files = BTreeMap::new();
            for each in 0..=dice.below(2) {
                let name = format!("{each}-{number}-{}", tongue.file);
                let size = 40 + dice.below(3000);
                let mut content = b"%PDF-1.4\n".to_vec();
                content.extend((0..size).map(|_| u8::try_from(dice.below(256)).unwrap()));
                let shown = if each == 0 {
                    format!("filename=\"{}\"", word(&name, "utf-8", false))
                } else {
                    let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
                    format!("filename*=utf-8''{escaped}")
                };
                body.extend_from_slice(open.as_bytes());
                body.extend_from_slice(
                    format!(
                        "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
                         Content-Disposition: attachment; {shown}\r\n\r\n{}\r\n",
                        base64_lines(&content)
                    )
                    .as_bytes(),
                );
                files.insert(name, content);
            }
            // Sometimes the end is cut off.
            if kind != 6 {
                body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            }
            (body, files, Some(seen))
        }
    }
}

/// Writes messages as a row of netstrings.
pub fn netstrings<'a>(messages: impl IntoIterator<Item = &'a Made>) -> Vec<u8> {
    let mut row = Vec::new();
    for message in messages {
        row.extend_from_slice(format!("{}:", message.raw.len()).as_bytes());
        row.extend_from_slice(&message.raw);
        row.push(b',');
    }
    row
}

/// Writes messages as an mbox file, every `From ` at the start of a line escaped (mboxrd).
pub fn mbox<'a>(messages: impl IntoIterator<Item = &'a Made>) -> Vec<u8> {
    let mut file = Vec::new();
    for message in messages {
        file.extend_from_slice(b"From someone@example Sat Jan  3 01:05:34 2026\n");
        for line in message.raw.split_inclusive(|byte| *byte == b'\n') {
            let quotes = line.iter().take_while(|byte| **byte == b'>').count();
            if line[quotes..].starts_with(b"From ") {
                file.push(b'>');
            }
            file.extend_from_slice(line);
        }
        file.extend_from_slice(b"\n");
    }
    file
}
