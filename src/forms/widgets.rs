//! How values are entered: the widgets that forms are made of. Pure.

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// How a value of a named type is entered, where the type tells.
pub fn of_type(name: &str) -> Option<&'static str> {
    match name {
        "Money" => Some("money"),
        "Country" => Some("country"),
        "Currency" => Some("currency"),
        "TimeZone" => Some("time-zone"),
        "Date" => Some("date"),
        "Time" => Some("date-time"),
        _ => None,
    }
}

/// How a value is entered, as far as its schema tells.
pub fn of(schema: &Object, name: &str) -> &'static str {
    let is = |kind: &str| match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    };
    let item = |key: &str| schema.get("items").and_then(|items| items.get(key));
    if schema.contains_key("oneOf") {
        return "select";
    }
    if is("array") {
        return if item("properties").is_some() {
            "rows"
        } else if item("oneOf").is_some() || item("x-choices").is_some() {
            "multi-select"
        } else {
            "words"
        };
    }
    if is("object") {
        return "fields";
    }
    if is("boolean") {
        return "checkbox";
    }
    if is("integer") || is("number") {
        return "number";
    }
    let longest = schema.get("maxLength").and_then(Value::as_u64).unwrap_or(0);
    match name {
        "email" => "email",
        "phone" => "tel",
        "website" => "url",
        _ if longest > 500 => "textarea",
        _ => "text",
    }
}
