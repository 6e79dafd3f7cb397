//! What comes in over TCP is let in only with the token and a Host of this machine, and can hold
//! nothing for long: each refusal is a problem document (bar I3).

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::{Genesis, Ledger, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use daybook_server::client::{Client, ClientError, Transport};
use daybook_server::serve::{Door, Grace, Limits, Server, Token, Watch, serve};
use daybook_server::{App, router};
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp(1_767_600_000_000_000)
    }
}

struct Sevens;

impl Entropy for Sevens {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn ledger() -> Ledger {
    let mut parts = Parts {
        store: Arc::new(MemoryStore::default()),
        vault: Arc::new(MemoryVault::default()),
        attachments: Arc::new(MemoryAttachments::default()),
        clock: Arc::new(Fixed),
        entropy: Box::new(Sevens),
    };
    let user = ActorId::new("U-00").unwrap();
    let assurance = Assurance::Declared;
    let genesis = Genesis {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        name: Line::new("Test").unwrap(),
        zone: Label::new("UTC").unwrap(),
        functional_currency: "CNY".parse().unwrap(),
        legal_entities: vec![LegalEntity::new("HQ").unwrap()],
        fiscal_year_start_month: 1,
        default_calling_code: None,
        actor: Actor { user, on_behalf_of: None, role: None, unit: None, assurance },
        source: Source { channel: Channel::Api, session: None, import: None },
    };
    found(&mut parts, &genesis).unwrap();
    Ledger::open(parts, Options::default()).unwrap()
}

struct Running {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn with(change: impl FnOnce(&mut Limits)) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut limits = Limits::default();
        change(&mut limits);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let work = move || {
            let ledger = ledger();
            let server = Server {
                router: router(App::new(ledger.clone(), Arc::new(Fixed))),
                limits,
                grace: Grace { calls: Duration::from_secs(5), streams: Duration::ZERO },
                watch: Arc::new(Watch::over(ledger, None)),
            };
            let doors = vec![Door::Tcp(listener, Token::new(TOKEN))];
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let stopped = async { drop(stopped.await) };
            runtime.unwrap().block_on(serve(doors, server, stopped)).unwrap();
        };
        Running { address, stop: Some(stop), thread: Some(std::thread::spawn(work)) }
    }

    fn start() -> Running {
        Running::with(|_| ())
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// The head of a call that is let in, but for the blank line.
    fn head(&self, line: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\
             x-daybook-actor: U-01\r\nconnection: close\r\n",
            self.address
        )
    }

    fn say(&self, text: impl AsRef<[u8]>) -> (u16, Value) {
        let mut stream = self.connect();
        // The answer may come, and the connection end, before everything is written.
        let _ = stream.write_all(text.as_ref());
        answer(&mut stream)
    }

    fn post(&self, body: &str) -> (u16, Value) {
        let head = self.head("POST /v1/commands");
        self.say(format!("{head}content-length: {}\r\n\r\n{body}", body.len()))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.say(self.head(&format!("GET {path}")) + "\r\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(stream: &mut TcpStream) -> (u16, Value) {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn expect((status, problem): (u16, Value), expected: (u16, &str)) {
    assert_eq!((status, problem["code"].as_str()), (expected.0, Some(expected.1)), "{problem}");
    assert_eq!(problem["status"], status);
    assert!(problem["hint"].is_string() && problem["detail"].is_string(), "{problem}");
}

#[test]
fn only_who_shows_the_token_and_means_this_server_is_let_in() {
    let server = Running::start();
    let host = server.address;
    let get = |path: &str, more: &str| {
        server.say(format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{more}\r\n"))
    };
    expect(get("/v1/book", &format!("host: {host}\r\n")), (401, "token_missing"));
    let wrong = format!("host: {host}\r\nauthorization: Bearer {}\r\n", "f".repeat(32));
    expect(get("/v1/book", &wrong), (401, "token_wrong"));
    expect(get("/metrics", &format!("host: {host}\r\n")), (401, "token_missing"));
    let right = format!("authorization: Bearer {TOKEN}\r\n");
    for refused in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80"] {
        expect(get("/v1/book", &format!("host: {refused}\r\n{right}")), (403, "host_refused"));
        expect(get("/healthz", &format!("host: {refused}\r\n")), (403, "host_refused"));
    }
    let port = host.port();
    for meant in [format!("localhost:{port}"), format!("[::1]:{port}"), host.to_string()] {
        assert_eq!(get("/v1/book", &format!("host: {meant}\r\n{right}")).0, 200, "{meant}");
    }
    assert_eq!(get("/healthz", &format!("host: {host}\r\n")).0, 200);
    let (status, ready) = get("/readyz", &format!("host: {host}\r\n"));
    assert_eq!((status, &ready["ready"]), (200, &Value::Bool(true)), "{ready}");
    let chinese = format!("host: {host}\r\naccept-language: zh-CN\r\n");
    assert_eq!(get("/v1/book", &chinese).1["detail"], "调用没有携带令牌");
}

#[test]
fn bodies_have_a_size_a_depth_and_numbers_an_end() {
    let server = Running::with(|limits| limits.body_size_bytes_max = 1 << 20);
    expect(server.post(&"[".repeat(100_000)), (400, "json_too_deep"));
    expect(
        server.post(&format!("{{\"units\": {}}}", "9".repeat(900_000))),
        (400, "number_too_long"),
    );
    let head = server.head("POST /v1/commands");
    expect(
        server.say(format!("{head}content-length: 99999999999\r\n\r\n")),
        (413, "body_too_large"),
    );
    // A body that does not tell its length is read to the limit and no further.
    let mut stream = server.connect();
    let _ = write!(stream, "{head}transfer-encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..17 {
        let _ = stream.write_all(chunk.as_bytes());
    }
    expect(answer(&mut stream), (413, "body_too_large"));
    let packed = format!("{head}content-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx");
    expect(server.say(packed), (415, "content_encoding_unsupported"));
    expect(server.post("{\"units\": [[{\"command\": \"fly\"}]]}"), (400, "field_unknown"));
}

#[test]
fn slow_callers_are_cut_off() {
    let server = Running::with(|limits| {
        limits.header_time_max = Duration::from_millis(200);
        limits.request_time_max = Duration::from_millis(300);
        limits.idle_time_max = Duration::from_millis(200);
    });
    let started = Instant::now();
    // Half a head.
    let mut head = server.connect();
    head.write_all(b"GET /v1/book HTTP/1.1\r\nhost: ").unwrap();
    assert_eq!(head.read_to_end(&mut Vec::new()).unwrap_or(0).min(1), 0);
    // Half a body, dripping.
    let mut body = server.connect();
    let text = server.head("POST /v1/commands");
    write!(body, "{text}content-length: 1000\r\n\r\n{{").unwrap();
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(20));
        let _ = body.write_all(b" ");
    }
    expect(answer(&mut body), (408, "body_too_slow"));
    // An import whose file stops.
    let mut import = server.connect();
    let kind = "content-type: multipart/form-data; boundary=b\r\ncontent-length: 100000\r\n\r\n";
    write!(import, "{}{kind}--b\r\n", server.head("POST /v1/imports")).unwrap();
    let (status, problem) = answer(&mut import);
    assert_eq!((status, problem["field"].as_str()), (400, Some("body")), "{problem}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(server.get("/v1/book").0, 200);
}

#[test]
fn connections_beyond_the_limit_are_told_so() {
    let server = Running::with(|limits| limits.connections_max = 4);
    let hold: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut stream = server.connect();
            let head = server.head("GET /healthz").replace("connection: close\r\n", "");
            stream.write_all((head + "\r\n").as_bytes()).unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
            stream
        })
        .collect();
    expect(server.get("/v1/book"), (503, "busy"));
    drop(hold);
    let started = Instant::now();
    while server.get("/v1/book").0 != 200 {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn the_typed_client_speaks_over_tcp_and_figures_hold_no_personal_data() {
    let server = Running::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::over(Transport::tcp(server.address, TOKEN).unwrap(), "U-07");
    let client = client.through("api");
    let canaries = ["Quillfeather", "+4420555019", "SECRETCODE"];
    let request = json!({
        "customer": canaries[2], "command": "register_customer", "kind": "company",
        "source": "web", "details": { "name": canaries[0], "phone": canaries[1] },
    });
    runtime.block_on(async {
        let answer = client.commands(vec![vec![request.clone()]], false).await.unwrap();
        assert_eq!(answer.units.len(), 1);
        client.customer(canaries[2], &Default::default()).await.unwrap();
        let again = client.commands(vec![vec![request]], false).await.unwrap_err();
        assert!(matches!(again, ClientError::Problem(problem) if problem.status == 422));
        let stranger = Client::over(Transport::tcp(server.address, "x").unwrap(), "U-07");
        let refused = stranger.book().await.unwrap_err();
        assert!(matches!(refused, ClientError::Problem(problem) if problem.code == "token_wrong"));
    });
    let mut stream = server.connect();
    stream.write_all((server.head("GET /metrics") + "\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let calls = "daybook_calls_total{method=\"POST\",route=\"/v1/commands\",status=\"422\"} 1";
    assert!(text.contains(calls), "{text}");
    assert!(text.contains("route=\"/v1/customers/{code}\",status=\"200\"} 1"), "{text}");
    assert!(text.contains("daybook_problems_total{code=\"token_wrong\"} 1"), "{text}");
    assert!(text.contains("\ndaybook_position ") && text.ends_with("# EOF\n"), "{text}");
    for canary in canaries {
        assert!(!text.contains(canary), "{canary}");
    }
}
