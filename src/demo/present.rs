//! How things stand on the day the demo is opened: reviews under way, questions that wait, extensions, amendments and
//! transfers to decide, and what people said to each other.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{base::Cast, desk::Desk, desk::Person};
use crate::{error::Result, kernel::ids::PartnerId};

/// Opens what waits for somebody today. What a guard refuses is left as it is.
///
/// # Errors
/// If no answer could be read.
pub async fn set(desk: &Desk, cast: &Cast) -> Result<()> {
    let waiting = deals(desk, cast, "status=submitted&sort=-received_at&limit=60").await?;
    for (number, deal) in waiting.iter().enumerate() {
        let Some(approver) = cast.approvers.get(number % cast.approvers.len().max(1)).copied() else {
            continue;
        };
        match number {
            0..12 => act(desk, approver, deal, "claim-review", json!({})).await?,
            12..20 => {
                let questions = json!({"questions": ["Which sites are meant?", "Who signs at the customer?"]});
                act(desk, approver, deal, "request-info", questions).await?;
            }
            _ => break,
        }
    }
    let granted = deals(
        desk,
        cast,
        "status=approved&protection=active&sort=-received_at&limit=60",
    )
    .await?;
    let open: Vec<&Value> = granted.iter().filter(|deal| is_open(deal)).collect();
    for (number, deal) in open.iter().enumerate() {
        let Some(seller) = seller(cast, deal) else { continue };
        match number {
            0..4 => {
                let said = json!({"body": "The customer's board meets next week; we expect a decision then.", "visibility": "both"});
                act(desk, seller, deal, "comments", said).await?;
                let asked = json!({"body": "Keep an eye on this one: the competitor was seen on site.", "visibility": "vendor"});
                act(desk, cast.ops, deal, "comments", asked).await?;
            }
            4..8 => {
                let more =
                    json!({"days": 30, "activity": "The trial has been running for two weeks; the offer follows."});
                act(desk, seller, deal, "extensions", more).await?;
            }
            8..11 => {
                let larger = json!({"amount": {"amount": "480000.00", "currency": "EUR"}, "reason": "The customer adds its branches abroad."});
                act(desk, seller, deal, "amendments", larger).await?;
            }
            11..14 => transfer(desk, cast, deal, seller, number > 11).await?,
            _ => break,
        }
    }
    let refused = deals(desk, cast, "status=rejected&limit=2").await?;
    for deal in &refused {
        let mistake =
            json!({"reason_code": "new_evidence", "reason_text": "The customer's letter arrived after the decision."});
        act(desk, cast.ops, deal, "reopenings", mistake).await?;
    }
    Ok(())
}

/// Registrations by a filter of the list.
///
/// # Errors
/// If no answer could be read.
pub(super) async fn deals(desk: &Desk, cast: &Cast, filter: &str) -> Result<Vec<Value>> {
    let path = format!("/v1/deals?{filter}");
    let (_, page) = desk.try_send(cast.ops, Method::GET, &path, None).await?;
    Ok(page.get("data").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// A text of a record.
pub(super) fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the deal is neither won nor lost.
pub(super) fn is_open(deal: &Value) -> bool {
    !matches!(text(deal, "stage"), "won" | "closed_lost")
}

/// Who registers for the deal's partner.
pub(super) fn seller(cast: &Cast, deal: &Value) -> Option<Person> {
    let partner: PartnerId = text(deal, "partner_id").parse().ok()?;
    let found = cast.sellers.iter().find(|(of, _)| *of == partner);
    found.map(|(_, seller)| *seller)
}

async fn act(desk: &Desk, who: Person, deal: &Value, verb: &str, body: Value) -> Result<()> {
    let path = format!("/v1/deals/{}/{verb}", text(deal, "id"));
    desk.try_send(who, Method::POST, &path, Some(&body)).await.map(drop)
}

/// A transfer to another partner: proposed, or carried through with the consent of both.
async fn transfer(desk: &Desk, cast: &Cast, deal: &Value, giver: Person, through: bool) -> Result<()> {
    let others = cast.sellers.iter().filter(|(_, seller)| *seller != giver);
    for (partner, receiver) in others {
        let path = format!("/v1/deals/{}/transfers", text(deal, "id"));
        let body = json!({"to_partner_id": partner.to_string(), "reason_code": "customer_request", "reason_text": "The customer asks for a partner nearby."});
        let (status, proposed) = desk.try_send(cast.ops, Method::POST, &path, Some(&body)).await?;
        if !status.is_success() {
            continue;
        }
        if through {
            let at = format!("/v1/deal-transfers/{}", text(&proposed, "id"));
            for (who, verb) in [(giver, "consent"), (*receiver, "consent"), (cast.ops, "execute")] {
                desk.try_send(who, Method::POST, &format!("{at}/{verb}"), Some(&json!({})))
                    .await?;
            }
        }
        return Ok(());
    }
    Ok(())
}
