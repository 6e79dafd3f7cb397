//! `daybook serve`: holds the ledger and answers calls over HTTP until it is stopped.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use daybook_core::book::{BookError, OpenBook};
use daybook_core::store::local::StoreOpenError;
use daybook_core::time::Entropy as _;
use daybook_server::router;
use daybook_server::serve::{
    CatchUp, Door, Grace, INTERVAL, InvalidEndpoint, Limits, PrivateSocket, Server, Shut,
    Telemetry, Token, TokenError, Watch, serve,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{Done, Global};
use crate::error::{CliError, Exit};
use crate::render::Lang;
use crate::seat::{PATIENCE, PAUSE, note};
use crate::system::{SystemEntropy, state_folder};
use crate::text::Text;

/// How long calls that run may take once the server is told to stop.
const GRACE: Grace = Grace { calls: Duration::from_secs(10), streams: Duration::from_secs(10) };

/// Answer calls over HTTP until stopped
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen: an address of this machine, and a port
    #[arg(long, env = "DAYBOOK_LISTEN", default_value = "127.0.0.1:7317", value_name = "ADDRESS")]
    listen: String,
    /// The file of the token that callers show; made when it is not there
    #[arg(long, env = "DAYBOOK_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How calls are noted on standard error
    #[arg(long, env = "DAYBOOK_LOG", value_enum, default_value = "text", value_name = "FORM")]
    log: LogForm,
    /// The largest body of a call that is no stream
    #[arg(long, env = "DAYBOOK_BODY_SIZE_BYTES_MAX", default_value_t = 16 << 20, value_name = "BYTES")]
    body_size_bytes_max: usize,
    /// The longest time of a call that is no stream
    #[arg(long, env = "DAYBOOK_REQUEST_SECONDS_MAX", default_value_t = 30, value_name = "SECONDS")]
    request_seconds_max: u64,
    /// The most connections at the same time
    #[arg(long, env = "DAYBOOK_CONNECTIONS_MAX", default_value_t = 256, value_name = "COUNT")]
    connections_max: usize,
    /// A collector to tell of calls and figures by OpenTelemetry's protocol: http://HOST:PORT
    #[arg(long, env = "DAYBOOK_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
}

/// How calls are noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// One line a call, for people.
    Text,
    /// One JSON document a call, for programs.
    Json,
    /// Not at all.
    Off,
}

impl Serve {
    /// Serves until the process is told to stop.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let lang = global.language();
        let address = local_address(&self.listen)?;
        let telemetry = self.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
        let telemetry = telemetry.map(|endpoint| Telemetry::to(endpoint, INTERVAL)).transpose();
        let telemetry = telemetry.map_err(|error| no_collector(&error))?;
        let listener = TcpListener::bind(address).map_err(|error| occupied(address, &error))?;
        let address = listener.local_addr().map_err(|error| occupied(address, &error))?;
        let OpenBook { ledger, store, report, .. } = open(global)?;
        note(&report, lang);
        let book = ledger.reader().book()?.book;
        let file = match (self.token_file, state_folder()) {
            (Some(file), _) => file,
            (None, Some(state)) => state.join("tokens").join(book.to_string()),
            (None, None) => global.dir().join("token"),
        };
        let token = Token::at(&file, &mut |bytes| SystemEntropy.fill(bytes));
        let mut doors = vec![Door::Tcp(listener, token.map_err(|error| no_token(&error))?)];
        let socket = PrivateSocket::bind(global.dir());
        match socket {
            Ok(socket) => doors.push(Door::Private(socket)),
            Err(error) => without_socket(&error, lang),
        }
        write_log(self.log);
        let watch =
            Watch::over(ledger.clone(), Some((Arc::clone(&store), global.dir().to_owned())));
        let app = crate::book::app(ledger.clone(), global.dir());
        let views = Arc::new(CatchUp::of(&app));
        let watch = Arc::new(watch.telling(telemetry).keeping(Arc::clone(&views)));
        let limits = Limits {
            body_size_bytes_max: self.body_size_bytes_max,
            request_time_max: Duration::from_secs(self.request_seconds_max),
            connections_max: self.connections_max,
            ..Limits::default()
        };
        let server = Server { router: router(app), limits, grace: GRACE, watch };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| broken("runtime", &error))?;
        let folding = std::thread::Builder::new().name("views".to_owned()).spawn({
            let views = Arc::clone(&views);
            move || views.run()
        });
        let folding = folding.map_err(|error| broken("views", &error))?;
        let served = runtime.block_on(async {
            // Before it is said that the server runs, so that it can be stopped from then on.
            let stop = stop().map_err(|error| broken("signals", &error))?;
            say_started(address, &file, global, lang);
            serve(doors, server, stop).await.map_err(|error| broken("listening", &error))
        });
        views.stop();
        runtime.shutdown_timeout(Duration::from_secs(1));
        let folded = folding.join();
        let closed = ledger.close();
        drop(store);
        let Shut { cut } = served?;
        closed?;
        folded.map_err(|_| broken("views", &std::io::Error::other("their thread broke off")))?;
        say_stopped(cut, lang);
        Ok(Done::Wholly)
    }
}

/// Opens the ledger; a short command that has it open is waited for.
fn open(global: &Global) -> Result<OpenBook, CliError> {
    let started = Instant::now();
    loop {
        match crate::book::open(global.dir(), "serve") {
            Err(BookError::Log(StoreOpenError::Held { .. })) if started.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            opened => return Ok(opened?),
        }
    }
}

/// Reads an address that only this machine can reach.
fn local_address(text: &str) -> Result<SocketAddr, CliError> {
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = named.as_deref().unwrap_or(text).parse().map_err(|_| {
        CliError::usage(
            Text::new(
                format!("{text:?} is not an address and port"),
                format!("{text:?} 不是地址加端口"),
            ),
            ("write it as 127.0.0.1:7317 or [::1]:7317", "请写成 127.0.0.1:7317 或 [::1]:7317"),
        )
    })?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(CliError::usage(
        Text::new(
            format!(
                "{} can be reached from other machines, and there are no access rules yet",
                address.ip()
            ),
            format!("{} 可从其他机器访问，而目前尚无访问权限控制", address.ip()),
        ),
        (
            "listen on 127.0.0.1 or [::1]; reach it from elsewhere through ssh -L",
            "请监听 127.0.0.1 或 [::1]；从别处可经 ssh -L 访问",
        ),
    ))
}

fn occupied(address: SocketAddr, error: &std::io::Error) -> CliError {
    CliError {
        exit: Exit::Broken,
        code: "listen".to_owned(),
        message: Text::new(
            format!("{address} cannot be listened on: {error}"),
            format!("无法监听 {address}：{error}"),
        ),
        hint: Text::from((
            "choose another port with --listen, or 0 for any free one",
            "请用 --listen 另选端口，或用 0 取任一空闲端口",
        )),
    }
}

fn no_collector(error: &InvalidEndpoint) -> CliError {
    CliError::usage(
        Text::new(error.to_string(), format!("{:?} 不是收集器的地址", error.endpoint)),
        (
            "write it as http://127.0.0.1:4318; put a collector of your own in front of https",
            "请写成 http://127.0.0.1:4318；需要 https 时请在前面放置自己的收集器",
        ),
    )
}

fn no_token(error: &TokenError) -> CliError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let message = format!("{error}{}", cause.unwrap_or_default());
    let hint = match error {
        TokenError::Open { .. } => (
            "take the rights of others away with chmod 600, and make a new token if they may have read it",
            "请用 chmod 600 去掉他人的权限；如可能已被读取，请换新令牌",
        ),
        TokenError::Short { .. } => {
            ("remove the file; a new token is made", "请删除该文件，程序会生成新令牌")
        }
        _ => ("name another file with --token-file", "请用 --token-file 另指文件"),
    };
    CliError {
        exit: Exit::Broken,
        code: "token".to_owned(),
        message: Text::new(message.as_str(), format!("令牌文件无法使用：{message}")),
        hint: hint.into(),
    }
}

fn broken(what: &str, error: &std::io::Error) -> CliError {
    CliError {
        exit: Exit::Broken,
        code: "serve".to_owned(),
        message: Text::new(
            format!("the server could not be started ({what}): {error}"),
            format!("服务无法启动（{what}）：{error}"),
        ),
        hint: Text::from((
            "try again when the machine has more memory and file handles free",
            "请在机器有更多空闲内存和文件句柄时再试",
        )),
    }
}

fn without_socket(error: &std::io::Error, lang: Lang) {
    match lang {
        Lang::En => {
            crate::note!("note: commands cannot reach this server through the directory: {error}")
        }
        Lang::Zh => crate::note!("注意：其他命令无法经目录连到此服务：{error}"),
    }
}

/// Starts noting calls on standard error.
fn write_log(form: LogForm) {
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
    // Whoever embeds the command may note calls already; then theirs stays.
    let _ = match form {
        LogForm::Text => lines.try_init(),
        LogForm::Json => lines.json().flatten_event(true).try_init(),
        LogForm::Off => Ok(()),
    };
}

/// Returns what is done when the process is told to stop.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn say_started(address: SocketAddr, file: &std::path::Path, global: &Global, lang: Lang) {
    let (dir, file) = (global.dir().display(), file.display());
    match lang {
        Lang::En => {
            crate::out!("Serving the ledger {dir} at http://{address}");
            crate::out!(
                "Only this machine can reach it; commands here go through it by themselves."
            );
            crate::out!("The token is in {file}");
            crate::out!("Stop it with Ctrl-C.");
        }
        Lang::Zh => {
            crate::out!("正在 http://{address} 提供账簿 {dir}");
            crate::out!("只有本机可以访问；本机的其他命令会自动经由此服务。");
            crate::out!("令牌在 {file}");
            crate::out!("按 Ctrl-C 停止。");
        }
    }
}

fn say_stopped(cut: usize, lang: Lang) {
    match (lang, cut) {
        (Lang::En, 0) => crate::out!("Stopped; the ledger is closed in order."),
        (Lang::En, cut) => {
            crate::out!("Stopped; {cut} calls were cut off; the ledger is closed in order.");
        }
        (Lang::Zh, 0) => crate::out!("已停止；账簿已正常关闭。"),
        (Lang::Zh, cut) => crate::out!("已停止；有 {cut} 个调用被中断；账簿已正常关闭。"),
    }
}
