//! What the vendor of the demo program has set up: territories, products, tiers, customers, and its own pipeline.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{
    base::{Cast, partner_id},
    chance::Chance,
    desk::Desk,
    names::{self, Company},
};
use crate::error::{Error, Result};

/// What the story needs to know of the program.
#[derive(Debug, Clone)]
pub struct World {
    /// The customers: their account's id, and who they are.
    pub customers: Vec<(String, Company)>,
    /// Code and price, in whole units, of what is sold.
    pub products: Vec<(&'static str, u64)>,
}

/// Code, name, kind and parent of each territory; parents first.
const TERRITORIES: &[(&str, &str, &str, &str)] = &[
    ("WORLD", "World", "world", ""),
    ("EMEA", "Europe, Middle East and Africa", "region", "WORLD"),
    ("AMER", "Americas", "region", "WORLD"),
    ("APAC", "Asia and Pacific", "region", "WORLD"),
    ("DACH", "Germany, Austria, Switzerland", "region", "EMEA"),
    ("DE", "Germany", "country", "DACH"),
    ("AT", "Austria", "country", "DACH"),
    ("CH", "Switzerland", "country", "DACH"),
    ("FR", "France", "country", "EMEA"),
    ("GB", "United Kingdom", "country", "EMEA"),
    ("SE", "Sweden", "country", "EMEA"),
    ("US", "United States", "country", "AMER"),
    ("US-CO", "Colorado", "subdivision", "US"),
    ("CA", "Canada", "country", "AMER"),
    ("JP", "Japan", "country", "APAC"),
];

/// Code, name, kind, parent and price in whole euros of each product; parents first.
const PRODUCTS: &[(&str, &str, &str, &str, u64)] = &[
    ("EDGE", "Edge Security", "line", "", 0),
    ("EDGE-FW", "Edge Firewall", "product", "EDGE", 1800),
    ("EDGE-VPN", "Edge Remote Access", "product", "EDGE", 240),
    ("CLOUD", "Cloud Protection", "line", "", 0),
    ("CLOUD-BKP", "Cloud Backup", "product", "CLOUD", 90),
    ("CLOUD-MAIL", "Cloud Mail Shield", "product", "CLOUD", 36),
    ("OPS", "Operations", "line", "", 0),
    ("OPS-MON", "Operations Monitor", "product", "OPS", 420),
    ("OPS-LOG", "Operations Log Vault", "product", "OPS", 650),
];

fn id(record: &Value) -> Result<String> {
    record
        .get("id")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Error::internal(format!("a record without an id: {record}")))
}

/// Records by code.
type Ids = std::collections::BTreeMap<&'static str, String>;

/// Sets the program up.
///
/// # Errors
/// What the API refuses.
pub async fn make(desk: &Desk, cast: &Cast) -> Result<World> {
    let mut territories = Ids::new();
    for (code, name, kind, parent) in TERRITORIES {
        let body = json!({"code": code, "name": name, "kind": kind, "parent_id": territories.get(parent)});
        territories.insert(code, id(&desk.post(cast.ops, "/v1/territories", &body).await?)?);
    }
    let mut products = Ids::new();
    for (code, name, kind, parent, price) in PRODUCTS {
        let price = (*price > 0).then(|| json!({"amount": format!("{price}.00"), "currency": "EUR"}));
        let body =
            json!({"code": code, "name": name, "kind": kind, "parent_id": products.get(parent), "list_price": price});
        products.insert(code, id(&desk.post(cast.ops, "/v1/products", &body).await?)?);
    }
    authorise(desk, cast, &territories, &products).await?;
    tiers(desk, cast, &products).await?;
    let mut chance = Chance::new(1);
    let mut customers = Vec::new();
    for company in names::companies(300, &mut chance) {
        let body = json!({
            "name": company.name,
            "website": format!("https://www.{}", company.domain),
            "address": {"street": company.street, "city": company.city, "postal_code": company.postal_code, "country": company.country},
            "territory_id": territories.get(company.country),
        });
        customers.push((
            id(&desk.post(cast.ops, "/v1/customer-accounts", &body).await?)?,
            company,
        ));
    }
    holdings(desk, cast, &customers, &territories, &products, &mut chance).await?;
    let products = PRODUCTS
        .iter()
        .filter(|product| product.4 > 0)
        .map(|product| (product.0, product.4))
        .collect();
    Ok(World { customers, products })
}

/// Every partner may sell every line in its part of the world; the strategic ones everywhere.
async fn authorise(desk: &Desk, cast: &Cast, territories: &Ids, products: &Ids) -> Result<()> {
    for place in 0..names::partners().len() {
        let region = if place < 24 {
            "WORLD"
        } else {
            ["EMEA", "AMER", "APAC"].get(place % 3).copied().unwrap_or("EMEA")
        };
        for line in ["EDGE", "CLOUD", "OPS"] {
            let body = json!({"product_id": products.get(line), "territory_id": territories.get(region), "reason": "Partner agreement."});
            desk.post(
                cast.ops,
                &format!("/v1/partners/{}/authorisations", partner_id(place)),
                &body,
            )
            .await?;
        }
    }
    Ok(())
}

/// What a tier of the demo gives, by its rank.
fn benefits(rank: i64, discount: i64, days: i64, products: &Ids) -> Value {
    let licences = |code: &str, name: &str, product: &str, quantity: i64| {
        json!({"code": code, "name": name, "kind": "internal_use_licences", "product_id": products.get(product),
            "quantity": quantity, "valid_days": 365, "renews": true})
    };
    let mut allowances = vec![licences(
        "nfr-firewall",
        "Firewall licences for own use",
        "EDGE-FW",
        5 * rank,
    )];
    if rank > 1 {
        allowances.push(licences(
            "nfr-backup",
            "Backup licences for own use",
            "CLOUD-BKP",
            25 * (rank - 1),
        ));
        allowances.push(
            json!({"code": "training", "name": "Seats in trainings", "kind": "training_seats", "quantity": 2 * rank}),
        );
    }
    let class = match rank {
        1 => "standard",
        2 => "priority",
        _ => "premium",
    };
    json!({"discount_basis_points": discount, "protection_days": days, "lead_weight": 100 + 50 * (rank - 1),
        "mdf_rate_basis_points": 2500 + 1250 * (rank - 1), "response_class": class, "named_manager": rank > 2,
        "allowances": allowances, "tail_days": 30})
}

/// Specialisations, and who has them; what some of the partners have consumed of their benefits.
async fn honours(desk: &Desk, cast: &Cast, program: &str, products: &Ids) -> Result<()> {
    for (number, (code, name, line)) in [
        ("EDGE-EXPERT", "Edge security expert", "EDGE"),
        ("CLOUD-EXPERT", "Cloud protection expert", "CLOUD"),
    ]
    .into_iter()
    .enumerate()
    {
        let criteria = json!([
            {"metric_key": "won_count", "op": "gte", "threshold": "2", "window_days": 365, "product_id": products.get(line)},
            {"metric_key": "product_authorisations", "op": "gte", "threshold": "1", "product_id": products.get(line)},
        ]);
        let body = json!({"program_id": program, "code": code, "name": name, "criteria": criteria, "currency": "EUR", "validity_days": 365});
        let specialisation = id(&desk.post(cast.ops, "/v1/specialisations", &body).await?)?;
        for place in (number..12).step_by(3) {
            let body = json!({"specialisation_id": specialisation, "partner_id": partner_id(place), "basis": "manual",
                "reason": "Taken over from the program before this one."});
            desk.post(cast.ops, "/v1/specialisation-awards", &body).await?;
        }
    }
    for place in (0..18).step_by(2) {
        let path = format!(
            "/v1/benefit-grants?partner_id={}&code=nfr-firewall&status=active",
            partner_id(place)
        );
        let grants = desk.send(cast.ops, Method::GET, &path, None).await?;
        let Some(grant) = grants.pointer("/data/0") else {
            continue;
        };
        let body = json!({"quantity": 1 + place % 4, "purpose": "Demonstration room"});
        desk.post(cast.ops, &format!("/v1/benefit-grants/{}/uses", id(grant)?), &body)
            .await?;
    }
    Ok(())
}

/// Three tiers; the first partners are the highest.
async fn tiers(desk: &Desk, cast: &Cast, products: &Ids) -> Result<()> {
    let program = desk
        .post(
            cast.ops,
            "/v1/programs",
            &json!({"code": "ALLIANCE", "name": "Alliance Program", "distributor_sees_resellers": true}),
        )
        .await?;
    let program = id(&program)?;
    let version = desk
        .post(
            cast.ops,
            &format!("/v1/programs/{program}/versions"),
            &json!({"currency": "EUR", "auto_promote": true, "notice_days": 60}),
        )
        .await?;
    let version = version.get("version").and_then(Value::as_i64).unwrap_or(1);
    let mut ids = Vec::new();
    for (rank, name, discount, days, won) in [
        (1, "Silver", 500, 90, 0),
        (2, "Gold", 1000, 120, 3),
        (3, "Platinum", 1500, 150, 8),
    ] {
        let criteria = if won == 0 {
            json!([])
        } else {
            json!([{"metric_key": "won_count", "op": "gte", "threshold": won.to_string(), "window_days": 365}])
        };
        let benefits = benefits(rank, discount, days, products);
        let body = json!({"rank": rank, "name": name, "criteria": criteria, "benefits": benefits});
        ids.push(id(&desk
            .post(cast.ops, &format!("/v1/programs/{program}/tiers"), &body)
            .await?)?);
    }
    desk.post(
        cast.ops,
        &format!("/v1/programs/{program}/versions/{version}/publish"),
        &json!({}),
    )
    .await?;
    for place in 0..names::partners().len() {
        let tier = match place {
            0..6 => 2,
            6..18 => 1,
            _ => 0,
        };
        let member = desk
            .post(
                cast.ops,
                &format!("/v1/programs/{program}/memberships"),
                &json!({"partner_id": partner_id(place)}),
            )
            .await?;
        if tier > 0 {
            let body = json!({"tier_id": ids.get(tier), "reason_code": "strategic_partner", "reason_text": "Taken over from the program before this one."});
            desk.post(
                cast.ops,
                &format!("/v1/programs/{program}/memberships/{}/override", id(&member)?),
                &body,
            )
            .await?;
        }
    }
    honours(desk, cast, &program, products).await
}

/// What the vendor holds itself: open opportunities, house accounts, and what customers already have.
async fn holdings(
    desk: &Desk,
    cast: &Cast,
    customers: &[(String, Company)],
    territories: &Ids,
    products: &Ids,
    chance: &mut Chance,
) -> Result<()> {
    let sold = ["EDGE-FW", "CLOUD-BKP", "OPS-MON"];
    for (place, (account, company)) in customers.iter().enumerate() {
        let territory = territories.get(company.country);
        let product = chance.pick(&sold).and_then(|code| products.get(code));
        if place % 12 == 5 {
            let amount = json!({"amount": format!("{}.00", 8000 + chance.below(90) * 1000), "currency": "EUR"});
            let body = json!({"account_id": account, "title": format!("{} direct", company.name), "product_id": product, "territory_id": territory,
                "stage": "qualified", "amount": amount, "owner_name": "Direct Sales"});
            desk.post(cast.ops, "/v1/direct-opportunities", &body).await?;
        }
        if place % 25 == 7 {
            let body = json!({"account_id": account, "territory_id": territory, "reason": "Served by the vendor's own key account team."});
            desk.post(cast.ops, "/v1/named-accounts", &body).await?;
        }
        if place % 6 == 1 {
            let body = json!({"account_id": account, "product_id": product, "territory_id": territory, "since_on": "2025-03-01", "quantity": 10 + chance.below(200)});
            desk.post(cast.ops, "/v1/installed-base", &body).await?;
        }
    }
    Ok(())
}
