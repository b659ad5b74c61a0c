//! Who did what. One record for each fact, in its transaction; chained by hashes afterwards.
//!
//! A record holds no payload, only a digest of one, so that erasing personal data leaves the chain whole.

use diesel::prelude::*;
use hmac::digest::Digest as _;
use sha2::Sha256;

use crate::{
    db::Tx,
    error::Result,
    events::queries::{Written, actor_type},
    kernel::{hex, ids::AuditId},
    on_each,
    schema::audit_records as table,
};

/// Writes the audit record of an event.
///
/// # Errors
/// What the database reports.
pub fn append(tx: &mut Tx<'_>, event: &Written) -> Result<()> {
    let (caller, now) = (tx.caller(), tx.now);
    let digest = Sha256::digest(format!(
        "{}|{}|{}",
        event.seq,
        event.fact.data,
        event.fact.reason.as_deref().unwrap_or_default()
    ));
    let digest = hex::encode(&digest);
    let row = (
        table::id.eq(tx.new_id::<AuditId>()),
        table::reason.eq(event.fact.reason.as_deref()),
        table::at.eq(now.micros()),
        table::actor_type.eq(actor_type(caller.actor())),
        table::actor_id.eq(caller.actor_text()),
        table::partner_id.eq(caller.partner().map(|partner| partner.to_string())),
        table::operation.eq(caller.request().operation),
        table::resource_type.eq(Some(event.fact.resource_type)),
        table::resource_id.eq(Some(&event.fact.resource_id)),
        table::revision.eq(Some(event.fact.revision)),
        table::request_id.eq(Some(caller.request().id.to_string())),
        table::ip.eq(caller.request().ip.map(|ip| ip.to_string())),
        table::event_seq.eq(Some(event.seq)),
        table::digest.eq(Some(digest)),
    );
    on_each!(tx, |c| diesel::insert_into(table::table).values(row).execute(c))?;
    Ok(())
}
