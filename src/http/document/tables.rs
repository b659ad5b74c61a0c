//! The contract as tables of plain text, for reviewers: a change of what may be called, by whom and with which errors is
//! one changed line.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tree::{self, Object};

/// One line an operation: method, path, id, tag, idempotency and weight.
#[must_use]
pub fn operations_txt(doc: &Value) -> String {
    let rows = tree::operations(doc).into_iter().map(|one| {
        let tag = tree::list(one.body, "tags")
            .first()
            .and_then(Value::as_str)
            .unwrap_or("-");
        let weight = one
            .body
            .get("x-rate-weight")
            .map_or_else(|| "-".to_owned(), Value::to_string);
        vec![
            one.method.to_uppercase(),
            one.path.to_owned(),
            one.id().to_owned(),
            tag.to_owned(),
            format!("idempotency {}", or_dash(tree::text(one.body, "x-idempotency"))),
            format!("weight {weight}"),
        ]
    });
    aligned(rows.collect())
}

/// One line an operation (its scope and roles), then one line a role (how many operations it may call, and which).
#[must_use]
pub fn permissions_txt(doc: &Value) -> String {
    let mut by_role: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut rows = Vec::new();
    let mut operations = tree::operations(doc);
    operations.sort_by_key(tree::Operation::id);
    for one in operations {
        let roles: Vec<&str> = tree::list(one.body, "x-roles")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for role in &roles {
            by_role.entry((*role).to_owned()).or_default().push(one.id());
        }
        let who = match one.body.get("x-public") {
            None => "no rule".to_owned(),
            Some(public) if *public == json!(true) => "public".to_owned(),
            Some(_) if roles.is_empty() => "anyone signed in".to_owned(),
            Some(_) => roles.join(" "),
        };
        rows.push(vec![
            one.id().to_owned(),
            or_dash(tree::text(one.body, "x-scope")).to_owned(),
            who,
        ]);
    }
    let roles = by_role
        .into_iter()
        .map(|(role, may)| vec![role, may.len().to_string(), may.join(" ")]);
    [aligned(rows), aligned(roles.collect())].join("\n")
}

/// One line a code: its status, its title and the operations that can answer with it.
#[must_use]
pub fn errors_txt(doc: &Value) -> String {
    let Some(catalogue) = doc.get("x-errors").and_then(Value::as_object) else {
        return String::new();
    };
    let operations = tree::operations(doc);
    let row = |(code, about): (&String, &Value)| {
        let answers = |one: &&tree::Operation<'_>| tree::list(one.body, "x-errors").contains(&json!(code));
        let found: Vec<&str> = operations.iter().filter(answers).map(tree::Operation::id).collect();
        let whose = match found.len() {
            0 => "no operation".to_owned(),
            all if all == operations.len() => "every operation".to_owned(),
            many if many > 8 => format!("{many} operations"),
            _ => found.join(" "),
        };
        let nothing = Object::new();
        let about = about.as_object().unwrap_or(&nothing);
        let status = about.get("status").map(Value::to_string).unwrap_or_default();
        vec![code.clone(), status, tree::text(about, "title").to_owned(), whose]
    };
    let mut rows: Vec<Vec<String>> = catalogue.iter().map(row).collect();
    rows.sort();
    aligned(rows)
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// Columns under each other, two spaces apart.
fn aligned(rows: Vec<Vec<String>>) -> String {
    let mut widths = Vec::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let length = cell.chars().count();
            match widths.get_mut(column) {
                Some(width) => *width = length.max(*width),
                None => widths.push(length),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_has_one_line_a_thing() {
        let doc = json!({
            "x-errors": {"internal": {"status": 500, "title": "Failed"}, "unused": {"status": 409, "title": "Never"}},
            "paths": {
                "/v1/me": {"get": {"operationId": "getMe", "tags": ["Authentication"], "x-public": false, "x-scope": null, "x-roles": [], "x-rate-weight": 1, "x-errors": ["internal"], "x-idempotency": "none"}},
                "/v1/deals": {"post": {"operationId": "createDeal", "tags": ["Deals"], "x-public": false, "x-scope": "deals:write", "x-roles": ["admin", "cam"], "x-rate-weight": 2, "x-errors": ["internal"], "x-idempotency": "required"}},
            },
        });
        assert_eq!(
            operations_txt(&doc),
            "POST  /v1/deals  createDeal  Deals           idempotency required  weight 2\n\
             GET   /v1/me     getMe       Authentication  idempotency none      weight 1\n"
        );
        assert_eq!(
            permissions_txt(&doc),
            "createDeal  deals:write  admin cam\ngetMe       -            anyone signed in\n\nadmin  1  createDeal\ncam    1  createDeal\n"
        );
        assert_eq!(
            errors_txt(&doc),
            "internal  500  Failed  every operation\nunused    409  Never   no operation\n"
        );
    }
}
