//! Putting a record at an id of another system: whoever has the id is changed, and if there is none, it is made.

use std::str::FromStr;

use super::{ExternalRef, holder as holder_of};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    http::{IfMatch, Upserted},
};

/// Changes the record that has the id, or makes it; `holder` is who has it, as far as is known. Nobody can look for the id and
/// take it in one step, so the constraint of the database decides: of several who put a new id at once, one makes the record, and
/// the others are told who has it, and change that. `change` holds the record against what the caller has `seen`.
///
/// # Errors
/// What `make` and `change` refuse; 412 if the caller has seen a record, and there is none.
pub fn put<I: FromStr, T>(
    tx: &mut Tx<'_>,
    resource_type: &str,
    reference: &ExternalRef,
    (holder, seen): (Option<&str>, IfMatch),
    make: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    change: impl FnOnce(&mut Tx<'_>, I) -> Result<T>,
) -> Result<Upserted<T>> {
    let holder = match holder {
        Some(holder) => holder.to_owned(),
        None => match seen.check_none().and_then(|()| tx.attempt(make)) {
            Ok(record) => return Ok(Upserted { record, created: true }),
            // Somebody else was faster with the same id; or it is something else that another record has.
            Err(error) if error.is(&codes::ALREADY_EXISTS) || error.is(&codes::DUPLICATE_PARTNER) => {
                holder_of(tx, resource_type, reference)?.ok_or(error)?
            }
            Err(error) => return Err(error),
        },
    };
    let id: I = holder
        .parse()
        .map_err(|_malformed| Error::internal(format!("an external reference names `{holder}`")))?;
    let record = change(tx, id)?;
    Ok(Upserted { record, created: false })
}

/// Adds a reference to those that a body names.
pub fn add(named: &mut Option<Vec<ExternalRef>>, reference: &ExternalRef) {
    let named = named.get_or_insert_default();
    if !named.contains(reference) {
        named.push(reference.clone());
    }
}

/// What is told of an id whose record the caller may not see: that it is taken, and no more.
pub fn unseen(error: Error) -> Error {
    error.when(&codes::NOT_FOUND, || {
        Error::new(&codes::ALREADY_EXISTS).detail("Another record has this id; use another.")
    })
}
