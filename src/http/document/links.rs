//! Links from an answer to the calls that follow from it: from a new record to reading it, from a page to the next.

use serde_json::{Value, json};

use super::tree::{self, Object};
use super::words;

/// Connects each successful reply to the records it names, a record to what hangs below it, and a page to the next.
pub(super) fn connect(doc: &mut Value) {
    let readers = readers(doc);
    tree::each_operation(doc, |path, method, operation, doc| {
        let own = tree::text(operation, "operationId").to_owned();
        let Some(Value::Object(responses)) = operation.get_mut("responses") else {
            return;
        };
        for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
            let Some(response) = response.as_object_mut().filter(|_| method != "delete") else {
                continue;
            };
            let reply = Reply::of(doc, response);
            let mut links = Object::new();
            if reply.is_page() {
                links.insert(
                    "next".into(),
                    link(
                        &own,
                        "query.cursor",
                        "$response.body#/next_cursor",
                        "The next page; pass the same filters.",
                    ),
                );
            }
            for reader in readers.iter().filter(|reader| reader.operation != own) {
                if let Some(from) = reader.id_from(path, &reply) {
                    links.insert(
                        reader.operation.clone(),
                        link(
                            &reader.operation,
                            &format!("path.{}", reader.parameter),
                            &from,
                            &reader.about(),
                        ),
                    );
                }
            }
            if !links.is_empty() {
                response.insert("links".into(), Value::Object(links));
            }
        }
    });
}

/// The fields of a reply and of the first row of a page.
struct Reply<'a> {
    fields: Option<&'a Object>,
    row: Option<&'a Object>,
}

impl<'a> Reply<'a> {
    fn of(doc: &'a Value, response: &Object) -> Self {
        let schema = response
            .get("content")
            .and_then(|content| content.pointer("/application~1json/schema/$ref"))
            .and_then(Value::as_str);
        let fields = |schema: &'a Value| tree::follow(doc, schema).get("properties").and_then(Value::as_object);
        let own = schema.and_then(|name| fields(tree::target(doc, name)?));
        let row = own.and_then(|own| fields(own.get("data")?.get("items")?));
        Self { fields: own, row }
    }

    fn is_page(&self) -> bool {
        self.row.is_some() && self.fields.is_some_and(|fields| fields.contains_key("next_cursor"))
    }
}

/// An operation that reads something by the id of one record, which is all that it needs.
struct Reader {
    operation: String,
    /// `/v1/deals` of `/v1/deals/{id}/comments`.
    collection: String,
    /// `id` of `/v1/deals/{id}/comments`.
    parameter: String,
    /// The schema of the id, such as `#/components/schemas/DealId`.
    id: Option<String>,
    /// Whether it reads the record itself, not something below it.
    whole: bool,
}

impl Reader {
    /// Where the answer of another operation (or its request) holds the id that this one needs.
    fn id_from(&self, path: &str, reply: &Reply<'_>) -> Option<String> {
        let rest = path.strip_prefix(self.collection.as_str());
        let below = rest.and_then(|rest| rest.strip_prefix(&format!("/{{{}}}", self.parameter)));
        match below {
            // The record leads to all that hangs below it, everything else to the record.
            Some(below) if below.is_empty() || self.whole => Some(format!("$request.path.{}", self.parameter)),
            None if self.whole => {
                let same = rest == Some("");
                let row = reply
                    .row
                    .and_then(|row| self.field(row, same))
                    .map(|field| format!("$response.body#/data/0/{field}"));
                row.or_else(|| Some(format!("$response.body#/{}", self.field(reply.fields?, same)?)))
            }
            _ => None,
        }
    }

    /// The field that holds an id of this kind: `id` itself where the reply is of the collection.
    fn field<'a>(&self, fields: &'a Object, same_collection: bool) -> Option<&'a str> {
        let kind = |field: &Value| {
            field
                .get("$ref")
                .and_then(Value::as_str)
                .is_some_and(|kind| Some(kind) == self.id.as_deref())
        };
        let named = fields
            .get("id")
            .filter(|field| same_collection || kind(field))
            .map(|_| "id");
        named.or_else(|| {
            fields
                .iter()
                .find(|(_, field)| kind(field))
                .map(|(name, _)| name.as_str())
        })
    }

    fn about(&self) -> String {
        let thing = self
            .operation
            .strip_prefix("get")
            .or_else(|| self.operation.strip_prefix("list"))
            .unwrap_or(&self.operation);
        let thing = words::sentence(thing);
        if self.whole {
            format!("The {} that is named here.", thing.to_lowercase())
        } else {
            format!("{thing} of this record.")
        }
    }
}

fn link(operation: &str, parameter: &str, from: &str, about: &str) -> Value {
    json!({"operationId": operation, "parameters": {parameter: from}, "description": about})
}

fn readers(doc: &Value) -> Vec<Reader> {
    let mut found = Vec::new();
    for operation in tree::operations(doc).into_iter().filter(|one| one.method == "get") {
        let Some((collection, rest)) = operation.path.split_once("/{") else {
            continue;
        };
        let Some((parameter, below)) = rest.split_once('}').filter(|(_, below)| !below.contains('{')) else {
            continue;
        };
        found.push(Reader {
            operation: operation.id().to_owned(),
            collection: collection.to_owned(),
            parameter: parameter.to_owned(),
            id: operation
                .parameters(doc)
                .into_iter()
                .find(|one| tree::text(one, "in") == "path")
                .and_then(id),
            whole: below.is_empty(),
        });
    }
    found
}

/// The schema that a parameter refers to.
fn id(parameter: &Object) -> Option<String> {
    parameter.get("schema")?.get("$ref")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_record_a_page_and_an_action_lead_to_the_record() {
        let reply = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let mut doc = json!({
            "paths": {
                "/v1/deals": {
                    "get": {"operationId": "listDeals", "responses": {"200": reply("DealPage")}},
                    "post": {"operationId": "createDeal", "responses": {"201": reply("Deal")}},
                },
                "/v1/deals/{id}": {"get": {"operationId": "getDeal", "responses": {"200": reply("Deal")}}},
                "/v1/deals/{id}/comments": {"get": {"operationId": "listDealComments", "responses": {"200": {}}}},
                "/v1/deals/check": {"post": {"operationId": "checkDeal", "responses": {"200": reply("Check")}}},
                "/v1/deals/{id}/approve": {"post": {"operationId": "approveDeal", "responses": {"200": reply("Deal")}}},
            },
            "components": {"schemas": {"Deal": {"properties": {"id": {}}}, "DealPage": {"properties": {"data": {"items": {"$ref": "#/components/schemas/Deal"}}, "next_cursor": {}}}, "Check": {"properties": {"id": {}}}}},
        });
        connect(&mut doc);
        let links =
            |path: &str, method: &str, status: &str| doc["paths"][path][method]["responses"][status]["links"].clone();
        assert_eq!(
            links("/v1/deals", "post", "201")["getDeal"]["parameters"]["path.id"],
            "$response.body#/id"
        );
        assert_eq!(
            links("/v1/deals", "get", "200")["getDeal"]["parameters"]["path.id"],
            "$response.body#/data/0/id"
        );
        assert_eq!(
            links("/v1/deals", "get", "200")["next"]["parameters"]["query.cursor"],
            "$response.body#/next_cursor"
        );
        assert_eq!(
            links("/v1/deals/{id}/approve", "post", "200")["getDeal"]["parameters"]["path.id"],
            "$request.path.id"
        );
        assert_eq!(
            links("/v1/deals/{id}", "get", "200")
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            ["listDealComments"]
        );
        assert_eq!(links("/v1/deals/check", "post", "200"), Value::Null);
    }
}
