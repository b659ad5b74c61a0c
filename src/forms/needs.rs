//! What a record needs before it is sent in, as JSON Schema: what the product asks for, and what the program's policy adds, for
//! every kind of business or for one. Pure.

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// A field that the program's policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// The field's pointer, with `*` for every item of a list.
    pub at: String,
    /// The kind of business that it is asked for; every kind if none.
    pub only: Option<String>,
}

/// The kind of business of a registration that names none.
const USUAL_TYPE: &str = "net_new";

/// What the policy asks for, as conditions of the whole record.
pub fn conditions(needed: &[Needed]) -> Vec<Value> {
    needed
        .iter()
        .map(|one| {
            let path: Vec<&str> = one.at.split('/').filter(|part| !part.is_empty()).collect();
            let then = present(&path);
            match &one.only {
                None => then,
                Some(kind) => {
                    let mut when = json!({"properties": {"deal_type": {"const": kind}}});
                    if kind != USUAL_TYPE
                        && let Some(when) = when.as_object_mut()
                    {
                        when.insert("required".to_owned(), json!(["deal_type"]));
                    }
                    json!({"if": when, "then": then})
                }
            }
        })
        .collect()
}

/// That there is something at the end of a path.
fn present(path: &[&str]) -> Value {
    match path {
        [] => json!({"not": {"type": "null"}, "minItems": 1, "allOf": [{"not": {"const": false}}]}),
        ["*", rest @ ..] => json!({"minItems": 1, "items": present(rest)}),
        [name, rest @ ..] => {
            let mut properties = Object::new();
            properties.insert((*name).to_owned(), present(rest));
            json!({"required": [name], "properties": properties})
        }
    }
}

/// Makes what a submission needs stand there with a value.
pub fn demand(
    root: &mut Object,
    needed: &[String],
    alternatives: Option<(&'static str, &'static [&'static [&'static str]])>,
) {
    let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for pointer in needed {
        let Some(property) = properties
            .get_mut(pointer.trim_start_matches('/'))
            .and_then(Value::as_object_mut)
        else {
            continue;
        };
        refuse_null(property);
        if property.contains_key("items") {
            property.insert("minItems".to_owned(), json!(1));
        }
        if let Some((of, sets)) = alternatives
            && of == pointer
        {
            let sets: Vec<Value> = sets.iter().map(|names| json!({"required": names})).collect();
            property.insert("anyOf".to_owned(), json!(sets));
        }
    }
}

/// Takes null out of what a schema admits.
fn refuse_null(schema: &mut Object) {
    let plain = match schema.get("type") {
        Some(Value::Array(kinds)) => match kinds
            .iter()
            .filter(|kind| **kind != "null")
            .collect::<Vec<_>>()
            .as_slice()
        {
            [only] => Some((*only).clone()),
            several => Some(json!(several)),
        },
        _ => None,
    };
    if let Some(plain) = plain {
        schema.insert("type".to_owned(), plain);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(parts)) = schema.get_mut(key) {
            parts.retain(|part| part.get("type") != Some(&json!("null")) && part.get("const") != Some(&Value::Null));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_for_its_kind_of_business_alone() {
        let needed = |at: &str, only: Option<&str>| Needed {
            at: at.to_owned(),
            only: only.map(str::to_owned),
        };
        let all = conditions(&[
            needed("/next_step", None),
            needed("/lines/*/unit_price", Some("renewal")),
            needed("/customer_consent", Some("net_new")),
        ]);
        let schema = json!({"type": "object", "allOf": all});
        for (body, fits) in [
            (json!({"next_step": "a", "customer_consent": true}), true),
            (json!({"next_step": "a"}), false),
            (json!({"next_step": "a", "customer_consent": false}), false),
            (json!({"next_step": null, "customer_consent": true}), false),
            (json!({"next_step": "a", "deal_type": "expansion"}), true),
            (
                json!({"next_step": "a", "deal_type": "renewal", "lines": [{"unit_price": {}}]}),
                true,
            ),
            (
                json!({"next_step": "a", "deal_type": "renewal", "lines": [{"unit_price": {}}, {}]}),
                false,
            ),
            (json!({"next_step": "a", "deal_type": "renewal", "lines": []}), false),
        ] {
            assert_eq!(jsonschema::is_valid(&schema, &body), fits, "{body}");
        }
    }
}
