//! How a row left its record, and how that is taken back: a record that it made is removed, or withdrawn where records are not
//! removed; one that it changed gets its previous values. Each through the module that the record belongs to.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{ImportKind, ImportVerdict, batch::Applied, jobs::ImportUndoVerdict, report::Left};
use crate::{
    catalog::{
        products::{self, ProductAlias},
        territories,
    },
    custom_fields::{self, CustomRecord},
    customers::{
        self,
        accounts::{self, CustomerAccountPatch},
        direct_opportunities, installed_base, named_accounts,
    },
    db::Tx,
    deals::registrations::{
        self, DealWithdrawal, REVIEW, ReviewStatus,
        history::{self, Entry},
    },
    error::{Error, Result},
    events::queries::{self as events, JustWritten, Recorded},
    http::{IfMatch, Resource as _},
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

/// The fields of each kind of record that an import can change, and that can be set back.
const fn fields(kind: ImportKind) -> &'static [&'static str] {
    match kind {
        ImportKind::Territories => &["name", "parent_id"],
        ImportKind::Products => &["code", "name", "parent_id", "description", "list_price", "custom"],
        ImportKind::Users => &["name"],
        ImportKind::Partners => &[
            "legal_name",
            "trading_names",
            "types",
            "registration",
            "website",
            "phone",
            "hq_address",
            "parent_id",
            "territory_ids",
            "default_currency",
            "time_zone",
            "tags",
            "custom",
            "external_refs",
        ],
        ImportKind::People => &["name", "email", "phone", "locale", "preferences", "consents"],
        ImportKind::CustomerAccounts => CustomerAccountPatch::FIELDS,
        ImportKind::DirectOpportunities => &[
            "account_id",
            "title",
            "product_id",
            "territory_id",
            "deal_type",
            "status",
            "stage",
            "amount",
            "expected_close_on",
            "owner_id",
            "owner_name",
            "closed_at",
            "custom",
            "external_refs",
        ],
        ImportKind::NamedAccounts => &[
            "account_id",
            "product_id",
            "territory_id",
            "starts_on",
            "ends_on",
            "owner_id",
            "reason",
            "external_refs",
        ],
        ImportKind::InstalledBase => &[
            "account_id",
            "product_id",
            "territory_id",
            "since_on",
            "ends_on",
            "quantity",
            "partner_id",
            "external_refs",
        ],
        ImportKind::AccountManagers | ImportKind::TierMemberships | ImportKind::Deals => &[],
    }
}

fn parsed<I: std::str::FromStr>(id: &str) -> Result<I> {
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

/// How a row left its record just now, `told` being the last event before it; nothing if that cannot be taken back: where the
/// record has no revision, and where no one event tells of all that the row changed.
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
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        return Ok(None);
    };
    let of_part = |event: &JustWritten| parts(kind).contains(&event.resource_type.as_str());
    let whole = applied.verdict != ImportVerdict::Updated || (own.len() == 1 && !others.iter().any(of_part));
    Ok(whole.then_some(Left {
        revision: last.revision,
        event: first.seq,
    }))
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

/// Removes a record that a row made, or withdraws it, if it is still in the revision that was `seen`.
///
/// # Errors
/// 404 if it is gone, 412 if it was changed since; otherwise what stands in the way: `in_use`, or 409 `contradiction` in words
/// that such records stay.
pub fn remove(tx: &mut Tx<'_>, kind: ImportKind, id: &str, seen: IfMatch) -> Result<ImportUndoVerdict> {
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
            references::set(tx, kind.resource_type(), id, &[])?;
            products::delete(tx, &record)?;
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
        ImportKind::Partners => return Err(stays("partners are not deleted; end the partnership here")),
        ImportKind::People => {
            let person = people::find(tx, parsed(id)?)?;
            seen.check(person.revision)?;
            let as_they_came = |time: &Employment| time.revision == 1 && time.created_at == person.created_at;
            if person.employments.len() > 1 || !person.employments.iter().all(as_they_came) {
                return Err(Error::contradicts(
                    "#/employments",
                    "in_use",
                    "the person's times at partners are not those that the row brought any more",
                ));
            }
            people::delete(tx, &person)?;
        }
        ImportKind::AccountManagers | ImportKind::TierMemberships => {
            return Err(stays("what has been is not rewritten"));
        }
    }
    Ok(ImportUndoVerdict::Removed)
}

fn stays(detail: &'static str) -> Error {
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

/// Gives a record that a row changed its previous values, if it is still in the revision that was `seen`; answers its revision
/// then.
///
/// # Errors
/// 404 if it is gone, 412 if it was changed since; 409 `contradiction` in words if they cannot be set back, or are not known any
/// more; what the record's rules refuse.
pub fn restore(
    tx: &mut Tx<'_>,
    kind: ImportKind,
    id: &str,
    seen: IfMatch,
    event: i64,
) -> Result<(ImportUndoVerdict, i64)> {
    let told = events::recorded(tx, event)?.ok_or_else(|| stays("what it was before is not known any more"))?;
    let now = tx.now;
    let done = match kind {
        ImportKind::Territories => {
            let before = territories::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            let after = before.clone().patched(&back(kind, &told)?, now);
            same(kind, &told, &territories::save(tx, &before, after)?)
        }
        ImportKind::Products => {
            let before = products::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            let patch: products::ProductPatch = back(kind, &told)?;
            let custom = custom_fields::for_changed(tx, CustomRecord::Product, before.custom.clone(), &patch.custom)?;
            let after = before.clone().patched(&patch, custom, now);
            same(kind, &told, &products::save(tx, &before, after)?)
        }
        ImportKind::Users => {
            let before = users::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            let mut after = before.clone().moved(before.status, now);
            if let Some(name) = told.previous.get("name").and_then(Value::as_str) {
                name.clone_into(&mut after.name);
            }
            same(kind, &told, &users::save(tx, &before, after, "user.updated")?)
        }
        ImportKind::Partners => {
            let partner = parsed(id)?;
            partners::lock(tx, partner)?;
            seen.check(partners::find(tx, partner)?.revision)?;
            let (after, _) = partners::update_imported(tx, partner, &back(kind, &told)?)?;
            same(kind, &told, &after)
        }
        ImportKind::People => {
            let before = people::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            let after = before.clone().patched(&back(kind, &told)?, now)?;
            same(kind, &told, &people::save(tx, &before, after)?)
        }
        ImportKind::CustomerAccounts => {
            let before = customers::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            same(kind, &told, &accounts::change(tx, &before, &back(kind, &told)?)?)
        }
        ImportKind::DirectOpportunities => {
            let before = direct_opportunities::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            same(
                kind,
                &told,
                &direct_opportunities::change(tx, &before, &back(kind, &told)?)?,
            )
        }
        ImportKind::NamedAccounts => {
            let before = named_accounts::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            same(kind, &told, &named_accounts::change(tx, &before, &back(kind, &told)?)?)
        }
        ImportKind::InstalledBase => {
            let before = installed_base::find(tx, parsed(id)?)?;
            seen.check(before.revision)?;
            same(kind, &told, &installed_base::change(tx, &before, &back(kind, &told)?)?)
        }
        ImportKind::AccountManagers | ImportKind::TierMemberships | ImportKind::Deals => {
            return Err(stays(
                "what the row changed has a history of its own, which is not rewritten",
            ));
        }
    }?;
    Ok((ImportUndoVerdict::Restored, done))
}

/// The change of a record that sets its fields back to what an event says of them.
fn back<T: DeserializeOwned>(kind: ImportKind, told: &Recorded) -> Result<T> {
    let mut body = Map::new();
    for name in fields(kind) {
        if let Some(before) = told.previous.get(*name) {
            body.insert((*name).to_owned(), set_back(before, told.data.get(*name)));
        }
    }
    serde_json::from_value(Value::Object(body)).map_err(|_other| stays("what it was before cannot be written any more"))
}

/// What a field held before, as a change from what it holds now: what an object had not is cleared.
fn set_back(before: &Value, now: Option<&Value>) -> Value {
    let (Value::Object(before), Some(Value::Object(now))) = (before, now) else {
        return before.clone();
    };
    let mut back: Map<String, Value> = now.keys().map(|name| (name.clone(), Value::Null)).collect();
    back.extend(before.clone());
    Value::Object(back)
}

/// The revision of a record, if it is again what an event says that it was.
fn same<T: Serialize + crate::http::Resource>(kind: ImportKind, told: &Recorded, record: &T) -> Result<i64> {
    let now = serde_json::to_value(record).unwrap_or_default();
    let differs = |name: &&&str| {
        told.previous
            .get(**name)
            .is_some_and(|before| now.get(**name) != Some(before))
    };
    match fields(kind).iter().find(differs) {
        None => Ok(record.revision()),
        Some(name) => Err(Error::contradicts(
            format!("#/{name}"),
            "not_restorable",
            format!("`{name}` cannot be set back to what it was"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_set_back_with_what_it_had_not() {
        let (before, now) = (json!({"city": "Bonn"}), json!({"city": "Köln", "region": "NW"}));
        assert_eq!(set_back(&before, Some(&now)), json!({"city": "Bonn", "region": null}));
        assert_eq!(set_back(&json!(null), Some(&now)), json!(null));
        assert_eq!(set_back(&json!(["a"]), Some(&json!(["b"]))), json!(["a"]));
        assert_eq!(set_back(&before, None), before);
    }
}
