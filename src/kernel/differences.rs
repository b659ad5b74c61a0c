//! Where two documents differ, as pointers into them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::{Error, Result};

/// Most differences that are told.
const TOLD: usize = 500;

/// One place in which two documents differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckDifference {
    /// Where in the document, as a JSON pointer.
    #[schema(example = "/verdict", max_length = 500)]
    pub pointer: String,
    /// What the first of the two says there, as JSON; null if nothing.
    #[schema(required = true, example = "\"conflict\"", max_length = 20000)]
    pub before: Option<String>,
    /// What the second says there, as JSON; null if nothing.
    #[schema(required = true, example = "\"clear\"", max_length = 20000)]
    pub after: Option<String>,
}

/// Where two documents differ, the first 500 places: objects by name, lists by place.
///
/// # Errors
/// `internal` if one of them is no JSON.
pub fn differences<T: Serialize>(before: &T, after: &T) -> Result<Vec<CheckDifference>> {
    let json = |document: &T| serde_json::to_value(document).map_err(Error::internal);
    let mut found = Vec::new();
    compare(String::new(), Some(&json(before)?), Some(&json(after)?), &mut found);
    found.truncate(TOLD);
    Ok(found)
}

fn compare(pointer: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<CheckDifference>) {
    match (before, after) {
        (a, b) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                compare(format!("{pointer}/{name}"), a.get(name), b.get(name), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                compare(format!("{pointer}/{index}"), a.get(index), b.get(index), found);
            }
        }
        (a, b) => found.push(CheckDifference {
            pointer,
            before: a.map(ToString::to_string),
            after: b.map(ToString::to_string),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_as_deep_as_it_lies() {
        let before = json!({"a": 1, "list": [1, {"x": true}], "gone": "text"});
        let after = json!({"a": 1, "list": [1, {"x": false}, 3], "new": null});
        let told: Vec<_> = differences(&before, &after)
            .unwrap()
            .into_iter()
            .map(|one| (one.pointer, one.before, one.after))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("/gone".to_owned(), text("\"text\""), None),
                ("/list/1/x".to_owned(), text("true"), text("false")),
                ("/list/2".to_owned(), None, text("3")),
                ("/new".to_owned(), None, text("null")),
            ]
        );
        assert_eq!(differences(&before, &before).unwrap(), []);
    }
}
