//! The feed and its consumers: everything once and in order, whatever becomes of the connection, the
//! reader or the server; and reads that wait for a position.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod ledger;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use daybook_core::ledger::Ledger;
use daybook_core::position::Position;
use daybook_server::api::consumers::ConsumerCall;
use daybook_server::api::feed::FeedQuery;
use daybook_server::client::{Client, ClientError, FeedItem, Follower, Transport};
use daybook_server::serve::{Door, Grace, Limits, Server, Token, Watch, serve};
use daybook_server::{App, router};
use ledger::{call, ledger};
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Place {
    ledger: Ledger,
    router: Router,
    client: Client,
    _folder: tempfile::TempDir,
}

fn open() -> Place {
    let (ledger, folder) = (ledger(), tempfile::tempdir().unwrap());
    let app = App::new(ledger.clone(), Arc::new(ledger::Fixed)).beside(folder.path());
    let router = router(app);
    let client = Client::new(router.clone(), "U-01".to_owned());
    Place { ledger, router, client, _folder: folder }
}

fn register(customer: &str) -> Value {
    json!({
        "customer": customer, "command": "register_customer", "kind": "company",
        "source": "web", "details": { "name": customer },
    })
}

fn note(customer: &str, text: &str) -> Value {
    json!({
        "customer": customer, "command": "record_interaction", "channel": "phone",
        "direction": "in", "started_at": "2026-01-05T01:00:00Z", "unknown_caller": true,
        "correspondence": { "summary": text },
    })
}

async fn record(client: &Client, requests: Vec<Value>) -> Position {
    let units = requests.into_iter().map(|request| vec![request]).collect();
    client.commands(units, false).await.unwrap().position
}

async fn next_event(follower: &mut Follower) -> (u64, String) {
    loop {
        let item = tokio::time::timeout(Duration::from_secs(20), follower.next()).await;
        if let FeedItem::Event(event) = item.unwrap().unwrap() {
            return (event.position.0, event.kind);
        }
    }
}

async fn caught_up(follower: &mut Follower) -> Vec<(u64, String)> {
    let mut events = Vec::new();
    loop {
        let item = tokio::time::timeout(Duration::from_secs(20), follower.next()).await;
        match item.unwrap().unwrap() {
            FeedItem::Event(event) => events.push((event.position.0, event.kind)),
            FeedItem::CaughtUp(_) => return events,
        }
    }
}

#[tokio::test]
async fn a_feed_catches_up_then_follows_and_leaves_out_what_was_not_asked_for() {
    let place = open();
    let client = &place.client;
    let start = record(client, vec![register("C-1"), register("C-2"), note("C-1", "a")]).await.0;
    let mut all = client.follow(FeedQuery { from: Some(0), ..FeedQuery::default() });
    let seen = caught_up(&mut all).await;
    let positions: Vec<u64> = seen.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (0..start).collect::<Vec<_>>());
    let mut one = client.follow(FeedQuery {
        from: Some(0),
        customer: Some("C-1".to_owned()),
        kind: Some("interaction.recorded".to_owned()),
        ..FeedQuery::default()
    });
    assert_eq!(caught_up(&mut one).await, [(start - 1, "interaction.recorded".to_owned())]);
    let mut fresh = client.follow(FeedQuery::default());
    assert_eq!(caught_up(&mut fresh).await, []);
    let next = record(client, vec![note("C-2", "b"), note("C-1", "c")]).await.0;
    for follower in [&mut all, &mut fresh] {
        assert_eq!(next_event(follower).await.0, next - 2);
        assert_eq!(next_event(follower).await.0, next - 1);
    }
    assert_eq!(next_event(&mut one).await.0, next - 1);
}

#[tokio::test]
async fn a_feed_goes_on_after_the_last_event_that_was_had() {
    let place = open();
    record(&place.client, vec![register("C-1"), note("C-1", "a"), note("C-1", "b")]).await;
    let feed = |last: &str| {
        Request::get("/v1/feed?from=0").header("last-event-id", last).body(Body::empty()).unwrap()
    };
    let problem = call(&place.router, feed("soon")).await;
    assert_eq!((problem.status, problem.body["field"].as_str()), (400, Some("last-event-id")));
    use futures_util::StreamExt;
    use tower::ServiceExt;
    let end = place.ledger.reader().head().next.0;
    let response = place.router.clone().oneshot(feed(&(end - 2).to_string())).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let mut text = String::new();
    while !text.contains("data: ") {
        let part = tokio::time::timeout(Duration::from_secs(20), body.next()).await;
        text.push_str(std::str::from_utf8(&part.unwrap().unwrap().unwrap()).unwrap());
    }
    assert!(text.starts_with("retry: 1000\n\n"), "{text}");
    assert!(text.contains(&format!("id: {}\nevent: interaction.recorded\ndata: {{", end - 1)));
    assert_eq!(text.matches("data: ").count(), 1, "{text}");
}

/// Nobody reads, and the log goes on all the same; then everything is there, once and in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stands_still_holds_nobody_up() {
    let place = open();
    let running = Running::over(&place.ledger);
    let client = running.client();
    let from = record(&client, vec![register("C-1"), note("C-1", "first")]).await.0;
    let mut slow = client.follow(FeedQuery { from: Some(from), ..FeedQuery::default() });
    assert_eq!(caught_up(&mut slow).await, []);
    let (text, mut last) = ("x".repeat(2000), Position(from));
    for _ in 0..10 {
        last = record(&client, (0..300).map(|_| note("C-1", &text)).collect()).await;
    }
    assert_eq!(last.0, from + 3000);
    for position in from..last.0 {
        assert_eq!(next_event(&mut slow).await.0, position);
    }
    running.stop().await;
}

struct Running {
    address: std::net::SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn over(ledger: &Ledger) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server {
            router: router(App::new(ledger.clone(), Arc::new(ledger::Fixed))),
            limits: Limits::default(),
            grace: Grace { calls: Duration::from_secs(5), streams: Duration::from_secs(5) },
            watch: Arc::new(Watch::over(ledger.clone(), None)),
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let doors = vec![Door::Tcp(listener, Token::new(TOKEN))];
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            assert_eq!(serve(doors, server, stopped).await.unwrap().cut, 0);
        });
        Running { address, stop, task }
    }

    fn client(&self) -> Client {
        Client::over(Transport::tcp(self.address, TOKEN).unwrap(), "U-01")
    }

    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_feeds() {
    let place = open();
    let running = Running::over(&place.ledger);
    let mut follower = running.client().follow(FeedQuery::default());
    assert_eq!(caught_up(&mut follower).await, []);
    let started = Instant::now();
    running.stop().await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    let gone = tokio::time::timeout(Duration::from_secs(30), follower.next()).await.unwrap();
    assert!(matches!(gone, Err(ClientError::Transport(_))), "{gone:?}");
}

#[tokio::test]
async fn a_consumer_gets_everything_until_it_has_acknowledged_it() {
    let place = open();
    let client = &place.client;
    let filter =
        ConsumerCall { kind: Some("interaction.recorded".to_owned()), ..Default::default() };
    let made = client.create_consumer("crm", &filter).await.unwrap();
    assert_eq!((made.next, made.kind.as_deref()), (Position(0), Some("interaction.recorded")));
    let end = record(client, vec![register("C-1"), note("C-1", "a"), note("C-1", "b")]).await;
    let consumer = || FeedQuery { consumer: Some("crm".to_owned()), ..FeedQuery::default() };
    let heard = caught_up(&mut client.follow(consumer())).await;
    assert_eq!(heard.len(), 2);
    // Nothing was acknowledged: it comes again.
    assert_eq!(caught_up(&mut client.follow(consumer())).await, heard);
    let moved = client.acknowledge("crm", Position(heard[0].0)).await.unwrap();
    assert_eq!((moved.next.0, moved.behind), (heard[0].0 + 1, 1));
    assert_eq!(caught_up(&mut client.follow(consumer())).await, heard[1..]);
    for (refused, code) in [
        (client.acknowledge("crm", end).await, "position_ahead"),
        (client.acknowledge("crm", Position(0)).await, "consumer_further"),
        (client.acknowledge("erp", Position(0)).await, "consumer_unknown"),
        (client.create_consumer("crm", &ConsumerCall::default()).await, "consumer_differs"),
        (client.create_consumer("../x", &ConsumerCall::default()).await, "consumer_name_unfit"),
    ] {
        let refused = refused.unwrap_err();
        assert!(matches!(&refused, ClientError::Problem(told) if told.code == code), "{refused:?}");
    }
    client.set_consumer("crm", Position(0)).await.unwrap();
    assert_eq!(caught_up(&mut client.follow(consumer())).await, heard);
    assert_eq!(client.consumers().await.unwrap().consumers.len(), 1);
    client.remove_consumer("crm").await.unwrap();
    assert!(client.consumer("crm").await.is_err());
}

#[tokio::test]
async fn a_read_waits_for_the_position_it_names() {
    let place = open();
    let end = place.ledger.reader().head().next;
    let get = |path: String| Request::get(path).body(Body::empty()).unwrap();
    let path = format!("/v1/events?at_least={}&wait_seconds=20&limit=1&order=desc", end.0 + 1);
    let (answer, _) = tokio::join!(call(&place.router, get(path)), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        record(&place.client, vec![register("C-1")]).await
    });
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body["events"][0]["position"].as_u64().unwrap() >= end.0);
    let path = format!("/v1/book?at_least={}&wait_seconds=0", end.0 + 9);
    let late = call(&place.router, get(path)).await;
    assert_eq!((late.status, late.body["code"].as_str()), (409, Some("position_not_reached")));
    assert_eq!(late.header("retry-after"), "1");
    for (query, field) in [
        ("at_least=soon", "at_least"),
        ("at_least=1&at_least=1", "at_least"),
        ("wait_seconds=26", "wait_seconds"),
        ("at_least=1&x=1", "x"),
    ] {
        let refused = call(&place.router, get(format!("/v1/book?{query}"))).await;
        assert_eq!((refused.status, refused.body["field"].as_str()), (400, Some(field)));
    }
    let client = place.client.clone().at_least(end.next());
    assert!(client.book().await.unwrap().position >= end.next());
}
