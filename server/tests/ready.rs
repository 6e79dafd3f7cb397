//! A server says that it is ready once its views have caught up with the log, and answers before.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "support/mod.rs"]
mod support;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use daybook_server::serve::{CatchUp, Door, Grace, Limits, Server, Token, Watch, serve};
use daybook_server::{App, router};
use serde_json::{Value, json};
use support::{Place, register};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn get(address: SocketAddr, path: &str) -> (u16, Value) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let call = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\
         x-daybook-actor: U-01\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn a_server_is_ready_once_its_views_have_caught_up() {
    let place = Place::founded(1);
    place.take(json!([[register("ACME", "Acme")]])).await;
    let app = App::new(place.ledger.clone(), Arc::clone(&place.clock) as _);
    let views = Arc::new(CatchUp::of(&app));
    let server = Server {
        router: router(app),
        limits: Limits::default(),
        grace: Grace { calls: Duration::from_secs(5), streams: Duration::ZERO },
        watch: Arc::new(Watch::over(place.ledger.clone(), None).keeping(Arc::clone(&views))),
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let doors = vec![Door::Tcp(listener, Token::new(TOKEN))];
    let served = tokio::spawn(serve(doors, server, async { drop(stopped.await) }));

    let (status, said) = get(address, "/readyz").await;
    assert_eq!((status, &said["reasons"]), (503, &json!(["views_behind"])), "{said}");
    assert_eq!(said["ready"], json!(false));
    // Alive it is, and it answers.
    assert_eq!(get(address, "/v1/customers").await.0, 200);

    tokio::task::spawn_blocking(move || views.run()).await.unwrap();
    let (status, said) = get(address, "/readyz").await;
    assert_eq!((status, &said["ready"]), (200, &json!(true)), "{said}");
    drop(stop);
    served.await.unwrap().unwrap();
}
