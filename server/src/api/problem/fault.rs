//! Where in a request the part stands that a refusal is about, as a JSON pointer (RFC 6901).

use daybook_core::decide::rejection::Fault;
use serde_json::Value;

/// Returns the pointer to what a refusal finds at fault, or nothing when the request does not show
/// it: a value may have been filled in by the ledger.
pub fn pointer_to(fault: &Fault, request: &Value) -> Option<String> {
    match fault {
        Fault::Unsaid => None,
        Fault::Field(name) => Some(format!("/{name}")),
        Fault::Value(value) => find(value, request),
    }
}

fn find(value: &Value, within: &Value) -> Option<String> {
    if value == within {
        return Some(String::new());
    }
    match within {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find(value, item).map(|rest| format!("/{index}{rest}"))),
        Value::Object(members) => members
            .iter()
            .find_map(|(name, member)| find(value, member).map(|rest| step(name) + &rest)),
        _ => None,
    }
}

/// Writes one step of a pointer.
pub(crate) fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let money = json!({ "minor": 60_000, "currency": "CNY" });
        let request = json!({
            "command": "apply_credit",
            "lines": [{ "item": "INV-6" }, { "item": "INV-7", "amount": money, "a/b~": "x" }],
        });
        let found = |value| pointer_to(&Fault::Value(value), &request);
        assert_eq!(found(json!("INV-7")).as_deref(), Some("/lines/1/item"));
        assert_eq!(found(money.clone()).as_deref(), Some("/lines/1/amount"));
        assert_eq!(found(json!("x")).as_deref(), Some("/lines/1/a~1b~0"));
        assert_eq!(found(json!("INV-8")), None);
        let field = pointer_to(&Fault::Field("due_on"), &request);
        assert_eq!(field.as_deref(), Some("/due_on"));
    }
}
