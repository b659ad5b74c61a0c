//! Narrowed replies: `fields=id,title` answers a record, or each row of a page, with those fields alone.
//!
//! A narrowed record is of another type than the whole one, whose fields are all there. So it has a media type of its own:
//! whoever reads the contract finds the whole record under `application/json`, as ever, and typed clients stay right.

use serde_json::{Value, json};

use super::tree::{self, Object};

/// The media type of narrowed replies.
pub const MEDIA: &str = "application/vnd.openprm.narrowed+json";

const RECORD: &str = "#/components/schemas/NarrowedRecord";
const PAGE: &str = "#/components/schemas/NarrowedPage";

/// Offers `fields` wherever a record, or a page of records, is read.
pub(super) fn offer(doc: &mut Value) {
    let (mut page, mut offered) = (None, false);
    tree::each_operation(doc, |_, method, operation, doc| {
        if method != "get" {
            return;
        }
        let Some(schema) = whole(operation) else { return };
        let schema = schema.clone();
        let pages = tree::follow(doc, &schema).pointer("/properties/next_cursor").is_some();
        let rows = tree::follow(doc, &schema).pointer("/properties/data/items").cloned();
        let rows = rows.filter(|_| pages);
        let row = rows.as_ref().unwrap_or(&schema);
        let names = names(doc, row);
        // What has neither id nor revision is no record.
        if !names.iter().any(|name| name == "id") {
            return;
        }
        offered = true;
        let target = match rows {
            Some(_) => {
                page.get_or_insert_with(|| tree::follow(doc, &schema).clone());
                PAGE
            }
            None => RECORD,
        };
        if let Some(Value::Object(content)) = operation
            .get_mut("responses")
            .and_then(|responses| responses.pointer_mut("/200/content"))
        {
            content.insert(MEDIA.to_owned(), json!({"schema": {"$ref": target}}));
        }
        let most = names.len();
        let parameter = json!({
            "name": "fields",
            "in": "query",
            "required": false,
            "description": format!("Answers these fields alone, as `{MEDIA}`; all of them if left out. What `expand` embeds stays."),
            "style": "form",
            "explode": false,
            "schema": {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1, "maxItems": most, "uniqueItems": true},
        });
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(parameter);
        }
    });
    if offered {
        publish(doc, page);
    }
}

fn whole(operation: &Object) -> Option<&Value> {
    operation
        .get("responses")?
        .pointer("/200/content")?
        .get("application/json")?
        .get("schema")
}

/// The fields of a schema, those of its parts included.
fn names(doc: &Value, schema: &Value) -> Vec<String> {
    let schema = tree::follow(doc, schema);
    let own = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let mut names: Vec<String> = own.map(|(name, _)| name.clone()).collect();
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        names.extend(self::names(doc, part));
    }
    names.sort();
    names.dedup();
    names.retain(|name| name != "expanded");
    names
}

/// The schemas of narrowed replies; a page is what pages are, but for its rows.
fn publish(doc: &mut Value, mut page: Option<Value>) {
    if let Some(page) = page.as_mut().and_then(Value::as_object_mut) {
        page.insert(
            "description".to_owned(),
            json!("A page whose rows have only the fields that were asked for."),
        );
        for key in ["example", "examples", "title"] {
            page.remove(key);
        }
        if let Some(rows) = page
            .get_mut("properties")
            .and_then(|properties| properties.get_mut("data"))
        {
            *rows = json!({"type": "array", "description": "The rows.", "items": {"$ref": RECORD}, "maxItems": 200});
        }
    }
    let record = json!({
        "type": "object",
        "description": "A record with only the fields that were asked for, each as in the whole record.",
        "additionalProperties": {"description": "A field of the record."},
        "propertyNames": {"maxLength": 64, "pattern": "^[a-z][a-z0-9_]*$"},
        "maxProperties": 100,
        "examples": [{"revision": 1, "updated_at": "2026-11-21T09:30:00.000000Z"}],
    });
    tree::with_components(doc, "schemas", |schemas| {
        if let Some(page) = page {
            schemas.insert(tree::tail(PAGE).to_owned(), page);
        }
        schemas.insert(tree::tail(RECORD).to_owned(), record);
    });
}
