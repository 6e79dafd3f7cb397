//! P10: the interface over TCP against a bare handler: durable appends of one event, and pages of a
//! customer, both over 64 connections.
//!
//! The bare handler is a process of its own that reads the same requests with the same HTTP library and
//! answers with the same bytes, and does nothing else: no token, no JSON, no ledger, no sync.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use bytes::Bytes;
use daybook::demo::OPENED_AT;
use daybook::demo::load::REQUESTS_A_CUSTOMER;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::ground::{Ground, Measured};
use super::{Bar, Figures, Scale, median, p5_open, rounded};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "P10",
    what: "HTTP, 64 connections: durable append of one event and a customer's page: each >= 0.5 of a \
           bare handler with the same bodies",
    run,
};

const CONNECTIONS: u64 = 64;
const ROUNDS: usize = 5;
const RATIO_MIN: f64 = 0.5;

fn run(scale: Scale) -> Measured<Figures> {
    let (events, posts, gets) = match scale {
        Scale::Check => (20_000, 100, 100),
        Scale::S => (100_000, 400, 400),
        Scale::M => (1_000_000, 400, 400),
        Scale::L => (5_000_000, 400, 400),
    };
    crate::torture::build()?;
    let ground = Ground::new("p10")?;
    let dir = ground.path().join("book");
    p5_open::in_child("build", &dir, events)?;
    believe_the_clock(&dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = Serving::daybook(&dir)?;
    // Customers in the middle of the load, as in P5: some forty events each, however large it is.
    let rank = events / REQUESTS_A_CUSTOMER / 50;
    let append = |connection: u64| {
        let body = json!({ "units": [[{
            "customer": format!("C-{}", rank + 1 + connection), "command": "record_interaction",
            "channel": "phone", "direction": "in", "unknown_caller": true,
            "started_at": OPENED_AT, "correspondence": { "summary": "asked for the delivery date" },
        }]] });
        Sent { method: "POST", path: "/v1/commands".to_owned(), body: body.to_string() }
    };
    let page =
        |_| Sent { method: "GET", path: format!("/v1/customers/C-{rank}"), body: String::new() };
    let answers = ground.path().join("answers");
    std::fs::create_dir_all(&answers)?;
    for (name, sent) in [("POST", append(0)), ("GET", page(0))] {
        let answer = runtime.block_on(one(&served, &sent))?;
        std::fs::write(answers.join(name), answer)?;
    }
    let bare = Serving::bare(&answers)?;
    let (mut appends, mut pages) = (Rates::default(), Rates::default());
    for round in 0..=ROUNDS {
        let measured = runtime.block_on(async {
            Ok::<_, Box<dyn std::error::Error>>([
                [rate(&bare, &append, posts).await?, rate(&served, &append, posts).await?],
                [rate(&bare, &page, gets).await?, rate(&served, &page, gets).await?],
            ])
        })?;
        // The first round warms up.
        if round > 0 {
            let [of_appends, of_pages] = measured;
            appends.note(of_appends);
            pages.note(of_pages);
        }
    }
    let (append, page) = (appends.ratio(), pages.ratio());
    Ok(Figures::new(
        append >= RATIO_MIN && page >= RATIO_MIN,
        json!({
            "ratio_append": rounded(append), "ratio_page": rounded(page), "ratio_min": RATIO_MIN,
            "appends_per_s": rounded(median(appends.served)),
            "bare_appends_per_s": rounded(median(appends.bare)),
            "pages_per_s": rounded(median(pages.served)),
            "bare_pages_per_s": rounded(median(pages.bare)),
            "connections": CONNECTIONS, "rounds": ROUNDS, "events": events,
            "page_size_bytes": std::fs::metadata(answers.join("GET"))?.len(),
        }),
    ))
}

#[derive(Default)]
struct Rates {
    bare: Vec<f64>,
    served: Vec<f64>,
}

impl Rates {
    fn note(&mut self, [bare, served]: [f64; 2]) {
        self.bare.push(bare);
        self.served.push(served);
    }

    fn ratio(&self) -> f64 {
        median(self.bare.iter().zip(&self.served).map(|(bare, served)| served / bare).collect())
    }
}

/// What a connection sends again and again.
struct Sent {
    method: &'static str,
    path: String,
    body: String,
}

/// A server in a process of its own, ended when dropped.
struct Serving {
    child: Child,
    address: String,
    token: String,
}

impl Serving {
    /// Starts the command that was just built.
    fn daybook(dir: &Path) -> Measured<Serving> {
        let token = dir.with_extension("token");
        let mut command = daybook_command(dir)?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--token-file"]);
        Serving::start(command.arg(&token), Some(&token))
    }

    fn bare(answers: &Path) -> Measured<Serving> {
        let mut command = Command::new(std::env::current_exe()?);
        Serving::start(command.args(["child", "p10"]).arg(answers), None)
    }

    fn start(command: &mut Command, token: Option<&Path>) -> Measured<Serving> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut first = String::new();
        let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
        out.read_line(&mut first)?;
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let address =
            first.trim_end().rsplit_once("http://").map(|(_, address)| address.to_owned());
        let address = address.ok_or_else(|| format!("it did not start: {first:?}"))?;
        let token = token.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        Ok(Serving { child, address, token: token.trim().to_owned() })
    }

    fn request(&self, sent: &Sent) -> Vec<u8> {
        let Sent { method, path, body } = sent;
        let (address, token, length) = (&self.address, &self.token, body.len());
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             x-daybook-actor: U-BENCH\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the command that was built beside this one, on the ledger in `dir`.
pub fn daybook_command(dir: &Path) -> Measured<Command> {
    let running = std::env::current_exe()?;
    let program: PathBuf = running.parent().unwrap_or(Path::new(".")).join("daybook");
    let mut command = Command::new(program.canonicalize()?);
    command
        .env_clear()
        .env("HOME", dir.parent().unwrap_or(dir))
        .env("LC_ALL", "C.UTF-8")
        .env("DAYBOOK_DIR", dir)
        .env("DAYBOOK_HEADS", dir.with_extension("heads"));
    Ok(command)
}

/// A load was recorded at times of its own; the clock of the machine may be far ahead of them.
pub fn believe_the_clock(dir: &Path) -> Measured<()> {
    let output = daybook_command(dir)?.args(["clock", "confirm"]).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// Sends `each` requests over each of the connections at once; returns answers per second.
async fn rate(serving: &Serving, sent: &dyn Fn(u64) -> Sent, each: u64) -> Measured<f64> {
    let mut connections = Vec::new();
    for number in 0..CONNECTIONS {
        let stream = TcpStream::connect(&serving.address).await?;
        stream.set_nodelay(true)?;
        connections.push((stream, serving.request(&sent(number))));
    }
    let started = Instant::now();
    let running: Vec<_> = connections
        .into_iter()
        .map(|(mut stream, request)| {
            tokio::spawn(async move {
                let mut buffer = Vec::with_capacity(64 << 10);
                for _ in 0..each {
                    stream.write_all(&request).await.map_err(|error| error.to_string())?;
                    answer(&mut stream, &mut buffer).await?;
                }
                Ok::<(), String>(())
            })
        })
        .collect();
    for connection in running {
        connection.await??;
    }
    Ok((CONNECTIONS * each) as f64 / started.elapsed().as_secs_f64())
}

/// Makes one call and returns the answer's body.
async fn one(serving: &Serving, sent: &Sent) -> Measured<Vec<u8>> {
    let mut stream = TcpStream::connect(&serving.address).await?;
    stream.write_all(&serving.request(sent)).await?;
    let mut buffer = Vec::new();
    let head = answer(&mut stream, &mut buffer).await?;
    Ok(buffer.split_off(head))
}

/// Reads one answer, which must be a success; returns where its body begins.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize, String> {
    buffer.clear();
    let mut wanted: Option<(usize, usize)> = None;
    loop {
        let count = stream.read_buf(buffer).await.map_err(|error| error.to_string())?;
        if count == 0 {
            return Err("the connection ended before the answer".to_owned());
        }
        if wanted.is_none() {
            wanted = head(buffer)?;
        }
        match wanted {
            Some((head, length)) if buffer.len() >= head + length => return Ok(head),
            _ => {}
        }
    }
}

/// Finds where the head ends and how long the body is, once the head is there.
fn head(bytes: &[u8]) -> Result<Option<(usize, usize)>, String> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(String::from_utf8_lossy(bytes).into_owned());
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse().ok());
    length.map(|length| Some((end + 4, length))).ok_or_else(|| "no length".to_owned())
}

/// Answers with the bytes in a folder, whatever is asked, as fast as the HTTP library can.
pub fn child(words: &[&str]) -> ChoreResult {
    let [answers] = words else { return Err("child p10 ANSWERS".into()) };
    let answer = |name: &str| std::fs::read(Path::new(answers).join(name)).map(Bytes::from);
    let (post, get) = (answer("POST")?, answer("GET")?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (post, get) = (post.clone(), get.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = if request.method() == Method::POST { &post } else { &get }.clone();
                async move {
                    request.into_body().collect().await?;
                    let mut response = Response::new(Full::new(answer));
                    let json = header::HeaderValue::from_static("application/json");
                    response.headers_mut().insert(header::CONTENT_TYPE, json);
                    Ok::<_, hyper::Error>(response)
                }
            });
            tokio::spawn(async move {
                // A connection that ends early concerns nobody but its caller.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}
