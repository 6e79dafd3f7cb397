//! Whatever comes in and is refused says why in the language of whoever sent it: rows, mail, cards,
//! calendar entries, events of another ledger, and what stands wrong in a call.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "support/mod.rs"]
mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::{Place, register};

const FORM: &str = "multipart/form-data; boundary=x";

/// Sends a body and returns the documents of the answer: one, or one a line.
async fn send(
    place: &Place,
    (method, path): (&str, &str),
    kind: &str,
    language: &str,
    body: &str,
) -> Vec<Value> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-daybook-actor", "U-01")
        .header("content-type", kind)
        .header("accept-language", language);
    let (_, body) = place.call(request.body(Body::from(body.to_owned())).unwrap()).await;
    let documents = serde_json::Deserializer::from_slice(&body).into_iter();
    documents.collect::<Result<_, _>>().unwrap()
}

/// Sends a body in both languages; `reason` finds the sentence in the documents of the answer.
async fn check(
    call: (&str, &str),
    (kind, body): (&str, &str),
    reason: fn(&[Value]) -> &Value,
    (en, zh): (&str, &str),
) {
    for (language, expected) in [("en", en), ("zh-CN", zh)] {
        let place = Place::founded(1);
        place.take(json!([[register("ACME", "Acme")], [register("BETA", "Beta")]])).await;
        let told = send(&place, call, kind, language, body).await;
        assert_eq!(reason(&told), expected, "{call:?}: {told:?}");
    }
}

fn form(parts: &[(&str, &str)]) -> String {
    let part = |(name, content): &(&str, &str)| {
        let (name, file) = name.split_once('=').unwrap_or((name, ""));
        let file = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--x--\r\n"
}

const MAPPING: &str = r#"
[import]
source = "list"
row_key = ["code"]
customer = "{code}"
[[event]]
command = "register_customer"
[event.fields]
kind = "company"
source = "web"
details.name = "{name}"
first_contact_on = { column = "day", date = "%Y-%m-%d" }
"#;

/// Returns why the first row was refused.
fn row(told: &[Value]) -> &Value {
    &told.iter().find_map(|line| line.get("refused")).expect("a refused row")["reason"]
}

async fn check_row(row_text: &str, expected: (&str, &str)) {
    let file = format!("code,name,day\n{row_text}\n");
    let body = form(&[("mapping", MAPPING), ("file=list.csv", &file)]);
    check(("POST", "/v1/imports"), (FORM, &body), row, expected).await;
}

#[tokio::test]
async fn rows() {
    check_row(
        "C-1,Gamma,yesterday",
        ("it is not a date of the form %Y-%m-%d", "不是形式为 %Y-%m-%d 的日期"),
    )
    .await;
    check_row(
        "C-1,Gamma",
        ("the row has 2 fields, the header has 3", "该行有 2 个字段，而表头有 3 个"),
    )
    .await;
    check_row("C-1,,2026-01-02", ("it is empty", "内容为空")).await;
    let too_long = "C".repeat(70);
    check_row(
        &format!("{too_long},Gamma,2026-01-02"),
        (
            "customer code is 70 bytes long; at most 64 are allowed",
            "内容有 70 字节，最多允许 64 字节",
        ),
    )
    .await;
    // What a rule refuses, with its hint.
    let file = "code,name,day\nC-1,Gamma,2099-01-02\n";
    let body = form(&[("mapping", MAPPING), ("file=list.csv", file)]);
    let place = Place::founded(1);
    let told = send(&place, ("POST", "/v1/imports"), FORM, "zh", &body).await;
    let refused = &told.iter().find_map(|line| line.get("refused")).expect("a refused row");
    for word in ["reason", "hint"] {
        assert!(!refused[word].as_str().unwrap().is_ascii(), "{refused}");
    }
}

#[tokio::test]
async fn mail_cards_and_calendars() {
    check(
        ("POST", "/v1/mail"),
        ("message/rfc822", "no header at all\r\n\r\n"),
        |told| &told[0]["message"]["reason"],
        ("the bytes have no header a message would have", "内容没有邮件应有的邮件头"),
    )
    .await;
    check(
        ("POST", "/v1/contacts"),
        ("text/vcard", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Li Lei\r\nEND:VCARD\r\n"),
        |told| &told[0]["cards"][0]["reason"],
        ("nothing on the card names a customer; name one", "名片上没有指明客户的内容；请指明客户"),
    )
    .await;
    for (entry, expected) in [
        (
            "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260106T010000Z\r\nEND:VEVENT\r\n",
            (
                "nobody who takes part is known at a customer; name one",
                "参加者都不是已知客户的人；请指明客户",
            ),
        ),
        (
            "BEGIN:VTODO\r\nUID:1\r\nSUMMARY:x\r\nEND:VTODO\r\n",
            ("the task does not say when it is to be done by", "任务没有写明期限"),
        ),
        (
            "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Mars/Base:20260106T010000\r\nEND:VEVENT\r\n",
            ("the time zone \"Mars/Base\" is not known", "不认识时区 \"Mars/Base\""),
        ),
        ("BEGIN:VEVENT\r\nUID:1\r\n", ("the entry has no end", "日历项没有结束")),
    ] {
        check(
            ("POST", "/v1/calendar"),
            ("text/calendar", &format!("BEGIN:VCALENDAR\r\n{entry}END:VCALENDAR\r\n")),
            |told| &told[0]["entries"][0]["reason"],
            expected,
        )
        .await;
    }
}

#[tokio::test]
async fn exports_of_other_ledgers() {
    check(
        ("POST", "/v1/imports/events"),
        ("application/x-ndjson", "{\"export\":1}\n"),
        |told| &told[0]["failed"]["hint"],
        (
            "make it with `daybook export --output FILE.jsonl --personal`",
            "请用 `daybook export --output 文件.jsonl --personal` 生成",
        ),
    )
    .await;
}

#[tokio::test]
async fn parts_of_calls() {
    let detail: fn(&[Value]) -> &Value = |told| &told[0]["detail"];
    for (path, expected) in [
        (
            "/v1/receivables?currency=yuan",
            (
                "\"yuan\" is not an ISO 4217 currency code such as CNY",
                "\"yuan\" 不是 CNY 这样的 ISO 4217 货币代码",
            ),
        ),
        (
            "/v1/receivables/figures?from=soon",
            ("\"soon\" is not a date such as 2026-03-31", "\"soon\" 不是 2026-03-31 这样的日期"),
        ),
        (
            "/v1/views/horoscope/compare",
            ("view horoscope is not in this ledger", "此账簿中没有视图 horoscope"),
        ),
        (
            "/v1/events?customer=%01",
            (
                "customer code holds the control character U+0001 at byte 0",
                "第 0 字节处有控制字符 U+0001",
            ),
        ),
    ] {
        check(("GET", path), ("application/json", ""), detail, expected).await;
    }
    check(
        ("POST", "/v1/imports"),
        (FORM, &form(&[("mapping", MAPPING)])),
        detail,
        ("the call has no part named file", "调用没有名为 file 的部分"),
    )
    .await;
}
