//! Forms: the schema that a caller gets is sound, holds what the caller may write and nothing else, and what fits it is taken.

mod custom;
mod locks;
mod shape;
mod submission;
mod vendor;

use serde_json::{Value, json};

use crate::{program::Program, support::Client};

const RESOURCES: [&str; 10] = [
    "deals",
    "partners",
    "people",
    "customer-accounts",
    "direct-opportunities",
    "named-accounts",
    "installed-base",
    "products",
    "territories",
    "programs",
];

async fn form(client: &Client<'_>, rest: &str) -> Value {
    client.get(&format!("/v1/schema/{rest}")).await.expect(200)
}

async fn form_of(client: &Client<'_>) -> Value {
    form(client, "deals").await
}

/// A record that the vendor's people make by a form.
struct Entry {
    /// Its type, as in its address.
    resource: &'static str,
    /// What it needs, and nothing else.
    least: Value,
    /// What else it can have, and what must differ from the first one.
    more: Value,
    /// What can be changed of it.
    change: Value,
    /// What stays as it was made, if anything does.
    fixed: Option<&'static str>,
    /// What it is called, then a field, then a word of it: each by its name, in English and in German.
    labels: [[&'static str; 3]; 3],
}

impl Entry {
    fn with(&self, changes: &Value) -> Value {
        let mut body = self.least.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }
}

/// Records of every type that the vendor's people alone make by a form.
async fn entries(program: &Program<'_>, ops: &Client<'_>) -> Vec<Entry> {
    let body = json!({"name": "Harbour Authority"});
    let account = ops.post("/v1/customer-accounts", body).await.expect(201)["id"].clone();
    let scope = json!({"product_id": program.edge, "territory_id": program.dach});
    let scoped = |mut more: Value| {
        more["product_id"] = scope["product_id"].clone();
        more["territory_id"] = scope["territory_id"].clone();
        more
    };
    vec![
        Entry {
            resource: "direct-opportunities",
            least: json!({"account_id": account, "title": "Edge for the Berlin plant"}),
            more: scoped(json!({
                "deal_type": "expansion", "status": "open", "stage": "Proposal", "owner_name": "Jane Doe",
                "amount": {"amount": "48000.00", "currency": "EUR"}, "expected_close_on": "2027-03-31",
                "opened_at": "2026-10-01T08:00:00Z", "external_refs": [{"system": "crm", "id": "0061"}],
            })),
            change: json!({"status": "won", "amount": null}),
            fixed: Some("opened_at"),
            labels: [
                ["", "Own opportunity", "Eigenes Projekt"],
                ["deal_type", "Kind of business", "Geschäftsart"],
                ["renewal", "Renewal", "Verlängerung"],
            ],
        },
        Entry {
            resource: "named-accounts",
            least: json!({"account_id": account}),
            more: scoped(json!({"reason": "Framework contract", "starts_on": "2026-10-01", "ends_on": "2027-10-01"})),
            change: json!({"ends_on": null}),
            fixed: None,
            labels: [
                ["", "Named account", "Hauskunde"],
                ["reason", "Reason", "Grund"],
                ["", "", ""],
            ],
        },
        Entry {
            resource: "installed-base",
            least: json!({"account_id": account, "product_id": program.edge}),
            more: scoped(json!({"quantity": 25, "since_on": "2025-10-01", "partner_id": program.partner("Ostwind")})),
            change: json!({"quantity": 30, "partner_id": null}),
            fixed: None,
            labels: [
                ["", "Installed product", "Bestandsprodukt"],
                ["partner_id", "Sold by", "Verkauft von"],
                ["", "", ""],
            ],
        },
        Entry {
            resource: "products",
            least: json!({"code": "CLOUD", "name": "Cloud", "kind": "line"}),
            more: json!({
                "code": "EDGE-AP", "name": "Edge Access Point", "kind": "product", "parent_id": program.edge,
                "description": "Indoors.", "list_price": {"amount": "199.00", "currency": "EUR"},
            }),
            change: json!({"status": "retired", "list_price": null}),
            fixed: Some("kind"),
            labels: [
                ["", "Product", "Produkt"],
                ["kind", "Kind", "Art"],
                ["line", "Product line", "Produktlinie"],
            ],
        },
        Entry {
            resource: "territories",
            least: json!({"code": "CH", "name": "Switzerland", "kind": "country"}),
            more: json!({"code": "LI", "name": "Liechtenstein", "parent_id": program.dach}),
            change: json!({"name": "Principality of Liechtenstein", "status": "retired"}),
            fixed: Some("code"),
            labels: [
                ["", "Territory", "Gebiet"],
                ["parent_id", "Lies in", "Liegt in"],
                ["country", "Country", "Land"],
            ],
        },
        Entry {
            resource: "programs",
            least: json!({"code": "RESELL", "name": "Reseller program"}),
            more: json!({
                "code": "MSP", "name": "Managed services", "description": "For those who operate.",
                "distributor_sees_resellers": true,
            }),
            change: json!({"name": "Managed services program", "description": null}),
            fixed: Some("code"),
            labels: [
                ["", "Program", "Programm"],
                [
                    "distributor_sees_resellers",
                    "Distributors see their resellers' records",
                    "Distributoren sehen die Daten ihrer Wiederverkäufer",
                ],
                ["", "", ""],
            ],
        },
    ]
}

/// Checks that a value fits a schema, formats included.
fn fits(schema: &Value, value: &Value) -> bool {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error}"));
    validator.is_valid(value)
}

fn locked(schema: &Value) -> Vec<&str> {
    let properties = schema["properties"].as_object().unwrap();
    properties
        .iter()
        .filter(|(_, one)| one["readOnly"] == true)
        .map(|(name, _)| name.as_str())
        .collect()
}
