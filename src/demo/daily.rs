//! The daily work on the day the demo is opened: talks that were written down, what follows from them, notes, and the views
//! that people keep.

use serde_json::{Value, json};

use super::{
    base::Cast,
    desk::{Desk, Person},
    present::{deals, is_open, seller, text},
};
use crate::{
    error::Result,
    kernel::{Time, ids::PartnerId},
};

/// Of the open registrations, those that the daily work is about: the ones before them wait for decisions.
const ABOUT: std::ops::Range<usize> = 14..20;

/// Writes it down.
///
/// # Errors
/// What the API refuses.
pub async fn set(desk: &Desk, cast: &Cast, now: Time) -> Result<()> {
    let granted = deals(
        desk,
        cast,
        "status=approved&protection=active&sort=-received_at&limit=60",
    )
    .await?;
    let open = granted.iter().filter(|deal| is_open(deal)).enumerate();
    for (number, deal) in open.skip(ABOUT.start).take(ABOUT.len()) {
        let partner = text(deal, "partner_id").parse().ok();
        let Some((seller, manager)) = seller(cast, deal).zip(partner.and_then(|id: PartnerId| cast.manager_of(id)))
        else {
            continue;
        };
        talk(desk, deal, seller, manager, now).await?;
        // Every second task is late.
        let days = if number % 2 == 0 { -1 } else { 3 };
        task(desk, deal, manager, now.plus_days(days)).await?;
    }
    views(desk, cast).await
}

/// On a record: the fields that name it.
fn on(kind: &str, id: &str, more: &Value) -> Value {
    let mut body = json!({"resource_type": kind, "resource_id": id});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    body
}

async fn talk(desk: &Desk, deal: &Value, seller: Person, manager: Person, now: Time) -> Result<()> {
    let called = json!({
        "kind": "call", "subject": "How far the trial is", "happened_at": now.plus_days(-2), "duration_minutes": 25,
        "vendor_participants": [manager.user], "summary": "The trial runs at two sites; the customer wants a price for all of them.",
        "next_step": "Send the offer for all sites", "follow_up": {"due_at": now.plus_days(2)}
    });
    desk.post(seller, "/v1/interactions", &on("deal", text(deal, "id"), &called))
        .await?;
    let noted =
        json!({"visibility": "internal", "body": "They ask for help with pricing on every larger deal; train them."});
    desk.post(manager, "/v1/notes", &on("partner", text(deal, "partner_id"), &noted))
        .await?;
    Ok(())
}

async fn task(desk: &Desk, deal: &Value, manager: Person, due: Time) -> Result<()> {
    let todo = json!({"title": "Check the discount before the offer goes out", "assignee_id": manager.user, "due_at": due, "priority": "high"});
    desk.post(manager, "/v1/tasks", &on("deal", text(deal, "id"), &todo))
        .await?;
    Ok(())
}

async fn views(desk: &Desk, cast: &Cast) -> Result<()> {
    let late = json!({"name": "Decisions, the most urgent first", "operation": "listDeals", "filters": {"status": "submitted,in_review"}, "sort": "review_due_at", "visibility": "shared"});
    desk.post(cast.ops, "/v1/saved-views", &late).await?;
    for manager in &cast.managers {
        let mine = json!({"name": "My open tasks", "operation": "listTasks", "filters": {"status": "open", "assignee_id": manager.user}, "sort": "due_at"});
        desk.post(*manager, "/v1/saved-views", &mine).await?;
    }
    if let Some((_, seller)) = cast.sellers.first() {
        let ending = json!({"name": "Protections by their end", "operation": "listProtections", "filters": {"state": "active,grace"}, "sort": "ends_at", "visibility": "shared"});
        desk.post(*seller, "/v1/saved-views", &ending).await?;
    }
    Ok(())
}
