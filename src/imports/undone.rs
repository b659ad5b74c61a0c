//! How a row left its record, and how that is taken back: a record that it made is removed, or withdrawn where records are not
//! removed, through the module that it belongs to. One that it changed is set back ([`super::restored`]).
//!
//! What other records name is kept by the constraints of the database. What is part of a record (the aliases of a product, the
//! times of a person at partners, the account managers of a partner) goes with it only if the import alone told of it: somebody
//! else's is never taken along.

use super::{ImportKind, ImportVerdict, batch::Applied, jobs::ImportUndoVerdict, report::Left};
use crate::{
    catalog::{
        products::{self, ProductAlias},
        territories,
    },
    customers::{self, accounts, direct_opportunities, installed_base, named_accounts},
    db::Tx,
    deals::registrations::{
        self, DealWithdrawal, REVIEW, ReviewStatus,
        history::{self, Entry},
    },
    error::{Error, Result, codes},
    events::{
        queries::{self as events, JustWritten},
        request_queries as calls,
    },
    http::{IfMatch, Resource},
    identity::users::{self, UserStatus},
    kernel::ids::DealId,
    partners::{
        self,
        people::{self, Employment},
    },
    policies, references,
    work::{self, OnRecord, WorkRecordType},
};

/// What is said of a deal that is withdrawn with the import that brought it.
const REASON: &str = "The import that brought it was undone.";

/// The id of a record, as a row holds it.
///
/// # Errors
/// `internal` if it is none.
pub fn parsed<I: std::str::FromStr>(id: &str) -> Result<I> {
    id.parse()
        .map_err(|_malformed| Error::internal(format!("a row of an import names `{id}`")))
}

/// The types of records that are parts of another one, and are not set back with it.
const fn parts(kind: ImportKind) -> &'static [&'static str] {
    match kind {
        ImportKind::Products => &[ProductAlias::TYPE],
        ImportKind::People => &[Employment::TYPE],
        _ => &[],
    }
}

/// What one import did with a record, as far as its rows remember.
#[derive(Debug)]
pub struct Doings {
    /// The revision in which it left the record last.
    pub revision: i64,
    /// The events that its rows remember.
    pub told: Vec<i64>,
    /// Whether several rows were about the record.
    pub several: bool,
}

impl Doings {
    /// Whether the import alone told of each of those records. Of what no event is kept any more, nobody knows.
    fn were_all(&self, tx: &mut Tx<'_>, records: &[String]) -> Result<bool> {
        if records.is_empty() {
            return Ok(true);
        }
        let (own, told) = (calls::of_events(tx, &self.told)?, calls::of_records(tx, records)?);
        let its_own = |call: &Option<String>| call.as_ref().is_some_and(|call| own.contains(call));
        let alone = |record: &String| told.get(record).is_some_and(|calls| calls.iter().all(its_own));
        Ok(records.iter().all(alone))
    }

    /// Refuses to take parts of a record along that somebody else brought, or changed.
    fn were_parts<T: Resource>(
        &self,
        tx: &mut Tx<'_>,
        parts: &[T],
        pointer: &'static str,
        detail: &'static str,
    ) -> Result<()> {
        let ids: Vec<String> = parts.iter().map(Resource::id).collect();
        if self.were_all(tx, &ids)? {
            Ok(())
        } else {
            Err(Error::contradicts(pointer, "in_use", detail))
        }
    }
}

/// How a row left its record just now, `told` being the last event before it; nothing if that cannot be taken back: where the
/// record has no revision, and where no one event tells of all that the row changed. A row that changed parts of its record
/// remembers the first event of a part: by itself it is not taken back, but it goes with the record ([`is_of_part`]).
///
/// # Errors
/// What the database reports.
pub fn left(tx: &mut Tx<'_>, kind: ImportKind, applied: &Applied, told: &mut i64) -> Result<Option<Left>> {
    let written = events::written_after(tx, *told)?;
    *told = written.last().map_or(*told, |event| event.seq);
    if matches!(kind, ImportKind::AccountManagers | ImportKind::TierMemberships) {
        return Ok(None);
    }
    let (own, others): (Vec<JustWritten>, Vec<JustWritten>) = written
        .into_iter()
        .partition(|event| event.resource_type == kind.resource_type() && event.resource_id == applied.id);
    let of_part = |event: &&JustWritten| parts(kind).contains(&event.resource_type.as_str());
    if applied.verdict == ImportVerdict::Updated
        && let Some(part) = others.iter().find(of_part)
    {
        let revision = match own.last() {
            Some(last) => last.revision,
            None => revision(tx, kind, &applied.id)?,
        };
        return Ok(Some(Left {
            revision,
            event: part.seq,
        }));
    }
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        return Ok(None);
    };
    let whole = applied.verdict != ImportVerdict::Updated || own.len() == 1;
    Ok(whole.then_some(Left {
        revision: last.revision,
        event: first.seq,
    }))
}

/// The present revision of a record that has parts.
fn revision(tx: &mut Tx<'_>, kind: ImportKind, id: &str) -> Result<i64> {
    match kind {
        ImportKind::Products => Ok(products::find(tx, parsed(id)?)?.revision),
        ImportKind::People => Ok(people::find(tx, parsed(id)?)?.revision),
        _ => Err(Error::internal(format!("{kind} have no parts"))),
    }
}

/// Whether a row that remembers that event changed parts of its record, which are not set back.
///
/// # Errors
/// What the database reports.
pub fn is_of_part(tx: &mut Tx<'_>, kind: ImportKind, event: i64) -> Result<bool> {
    if parts(kind).is_empty() {
        return Ok(false);
    }
    let about = calls::resource_type(tx, event)?;
    Ok(about.is_some_and(|about| parts(kind).contains(&about.as_str())))
}

/// Refuses the removal of a record on which somebody has noted something, which nobody would find any more.
fn nothing_noted(tx: &mut Tx<'_>, kind: ImportKind, id: &str) -> Result<()> {
    // Of users nothing is noted.
    let Ok(on) = kind.resource_type().parse::<WorkRecordType>() else {
        return Ok(());
    };
    if work::on_record(tx, on, id)? == OnRecord::default() {
        return Ok(());
    }
    let detail = "notes, tasks or interactions are on the record; move or delete them first";
    Err(Error::contradicts("#", "in_use", detail))
}

/// Removes a record that a row made, or withdraws it, if it is still as the import left it.
///
/// # Errors
/// 404 if it is gone, 412 if it was changed since; otherwise what stands in the way: `in_use`, or 409 `contradiction` in words
/// that such records stay.
pub fn remove(tx: &mut Tx<'_>, kind: ImportKind, id: &str, by: &Doings) -> Result<ImportUndoVerdict> {
    let seen = IfMatch(Some(by.revision));
    // Of one row the revision tells; between two somebody else may have changed the record.
    if by.several && !by.were_all(tx, &[id.to_owned()])? {
        return Err(Error::new(&codes::PRECONDITION_FAILED));
    }
    if kind != ImportKind::Deals {
        nothing_noted(tx, kind, id)?;
    }
    match kind {
        ImportKind::Territories => {
            let record = territories::find(tx, parsed(id)?)?;
            seen.check(record.revision)?;
            references::set(tx, kind.resource_type(), id, &[])?;
            territories::delete(tx, &record)?;
        }
        ImportKind::Products => {
            let record = products::find(tx, parsed(id)?)?;
            seen.check(record.revision)?;
            let aliases = products::aliases_of(tx, record.id)?;
            let detail = "the product has other aliases than those that the import brought; remove them first";
            by.were_parts(tx, &aliases, "#/aliases", detail)?;
            references::set(tx, kind.resource_type(), id, &[])?;
            products::delete_with(tx, &record, &aliases)?;
        }
        ImportKind::CustomerAccounts => {
            let record = customers::find(tx, parsed(id)?)?;
            seen.check(record.revision)?;
            accounts::remove(tx, &record)?;
        }
        ImportKind::DirectOpportunities => {
            let record = direct_opportunities::find(tx, parsed(id)?)?;
            seen.check(record.revision)?;
            direct_opportunities::delete(tx, &record)?;
        }
        ImportKind::NamedAccounts => {
            let record = named_accounts::find(tx, parsed(id)?)?;
            seen.check(record.revision)?;
            named_accounts::delete(tx, &record)?;
        }
        ImportKind::InstalledBase => {
            let record = installed_base::find(tx, parsed(id)?)?;
            seen.check(record.revision)?;
            installed_base::delete(tx, &record)?;
        }
        ImportKind::Users => {
            let before = users::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            if before.status != UserStatus::Invited {
                return Err(stays(
                    "the user signs in here; disable them here if they shall not any more",
                ));
            }
            references::set(tx, kind.resource_type(), id, &[])?;
            let status = users::MACHINE.go(before.status, "disable")?;
            users::save(tx, &before, before.clone().moved(status, tx.now), "user.disabled")?;
        }
        ImportKind::Deals => return withdraw(tx, parsed(id)?, seen),
        ImportKind::Partners => {
            let partner = parsed(id)?;
            partners::lock(tx, partner)?;
            let record = partners::find(tx, partner)?;
            seen.check(record.revision)?;
            let detail = "others look after the partner than who came with it, and what has been is not rewritten";
            partners::remove_imported(tx, &record, |tx, managers| {
                by.were_parts(tx, managers, "#/account_manager", detail)
            })?;
        }
        ImportKind::People => {
            let person = people::find(tx, parsed(id)?)?;
            seen.check(person.revision)?;
            let detail = "the person's times at partners are not those that the import brought any more";
            by.were_parts(tx, &person.employments, "#/employments", detail)?;
            people::delete(tx, &person)?;
        }
        ImportKind::AccountManagers | ImportKind::TierMemberships => {
            return Err(stays("what has been is not rewritten"));
        }
    }
    Ok(ImportUndoVerdict::Removed)
}

/// Why a record stays as it is.
pub fn stays(detail: &'static str) -> Error {
    Error::contradicts("#", "not_removable", detail)
}

/// A deal is not deleted: it is withdrawn, and lets go of the row's key, so that it can be imported again.
fn withdraw(tx: &mut Tx<'_>, id: DealId, seen: IfMatch) -> Result<ImportUndoVerdict> {
    let before = registrations::find(tx, id)?;
    seen.check(before.deal.revision)?;
    let (status, now) = (before.deal.review_status, tx.now);
    if matches!(status, ReviewStatus::Draft | ReviewStatus::NotRegistered) {
        // What was never sent in has nobody who waits for it: nothing of it is left but its history.
        let mut after = before.clone();
        after.deal.review_status = REVIEW.go(status, "undo_import")?;
        after.deal.stage = policies::in_force(tx, now)?.pipeline.first();
        (
            after.deal.closed_at,
            after.deal.closed_reason,
            after.deal.win_verified_at,
        ) = (None, None, None);
        (after.deal.customer_account_id, after.customer) = (None, None);
        after.lines.clear();
        after.references.clear();
        registrations::save(tx, &before, after.touched(now), "deal.withdrawn")?;
        history::note(
            tx,
            id,
            Entry::action("undo_import").because(None, Some(REASON.to_owned())),
        )?;
        return Ok(ImportUndoVerdict::Removed);
    }
    let granted = status == ReviewStatus::Approved && !before.deal.stage.is_closed();
    if !status.is_open() && !granted {
        return Err(stays(
            "the deal is decided and over, and what has been is not rewritten",
        ));
    }
    let withdrawal = DealWithdrawal {
        reason_code: None,
        reason: Some(REASON.to_owned()),
    };
    let withdrawn = registrations::withdraw(tx, id, seen, &withdrawal)?;
    let mut after = withdrawn.clone();
    after.references.clear();
    registrations::save(tx, &withdrawn, after.touched(now), "deal.updated")?;
    Ok(ImportUndoVerdict::Removed)
}
