//! Exports: every list in two further forms, with all its rows.

use serde_json::{Value, json};

use super::bounds;
use super::tree::{self, Object};
use crate::http::export::{Columns, Form, csv};

const LINES: &str = "#/components/schemas/ExportedLines";
const TABLE: &str = "#/components/schemas/ExportedTable";
/// A bound for generators that want one: nothing ends there.
const LONGEST: i32 = i32::MAX;

const ABOUT_LINES: &str = "All rows of the list from `cursor` on, each a line of JSON (NDJSON), as they stand in `data` of the \
    list: with the same filters and order, the same `fields` and `expand`, and what the caller may see of them. With `limit` it is \
    that one page, and `Link` leads to the next. A body without the end of its chunks (HTTP/1.1) broke off: ask again.";

const ABOUT_TABLE: &str = "All rows of the list as CSV (RFC 4180, UTF-8), otherwise as `application/x-ndjson` has them. The first \
    line names the columns: those of `fields`, in their order, or all in the order of the row's schema. Fields within objects \
    have dotted names (`amount.currency`), custom fields are `custom.<name>`; lists, maps and what `expand` embeds are JSON text; \
    null is an empty cell. A text that begins with `=`, `+`, `-`, `@`, a tab or a line break, or with the full-width form of one, \
    stands behind an apostrophe, so that no spreadsheet takes it for a formula; plain numbers stay as they are. So does such a \
    sign within a text behind a semicolon, a tab or a line break, where some spreadsheets begin another cell. Where every \
    character counts, take `application/x-ndjson`.";

/// Offers both forms wherever a page of records is read, each with an example out of that of the page.
pub(super) fn offer(doc: &mut Value) {
    let mut offered = false;
    tree::each_operation(doc, |_, method, operation, doc| {
        let Some(Value::Object(content)) = operation
            .get_mut("responses")
            .and_then(|responses| responses.pointer_mut("/200/content"))
            .filter(|_| method == "get")
        else {
            return;
        };
        let Some(media) = content.get(Form::Json.media()) else {
            return;
        };
        let Some(schema) = media.get("schema") else { return };
        if tree::follow(doc, schema).pointer("/properties/next_cursor").is_none() {
            return;
        }
        let Some(columns) = Columns::of(doc, schema) else {
            return;
        };
        let row = media.pointer("/example/data/0").cloned().unwrap_or_default();
        let (lines, table) = (format!("{row}\n"), table(&columns, &row));
        offered = true;
        for (form, schema, example) in [(Form::Lines, LINES, lines), (Form::Table, TABLE, table)] {
            let media = json!({"schema": {"$ref": schema}, "example": example});
            content.insert(form.media().to_owned(), media);
        }
    });
    if offered {
        tree::with_components(doc, "schemas", |schemas| {
            for (name, about) in [(LINES, ABOUT_LINES), (TABLE, ABOUT_TABLE)] {
                let schema =
                    json!({"type": "string", "description": about, "maxLength": LONGEST, "pattern": bounds::LINES});
                schemas.insert(tree::tail(name).to_owned(), schema);
            }
        });
    }
}

/// Whether the response has these forms.
pub(super) fn is_offered(response: &Object) -> bool {
    let content = response.get("content");
    let has = |form: Form| content.is_some_and(|content| content.get(form.media()).is_some());
    has(Form::Json) && has(Form::Table)
}

/// Whether the operation answers in these forms.
pub(super) fn offers(operation: &Object) -> bool {
    let response = operation.get("responses").and_then(|all| all.get("200"));
    response.and_then(Value::as_object).is_some_and(is_offered)
}

/// The table of one row.
fn table(columns: &Columns, row: &Value) -> String {
    let custom = row.get("custom").and_then(Value::as_object);
    let custom: Option<Vec<String>> = custom.map(|custom| custom.keys().cloned().collect());
    let columns = columns.asked(None, false, custom.as_deref());
    let bytes = csv([columns.names(), columns.line(row)]).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_in_two_further_forms_and_a_record_does_not() {
        let reply = |name: &str| json!({"responses": {"200": {"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}}}});
        let mut doc = json!({
            "paths": {"/v1/deals": {"get": reply("DealPage")}, "/v1/deals/{id}": {"get": reply("Deal")}},
            "components": {"schemas": {
                "Deal": {"properties": {"id": {"type": "string"}, "custom": {"$ref": "#/components/schemas/CustomFields"}}},
                "DealPage": {"properties": {"data": {"items": {"$ref": "#/components/schemas/Deal"}}, "next_cursor": {}}},
                "CustomFields": {"type": "object"},
            }},
        });
        let example = json!({"data": [{"id": "=a", "custom": {"region": "x"}}]});
        doc["paths"]["/v1/deals"]["get"]["responses"]["200"]["content"]["application/json"]["example"] = example;
        offer(&mut doc);
        let list = doc["paths"]["/v1/deals"]["get"].as_object().unwrap();
        let record = doc["paths"]["/v1/deals/{id}"]["get"].as_object().unwrap();
        assert!(offers(list) && !offers(record));
        let content = &list["responses"]["200"]["content"];
        assert_eq!(content["application/x-ndjson"]["schema"]["$ref"], LINES);
        assert_eq!(content["text/csv"]["example"], "custom.region,id\r\nx,'=a\r\n");
        assert!(doc.pointer(TABLE.trim_start_matches('#')).is_some());
    }
}
