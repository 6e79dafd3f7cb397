//! Requests as callers write them. What cannot be read is told with a pointer to it.

use daybook_core::decide::describe::Said;
use daybook_core::decide::{Command, Request};
use daybook_core::id::{CustomerCode, RequestKey};
use daybook_core::ledger::Unit;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::ApiError;
use crate::api::caller::KEY_HEADER;
use crate::api::extract::unread;
use crate::api::problem::{Code, Told};

/// Reads the units of a call.
pub(super) fn units(units: &[Vec<Value>]) -> Result<Vec<Unit>, ApiError> {
    let unit = |(at, requests): (usize, &Vec<Value>)| {
        let requests = requests.iter().enumerate();
        requests.map(|(index, value)| request(value, &format!("/units/{at}/{index}"))).collect()
    };
    units.iter().enumerate().map(unit).collect()
}

/// Reads one request that stands at a place of the body.
pub(super) fn request(value: &Value, at: &str) -> Result<Request, ApiError> {
    // A name of the list, and not its place there.
    if value.get("command").is_some_and(|command| !command.is_string()) {
        let detail = ("the command is not a name", "命令不是名称");
        return Err(Told::new(Code::FieldUnfit, detail).at(format!("{at}/command")).into());
    }
    Request::deserialize(value).map_err(|error| {
        let told = explain(value, at).unwrap_or_else(|| unread::value(at, &error.to_string()));
        told.into()
    })
}

/// Finds out what is wrong with a request, reading its parts one by one.
fn explain(value: &Value, at: &str) -> Option<Told> {
    let Some(fields) = value.as_object() else {
        let detail = ("the request is not an object", "请求不是对象");
        return Some(Told::new(Code::FieldUnfit, detail).at(at));
    };
    let (mut said, mut content) = (Map::new(), Map::new());
    for (name, value) in fields.iter().filter(|(name, _)| *name != "command") {
        let part = if Said::FIELDS.contains(&name.as_str()) { &mut said } else { &mut content };
        part.insert(name.clone(), value.clone());
    }
    let read: Result<Said, _> = serde_path_to_error::deserialize(Value::Object(said));
    if let Err(error) = read {
        let pointer = at.to_owned() + &unread::pointer(error.path());
        return Some(tell(&pointer, at, &error.into_inner().to_string()));
    }
    let Some(command) = fields.get("command").and_then(Value::as_str) else {
        let detail = ("the request names no command", "请求没有指明命令");
        return Some(Told::new(Code::FieldRequired, detail).at(format!("{at}/command")));
    };
    let named: Map<String, Value> =
        [(command.to_owned(), Value::Object(content))].into_iter().collect();
    let mut track = serde_path_to_error::Track::new();
    let reader = serde_path_to_error::Deserializer::new(Value::Object(named), &mut track);
    let error = Command::read(reader).err()?.to_string();
    let path = unread::pointer(&track.path());
    // The first step is the name of the command.
    let within = path.strip_prefix(&format!("/{command}")).unwrap_or_default();
    if error.starts_with("unknown variant") && within.is_empty() {
        return Some(unread::Unread::of(&error).tell(&format!("{at}/command"), "command"));
    }
    Some(tell(&format!("{at}{within}"), at, &error))
}

fn tell(pointer: &str, at: &str, message: &str) -> Told {
    let name = pointer.strip_prefix(at).unwrap_or(pointer);
    let name = name.trim_start_matches('/').replace('/', ".");
    unread::Unread::of(message).tell(pointer, &name)
}

/// Puts the key of the call's header to its only request.
pub(super) fn put_key(request: &mut Request, key: RequestKey, at: &str) -> Result<(), ApiError> {
    match &request.idempotency_key {
        Some(said) if *said != key => {
            let problem = (
                "the header and the request name different idempotency keys",
                "请求头与请求给出了不同的幂等键",
            );
            let hint = ("send the key once", "幂等键只需给出一次");
            Err(ApiError::malformed(format!("{at}/idempotency_key"), problem, hint))
        }
        _ => {
            request.idempotency_key = Some(key);
            Ok(())
        }
    }
}

/// Tells that one key cannot be that of several requests.
pub(super) fn key_for_several() -> ApiError {
    let problem = (
        "the call holds other than one request, but one idempotency key in its header",
        "调用所含的请求不是恰好一个，而请求头只有一个幂等键",
    );
    let hint = (
        "give each request its own `idempotency_key` in the body",
        "请在请求体中为每个请求给出各自的 `idempotency_key`",
    );
    ApiError::malformed(KEY_HEADER, problem, hint)
}

/// Puts the customer of the path to a request.
pub(super) fn put_customer(request: &mut Request, code: CustomerCode) -> Result<(), ApiError> {
    match &request.customer {
        Some(said) if *said != code => {
            let problem = (
                format!("the request is about {said}, the path about {code}"),
                format!("请求针对 {said}，而路径针对 {code}"),
            );
            let hint = ("leave the customer out of the body", "请从请求体中去掉客户");
            Err(ApiError::malformed("/customer", problem, hint))
        }
        _ => {
            request.customer = Some(code);
            Ok(())
        }
    }
}
