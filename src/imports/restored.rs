//! A record that a row changed gets its previous values, as the event tells them that the row wrote; through the module that the
//! record belongs to.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    ImportKind,
    jobs::ImportUndoVerdict,
    undone::{parsed, stays},
};
use crate::{
    catalog::{products, territories},
    custom_fields::{self, CustomRecord},
    customers::{
        self,
        accounts::{self, CustomerAccountPatch},
        direct_opportunities, installed_base, named_accounts,
    },
    db::Tx,
    error::{Error, Result},
    events::queries::{self as events, Recorded},
    http::{IfMatch, Resource},
    identity::users,
    partners::{
        self, PartnerPatch,
        people::{self, PersonPatch},
    },
};

/// The fields of each kind of record that an import can change, and that can be set back.
const fn fields(kind: ImportKind) -> &'static [&'static str] {
    match kind {
        ImportKind::Territories => &["name", "parent_id"],
        ImportKind::Products => &["code", "name", "parent_id", "description", "list_price", "custom"],
        ImportKind::Users => &["name"],
        ImportKind::Partners => PartnerPatch::FIELDS,
        ImportKind::People => PersonPatch::FIELDS,
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
fn same<T: Serialize + Resource>(kind: ImportKind, told: &Recorded, record: &T) -> Result<i64> {
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
