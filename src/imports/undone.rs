//! How a row left its record, and how that is taken back: a record that it made is removed, or withdrawn where records are not
//! removed; one that it changed gets its previous values. Each through the module that the record belongs to.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{ImportKind, jobs::ImportUndoVerdict, report::Left};
use crate::{
    catalog::{products, territories},
    custom_fields::{self, CustomRecord},
    customers::{self, accounts, direct_opportunities, installed_base, named_accounts},
    db::Tx,
    deals::registrations::{
        self, DealWithdrawal, REVIEW, ReviewStatus,
        history::{self, Entry},
    },
    error::{Error, Result, codes},
    events::queries::{self as events, Recorded},
    http::IfMatch,
    identity::users::{self, UserStatus},
    kernel::ids::DealId,
    partners::{self, people},
    policies, references,
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
        ImportKind::CustomerAccounts => &[
            "name",
            "website",
            "registration_number",
            "registration_authority",
            "phone",
            "address",
            "parent_id",
            "industry",
            "employees",
            "annual_revenue",
            "founded_year",
            "territory_id",
            "owner_id",
            "aliases",
            "tags",
            "custom",
            "external_refs",
        ],
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

/// The revision of a record as it is now; nothing if it is gone, or is of a kind that has none.
///
/// # Errors
/// What the database reports.
pub fn revision(tx: &mut Tx<'_>, kind: ImportKind, id: &str) -> Result<Option<i64>> {
    let found = match kind {
        ImportKind::Territories => territories::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::Products => products::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::Users => users::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::Partners => partners::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::People => people::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::CustomerAccounts => customers::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::DirectOpportunities => direct_opportunities::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::NamedAccounts => named_accounts::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::InstalledBase => installed_base::find(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::Deals => registrations::find_row(tx, parsed(id)?).map(|found| found.revision),
        ImportKind::AccountManagers | ImportKind::TierMemberships => return Ok(None),
    };
    match found {
        Ok(revision) => Ok(Some(revision)),
        Err(error) if error.is(&codes::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How a record was left just now.
///
/// # Errors
/// What the database reports.
pub fn left(tx: &mut Tx<'_>, kind: ImportKind, id: &str) -> Result<Option<Left>> {
    let Some(revision) = revision(tx, kind, id)? else {
        return Ok(None);
    };
    let event = events::last_about(tx, kind.resource_type(), id)?;
    Ok(event.map(|event| Left { revision, event }))
}

/// Removes a record that a row made, or withdraws it; 409 `guard_failed` in words if neither is possible.
///
/// # Errors
/// What stands in the way: `in_use`, or that such records stay.
pub fn remove(tx: &mut Tx<'_>, kind: ImportKind, id: &str) -> Result<ImportUndoVerdict> {
    match kind {
        ImportKind::Territories => {
            let record = territories::find(tx, parsed(id)?)?;
            references::set(tx, kind.resource_type(), id, &[])?;
            territories::delete(tx, &record)?;
        }
        ImportKind::Products => {
            let record = products::find(tx, parsed(id)?)?;
            references::set(tx, kind.resource_type(), id, &[])?;
            products::delete(tx, &record)?;
        }
        ImportKind::CustomerAccounts => {
            let record = customers::find(tx, parsed(id)?)?;
            accounts::remove(tx, &record)?;
        }
        ImportKind::DirectOpportunities => {
            let record = direct_opportunities::find(tx, parsed(id)?)?;
            direct_opportunities::delete(tx, &record)?;
        }
        ImportKind::NamedAccounts => {
            let record = named_accounts::find(tx, parsed(id)?)?;
            named_accounts::delete(tx, &record)?;
        }
        ImportKind::InstalledBase => {
            let record = installed_base::find(tx, parsed(id)?)?;
            installed_base::delete(tx, &record)?;
        }
        ImportKind::Users => {
            let before = users::find(tx, parsed(id)?)?;
            if before.status != UserStatus::Invited {
                return Err(stays(
                    "the user signs in here; disable them here if they shall not any more",
                ));
            }
            references::set(tx, kind.resource_type(), id, &[])?;
            let status = users::MACHINE.go(before.status, "disable")?;
            users::save(tx, &before, before.clone().moved(status, tx.now), "user.disabled")?;
        }
        ImportKind::Deals => return withdraw(tx, parsed(id)?),
        ImportKind::Partners => return Err(stays("partners are not deleted; end the partnership here")),
        ImportKind::People => return Err(stays("people are not deleted; end what they are here")),
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
fn withdraw(tx: &mut Tx<'_>, id: DealId) -> Result<ImportUndoVerdict> {
    let before = registrations::find(tx, id)?;
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
    let withdrawn = registrations::withdraw(tx, id, IfMatch(None), &withdrawal)?;
    let mut after = withdrawn.clone();
    after.references.clear();
    registrations::save(tx, &withdrawn, after.touched(now), "deal.updated")?;
    Ok(ImportUndoVerdict::Removed)
}

/// Gives a record that a row changed its previous values; answers its revision then.
///
/// # Errors
/// 409 `contradiction` in words if they cannot be set back, or are not known any more; what the record's rules refuse.
pub fn restore(tx: &mut Tx<'_>, kind: ImportKind, id: &str, event: i64) -> Result<(ImportUndoVerdict, i64)> {
    let told = events::recorded(tx, event)?.ok_or_else(|| stays("what it was before is not known any more"))?;
    let now = tx.now;
    let done = match kind {
        ImportKind::Territories => {
            let before = territories::find(tx, parsed(id)?)?;
            let after = before.clone().patched(&back(kind, &told)?, now);
            same(kind, &told, &territories::save(tx, &before, after)?)
        }
        ImportKind::Products => {
            let before = products::find(tx, parsed(id)?)?;
            let patch: products::ProductPatch = back(kind, &told)?;
            let custom = custom_fields::for_changed(tx, CustomRecord::Product, before.custom.clone(), &patch.custom)?;
            let after = before.clone().patched(&patch, custom, now);
            same(kind, &told, &products::save(tx, &before, after)?)
        }
        ImportKind::Users => {
            let before = users::find(tx, parsed(id)?)?;
            let mut after = before.clone().moved(before.status, now);
            if let Some(name) = told.previous.get("name").and_then(Value::as_str) {
                name.clone_into(&mut after.name);
            }
            same(kind, &told, &users::save(tx, &before, after, "user.updated")?)
        }
        ImportKind::Partners => {
            let (after, _) = partners::update_imported(tx, parsed(id)?, &back(kind, &told)?)?;
            same(kind, &told, &after)
        }
        ImportKind::People => {
            let before = people::find(tx, parsed(id)?)?;
            let after = before.clone().patched(&back(kind, &told)?, now)?;
            same(kind, &told, &people::save(tx, &before, after)?)
        }
        ImportKind::CustomerAccounts => {
            let before = customers::find(tx, parsed(id)?)?;
            same(kind, &told, &accounts::change(tx, &before, &back(kind, &told)?)?)
        }
        ImportKind::DirectOpportunities => {
            let before = direct_opportunities::find(tx, parsed(id)?)?;
            same(
                kind,
                &told,
                &direct_opportunities::change(tx, &before, &back(kind, &told)?)?,
            )
        }
        ImportKind::NamedAccounts => {
            let before = named_accounts::find(tx, parsed(id)?)?;
            same(kind, &told, &named_accounts::change(tx, &before, &back(kind, &told)?)?)
        }
        ImportKind::InstalledBase => {
            let before = installed_base::find(tx, parsed(id)?)?;
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
