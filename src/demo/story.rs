//! What happened in the demo program: 600 deals over eight months, in every state, and some that met.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{
    base::Cast,
    chance::Chance,
    desk::{Desk, Person, StoryClock},
    names::Company,
    nights::Nights,
    program::World,
};
use crate::{
    db::Clock as _,
    error::{Error, Result},
    kernel::Time,
};

/// Deals in the whole story.
const DEALS: u64 = 600;
/// After how many deals the night's work is done: about three times a week.
const DEALS_A_NIGHT: u64 = 6;

/// A deal that waits for its next scene.
struct Open {
    id: String,
    seller: Person,
}

/// Tells the story from where the clock stands to `end`.
///
/// # Errors
/// What the API refuses though the story did not mean it to.
pub async fn tell(
    desk: &Desk,
    clock: &StoryClock,
    cast: &Cast,
    world: &World,
    nights: &Nights,
    end: Time,
) -> Result<()> {
    let mut chance = Chance::new(2);
    let start = clock.now();
    let step = end.since(start) / i64::try_from(DEALS).unwrap_or(1);
    let mut granted: BTreeMap<u64, Open> = BTreeMap::new();
    for number in 0..DEALS {
        if number.is_multiple_of(DEALS_A_NIGHT) {
            nights.pass().await?;
        }
        // Some moments lie at night and at weekends: partners are like that.
        clock.set(Time::from_micros(
            start.micros() + step * i64::try_from(number).unwrap_or(0),
        ));
        let Some((_, seller)) = chance.pick(&cast.sellers).copied() else {
            continue;
        };
        // A fifth of the customers draws most of the partners, so that deals meet.
        let among = if chance.percent(40) { 40 } else { 300 };
        let Some((_, customer)) = usize::try_from(chance.below(among))
            .ok()
            .and_then(|place| world.customers.get(place))
        else {
            continue;
        };
        if let Some(open) = one(desk, clock, cast, world, seller, customer, &mut chance).await? {
            granted.insert(number + 20 + chance.below(60), open);
        }
        let due: Vec<u64> = granted.range(..=number).map(|(when, _)| *when).collect();
        for when in due {
            if let Some(open) = granted.remove(&when) {
                go_on(desk, cast, &open, &mut chance).await?;
            }
        }
    }
    clock.set(end);
    nights.pass().await
}

fn id(record: &Value) -> Result<String> {
    record
        .get("id")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Error::internal(format!("a record without an id: {record}")))
}

/// One deal from its draft to wherever its review gets. Gives it back if it was granted.
async fn one(
    desk: &Desk,
    clock: &StoryClock,
    cast: &Cast,
    world: &World,
    seller: Person,
    customer: &Company,
    chance: &mut Chance,
) -> Result<Option<Open>> {
    let Some((product, price)) = chance.pick(&world.products).copied() else {
        return Ok(None);
    };
    let quantity = 5 + chance.below(80);
    let draft = desk
        .post(
            seller,
            "/v1/deals",
            &registration(customer, product, price, quantity, clock.now(), chance),
        )
        .await?;
    let path = format!("/v1/deals/{}", id(&draft)?);
    let open = Open {
        id: id(&draft)?,
        seller,
    };
    let fate = chance.below(100);
    if fate < 8 {
        return Ok(None);
    }
    // What a guard refuses stays a draft, as it would in life.
    let (status, submitted) = desk
        .try_send(seller, Method::POST, &format!("{path}/submit"), Some(&json!({})))
        .await?;
    if !status.is_success() {
        return Ok(None);
    }
    if submitted.get("review_status").and_then(Value::as_str) == Some("approved") {
        return Ok(Some(open));
    }
    if fate < 20 {
        return Ok(None);
    }
    let Some(approver) = chance.pick(&cast.approvers).copied() else {
        return Ok(None);
    };
    if fate < 26 {
        let questions = json!({"questions": ["Which sites are meant, and who decides at the customer?"]});
        desk.post(approver, &format!("{path}/request-info"), &questions).await?;
        if fate < 23 {
            return Ok(None);
        }
        desk.post(
            seller,
            &format!("{path}/answer-info"),
            &json!({"answers": ["The head office and two branches; the head of networks decides."]}),
        )
        .await?;
    }
    if fate < 32 {
        desk.post(
            seller,
            &format!("{path}/withdraw"),
            &json!({"reason": "The customer has postponed the project."}),
        )
        .await?;
        return Ok(None);
    }
    let (answer, _) = desk
        .try_send(approver, Method::POST, &format!("{path}/approve"), Some(&json!({})))
        .await?;
    if answer.is_success() {
        return Ok(Some(open));
    }
    // Somebody came first: half are refused for it, the others wait in the queue.
    if chance.percent(50) {
        let refusal = json!({"reason_code": "duplicate_registration", "reason_text": "Another registration of the same scope came first.", "evidence": "See the conflict check."});
        desk.try_send(approver, Method::POST, &format!("{path}/reject"), Some(&refusal))
            .await?;
    }
    Ok(None)
}

fn registration(customer: &Company, product: &str, price: u64, quantity: u64, now: Time, chance: &mut Chance) -> Value {
    let close = now.plus_days(30 + i64::try_from(chance.below(150)).unwrap_or(0)).date();
    // Partners do not always write a customer the way the vendor does.
    let name = if chance.percent(25) {
        customer.name.to_uppercase()
    } else {
        customer.name.clone()
    };
    let website = chance.percent(80).then(|| format!("www.{}", customer.domain));
    let deal_type = match chance.below(10) {
        0 => "renewal",
        1 | 2 => "expansion",
        _ => "net_new",
    };
    json!({
        "title": format!("{}: {quantity} × {product}", customer.name),
        "description": "The customer replaces what it has before support ends.",
        "deal_type": deal_type,
        "customer": {
            "name": name,
            "website": website,
            "email": format!("einkauf@{}", customer.domain),
            "street": customer.street,
            "city": customer.city,
            "postal_code": customer.postal_code,
            "country": customer.country,
        },
        "territory": customer.country,
        "lines": [{"product": product, "quantity": quantity, "unit_price": {"amount": format!("{price}.00"), "currency": "EUR"}}],
        "amount": {"amount": format!("{}.00", price * quantity), "currency": "EUR"},
        "expected_close_on": close,
        "next_step": "Workshop with the customer's network team.",
        "customer_consent": true,
        "contacts": [{"name": super::names::person(usize::try_from(chance.below(400)).unwrap_or(0)), "role": "decision maker"}],
    })
}

/// What comes after the approval: some sales are won, some lost, some taken back; most go on.
async fn go_on(desk: &Desk, cast: &Cast, open: &Open, chance: &mut Chance) -> Result<()> {
    let path = format!("/v1/deals/{}", open.id);
    let stage = chance
        .pick(&["qualified", "technical_validation", "business_validation", "committed"])
        .copied()
        .unwrap_or("qualified");
    let report = format!("{path}/evidence");
    let meeting = json!({"kind": "meeting", "reference": "Workshop with the customer's network team"});
    let (verb, body) = match chance.below(100) {
        0..10 => ("withdraw", json!({"reason": "The customer has stopped the project."})),
        10..40 => {
            let order = format!("PO-{}", 4000 + chance.below(5000));
            let won = json!({"evidence": [{"kind": "purchase_order", "reference": order}], "note": "Delivery begins next month."});
            ("win", won)
        }
        40..55 => {
            let why = chance
                .pick(&["price", "competitor", "no_budget", "no_decision"])
                .copied();
            (
                "lose",
                json!({"reason_code": why, "note": "They stay with what they have."}),
            )
        }
        55..58 => {
            let why = json!({"reason_code": "inactivity", "reason_text": "Nobody has worked on the deal for weeks."});
            return desk
                .try_send(cast.ops, Method::POST, &format!("{path}/revoke"), Some(&why))
                .await
                .map(drop);
        }
        58..70 => {
            desk.try_send(open.seller, Method::POST, &report, Some(&meeting))
                .await?;
            ("move-stage", json!({"stage": stage}))
        }
        _ => (
            "move-stage",
            json!({"stage": stage, "next_step": "Proof of concept at the customer's."}),
        ),
    };
    let (status, _) = desk
        .try_send(open.seller, Method::POST, &format!("{path}/{verb}"), Some(&body))
        .await?;
    // Two of three wins are confirmed by now; the others wait.
    if verb == "win" && status.is_success() && chance.percent(66) {
        desk.try_send(cast.ops, Method::POST, &format!("{path}/verify-win"), Some(&json!({})))
            .await?;
    }
    Ok(())
}
