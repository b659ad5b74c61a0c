//! A small program for tests of what happens to registrations: everything made through the API, as its users would.

use openprm::{
    auth::Role,
    kernel::{
        Time,
        ids::{Id as _, PartnerId},
    },
    partners::{self, ImportedPartner, NewPartner, PartnerStatus},
};
use serde_json::{Value, json};

use crate::support::{Client, World};

/// A small program: two product lines, two territories, and partners that may sell in them.
pub struct Program<'w> {
    pub world: &'w World,
    pub edge: String,
    pub dach: String,
}

impl<'w> Program<'w> {
    pub async fn new(world: &'w World) -> Self {
        let admin = world.vendor(Role::Admin);
        let mut ids = Vec::new();
        for (path, body) in [
            ("/v1/products", json!({"code": "EDGE", "name": "Edge", "kind": "line"})),
            (
                "/v1/territories",
                json!({"code": "DACH", "name": "DACH", "kind": "region"}),
            ),
        ] {
            ids.push(
                admin.post(path, body).await.expect(201)["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        let (edge, dach) = (ids[0].clone(), ids[1].clone());
        for (path, body) in [
            (
                "/v1/products",
                json!({"code": "EDGE-FW", "name": "Edge Firewall", "kind": "product", "parent_id": edge}),
            ),
            (
                "/v1/products",
                json!({"code": "EDGE-SW", "name": "Edge Switch", "kind": "product", "parent_id": edge}),
            ),
            (
                "/v1/territories",
                json!({"code": "DE", "name": "Germany", "kind": "country", "parent_id": dach}),
            ),
            (
                "/v1/territories",
                json!({"code": "AT", "name": "Austria", "kind": "country", "parent_id": dach}),
            ),
        ] {
            admin.post(path, body).await.expect(201);
        }
        Self { world, edge, dach }
    }

    /// An active partner that may sell everything everywhere.
    pub fn partner(&self, name: &str) -> PartnerId {
        let id = PartnerId::at(self.world.now());
        let manager = self.world.user("vendor", "manager");
        let profile: NewPartner = serde_json::from_value(
            json!({"legal_name": name, "default_currency": "EUR", "time_zone": "Europe/Berlin"}),
        )
        .unwrap();
        let since: Time = "2026-01-01T00:00:00Z".parse().unwrap();
        let (edge, dach) = (self.edge.clone(), self.dach.clone());
        self.world.sql(move |tx| {
            let profile = profile.clone();
            partners::insert_imported(
                tx,
                &ImportedPartner { id, status: PartnerStatus::Active, since, account_manager: Some(manager), legacy: false, profile },
            )?;
            let sql = format!(
                "INSERT INTO product_authorisations (id, partner_id, product_id, territory_id, starts_on, granted_by, revision, created_at, updated_at) \
                 VALUES ('pauth_{}', '{id}', '{edge}', '{dach}', '2026-01-01', 'test', 1, 1, 1)",
                id.to_string().trim_start_matches("partner_")
            );
            use diesel::RunQueryDsl as _;
            diesel::sql_query(&sql).execute(tx.conn()).map(drop).map_err(openprm::error::Error::from)
        });
        id
    }

    pub fn sales(&self, partner: PartnerId) -> Client<'w> {
        self.world.partner_user(partner, Role::PartnerSales)
    }
}

/// A registration that lacks nothing.
pub fn complete() -> Value {
    json!({
        "title": "Acme: firewalls for 40 branches",
        "customer": {"name": "Acme GmbH", "website": "https://www.acme-werkzeug.de", "street": "Hauptstraße 5", "city": "Stuttgart", "country": "DE"},
        "territory": "DE",
        "lines": [{"product": "EDGE-FW", "quantity": 40}],
        "amount": {"amount": "48000.00", "currency": "EUR"},
        "expected_close_on": "2027-03-31"
    })
}

pub fn with(changes: Value) -> Value {
    let mut body = complete();
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub fn path(deal: &Value, rest: &str) -> String {
    format!("/v1/deals/{}{rest}", deal["id"].as_str().unwrap())
}

pub async fn submitted(client: &Client<'_>, body: Value) -> Value {
    let draft = client.post("/v1/deals", body).await.expect(201);
    client.post(&path(&draft, "/submit"), json!({})).await.expect(200)
}

/// A registration that was approved as it was asked for.
pub async fn approved(world: &World, client: &Client<'_>, body: Value) -> Value {
    let deal = submitted(client, body).await;
    let approver = world.vendor(Role::Approver);
    approver.post(&path(&deal, "/approve"), json!({})).await.expect(200)
}

/// Every event that reaches the partner, as it reads it, as one text.
pub fn heard(world: &World, partner: PartnerId) -> String {
    use openprm::events::{
        feed::{Reading, Wanted, after},
        queries::last_position,
    };
    world.sequence();
    let told = world.sql(move |tx| {
        let last = last_position(tx)?.unwrap_or(0);
        after(
            tx,
            &Reading::granted(Some(partner), None),
            &Wanted::default(),
            (0, last),
            10_000,
        )
    });
    told.events
        .iter()
        .map(|(_, event)| serde_json::to_string(event).unwrap() + "\n")
        .collect()
}

/// Every event of that type, as one text.
pub fn told_of(world: &World, resource: &'static str) -> String {
    use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
    use openprm::schema::events;
    type Told = (String, String, Option<String>, Option<String>);
    let told: Vec<Told> = world.sql(move |tx| {
        events::table
            .filter(events::resource_type.eq(resource))
            .order(events::seq)
            .select((events::event_type, events::audience, events::data, events::previous))
            .load(tx.conn())
            .map_err(openprm::error::Error::from)
    });
    format!("{told:?}")
}

/// What must always hold, asked of the data itself.
pub fn sound(world: &World) {
    let broken: Vec<_> = world
        .sql(openprm::verify::findings)
        .into_iter()
        .filter(|finding| finding.count > 0)
        .collect();
    assert!(broken.is_empty(), "{broken:?}");
}

pub fn guards(problem: &Value) -> Vec<&str> {
    assert_eq!(problem["code"], "guard_failed", "{problem}");
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect()
}
