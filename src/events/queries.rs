//! The only file that knows the tables of events.

use diesel::prelude::*;

use super::Fact;
use crate::{
    auth::Actor,
    db::Tx,
    error::{Error, Result},
    kernel::ids::EventId,
    on_each,
    schema::{event_audiences, events},
};

/// An event as it was written, for the audit record that goes with it.
#[derive(Debug)]
pub struct Written {
    /// Its place in the order of insertion.
    pub seq: i64,
    /// The fact.
    pub fact: Fact,
}

/// The kind of an actor, as the database spells it.
pub fn actor_type(actor: Actor) -> &'static str {
    match actor {
        Actor::User(_) => "user",
        Actor::Client(_) => "client",
        Actor::System(_) => "system",
        Actor::Anonymous => "anonymous",
    }
}

/// Writes an event in the transaction of its effect.
///
/// # Errors
/// What the database reports.
pub fn append(tx: &mut Tx<'_>, fact: Fact) -> Result<Written> {
    let (caller, now) = (tx.caller(), tx.now);
    let audience: Vec<String> = fact.audience.iter().map(ToString::to_string).collect();
    let data = (!fact.data.is_null()).then(|| fact.data.to_string());
    let row = (
        events::id.eq(tx.new_id::<EventId>()),
        events::event_type.eq(fact.kind),
        events::resource_type.eq(fact.resource_type),
        events::resource_id.eq(&fact.resource_id),
        events::revision.eq(fact.revision),
        events::occurred_at.eq(now.micros()),
        events::actor_type.eq(actor_type(caller.actor())),
        events::actor_id.eq(caller.actor_text()),
        events::origin.eq(caller.request().operation),
        events::origin_tag.eq(caller.request().origin_tag.as_deref()),
        events::request_id.eq(Some(caller.request().id.to_string())),
        events::changed_fields.eq(json(&fact.changed)?),
        events::data.eq(data),
        events::previous.eq(fact.previous.as_ref().map(ToString::to_string)),
        events::audience.eq(json(&audience)?),
        events::deleted.eq(fact.deleted),
    );
    let seq: i64 = on_each!(tx, |c| diesel::insert_into(events::table)
        .values(row)
        .returning(events::seq)
        .get_result(c))?;
    for partner in &audience {
        let row = (
            event_audiences::partner_id.eq(partner),
            event_audiences::event_seq.eq(seq),
        );
        on_each!(tx, |c| diesel::insert_into(event_audiences::table)
            .values(row)
            .execute(c))?;
    }
    Ok(Written { seq, fact })
}

fn json(names: &[String]) -> Result<String> {
    serde_json::to_string(names).map_err(Error::internal)
}
