//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::{Interaction, InteractionFilter, InteractionPatch, NewInteraction},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    deals,
    error::{Error, Result},
    http::{Created, IfMatch, Json, NoContent, Path, Query, Reply},
    kernel::{
        ids::{InteractionId, PersonId, TaskId, UserId},
        page::{Page, Paging},
    },
    work::{
        WorkRecordType, WorkSide,
        queries::{assignable, count_people, count_users},
        records::{self, RecordFilter},
        tasks::{self, Author, Task},
    },
};

/// Checks that there are all those who took part.
fn present(tx: &mut Tx<'_>, users: &[UserId], people: &[PersonId]) -> Result<()> {
    let all = |found: i64, named: usize| usize::try_from(found).is_ok_and(|found| found == named);
    let (users, people) = (rules::each_once(users), rules::each_once(people));
    if !all(count_users(tx, &users)?, users.len()) {
        return Err(Error::unknown_reference(
            "#/vendor_participants",
            "One of them is no active user of the vendor.",
        ));
    }
    if !all(count_people(tx, &people)?, people.len()) {
        return Err(Error::unknown_reference(
            "#/partner_participants",
            "One of them is nobody whom you can read.",
        ));
    }
    Ok(())
}

/// An interaction on a registration is a sign of work on it.
fn tell_the_deal(tx: &mut Tx<'_>, one: &Interaction) -> Result<()> {
    if one.resource_type == WorkRecordType::Deal
        && let Ok(deal) = one.resource_id.parse()
    {
        deals::worked_on(tx, deal, one.happened_at)?;
    }
    Ok(())
}

fn follow_up(tx: &mut Tx<'_>, new: &NewInteraction, author: Author) -> Result<Option<TaskId>> {
    let Some(wanted) = rules::follow_up(new, author.visibility) else {
        return Ok(None);
    };
    let mut task = Task::new(&wanted, author, tx.now);
    match task.assignee_id {
        Some(user) => assignable(tx, user, task.shared_with())?,
        None => task.assignee_id = tx.caller().user(),
    }
    tasks::insert(tx, task).map(|task| Some(task.id))
}

/// List interactions
///
/// Those that the caller may see, the latest talk first unless another order is asked for. A partner's people see what is
/// shared with their partner.
#[utoipa::path(params(RecordFilter, InteractionFilter, Paging))]
#[get("")]
pub async fn list_interactions(
    db: Db,
    caller: Caller,
    on: Query<RecordFilter>,
    filter: Query<InteractionFilter>,
    paging: Paging,
) -> Reply<Page<Interaction>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &on.0, &filter.0, &paging))
        .await
}

/// Write down an interaction
///
/// On a record that the caller may read. A follow-up that it asks for is written in the same transaction. On a registration it
/// counts as work on the deal.
#[utoipa::path(extensions(("x-errors" = json!(["field_forbidden", "conflict"]))))]
#[post("")]
pub async fn create_interaction(db: Db, caller: Caller, new: Json<NewInteraction>) -> Reply<Created<Interaction>> {
    db.write(&caller, move |tx| {
        let new = &new.0;
        rules::happened(new.happened_at, tx.now)?;
        let partner = records::partner_of(tx, new.resource_type, &new.resource_id)?;
        let side = WorkSide::of(tx.caller());
        let visibility = records::visibility(side, new.visibility, partner)?;
        present(tx, &new.vendor_participants, &new.partner_participants)?;
        let name = tx.caller().actor_text();
        let author = Author {
            name: name.clone(),
            side,
            partner,
            visibility,
        };
        let task = follow_up(tx, new, author)?;
        let one = Interaction::new(new, (name, side), partner, visibility, task, tx.now);
        let one = queries::insert(tx, one)?;
        tell_the_deal(tx, &one)?;
        Ok(Created(one))
    })
    .await
}

/// Read an interaction
///
/// If the caller may see it.
#[utoipa::path(params(InteractionId))]
#[get("/{id}")]
pub async fn get_interaction(db: Db, caller: Caller, id: Path<InteractionId>) -> Reply<Json<Interaction>> {
    db.snapshot(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Change an interaction
///
/// By its author, for 30 days. What it said before stays in its events.
#[utoipa::path(params(InteractionId, IfMatch), extensions(("x-errors" = json!(["conflict"]))))]
#[patch("/{id}")]
pub async fn update_interaction(
    db: Db,
    caller: Caller,
    id: Path<InteractionId>,
    seen: IfMatch,
    patch: Json<InteractionPatch>,
) -> Reply<Json<Interaction>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        before.is_open_to(&tx.caller().actor_text(), tx.now)?;
        if let Some(at) = patch.0.happened_at {
            rules::happened(at, tx.now)?;
        }
        present(
            tx,
            patch.0.vendor_participants.as_deref().unwrap_or_default(),
            patch.0.partner_participants.as_deref().unwrap_or_default(),
        )?;
        let after = before.clone().patched(&patch.0, tx.now);
        let after = queries::save(tx, &before, after)?;
        tell_the_deal(tx, &after)?;
        Ok(Json(after))
    })
    .await
}

/// Remove an interaction
///
/// By its author, for 30 days. Its follow-up stays, and so does what its events say.
#[utoipa::path(params(InteractionId, IfMatch), extensions(("x-errors" = json!(["conflict"]))))]
#[delete("/{id}")]
pub async fn delete_interaction(db: Db, caller: Caller, id: Path<InteractionId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let one = queries::find(tx, id.0)?;
        seen.check(one.revision)?;
        one.is_open_to(&tx.caller().actor_text(), tx.now)?;
        queries::delete(tx, &one).map(|()| NoContent)
    })
    .await
}
