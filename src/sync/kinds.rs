//! The types of records that are linked with other systems: how each is read, and how it is changed by its own rules.

use serde_json::{Map, Value, json};

use super::employments;
use crate::{
    bindable,
    customers::{
        self,
        accounts::{self, CustomerAccountPatch},
    },
    db::Tx,
    deals::{
        outcomes,
        registrations::{self, Ahead, DealStage},
    },
    error::{Error, Result},
    http::IfMatch,
    kernel::Money,
    partners::{
        self, PartnerPatch,
        people::{self, PersonPatch},
    },
    references::{self, ExternalRef},
    words,
};

words! {
    /// A type of record that is linked with other systems.
    pub SyncedType {
        /// A partner.
        Partner = "partner",
        /// A person at partners.
        Person = "person",
        /// A customer account.
        CustomerAccount = "customer_account",
        /// A registered deal.
        Deal = "deal",
    }
}

bindable!(SyncedType);

/// The fields of a record that can be written, by name.
pub type Fields = Map<String, Value>;

/// A record as a link knows it.
#[derive(Debug, Clone)]
pub struct Found {
    /// How often it was changed.
    pub revision: i64,
    /// The record, as the vendor reads it.
    pub record: Value,
}

/// How records of a type are read and changed. A type that shall be linked has one row here.
struct Kind {
    kind: SyncedType,
    /// Locks one until the end of the transaction, in the order in which its own module locks.
    lock: fn(&mut Tx<'_>, &str) -> Result<()>,
    /// Reads one, by its id as text.
    read: fn(&mut Tx<'_>, &str) -> Result<Found>,
    /// Changes one by a merge patch, as a request of the caller would. Its `external_refs` are then all that there are.
    change: fn(&mut Tx<'_>, &str, Value) -> Result<()>,
    /// What a change can write, by its names in the record.
    fields: &'static [&'static str],
    /// What a change can write of the records that are shown as parts of it, found in it, by names that the change knows.
    parts: Option<fn(&Value) -> Fields>,
    /// What no change writes but an act of its own: the field that it moves, and the reports that go with it.
    acts: &'static [&'static str],
}

static KINDS: &[Kind] = &[
    Kind {
        kind: SyncedType::Partner,
        lock: lock_partner,
        read: read_partner,
        change: change_partner,
        fields: PartnerPatch::FIELDS,
        parts: None,
        acts: &[],
    },
    Kind {
        kind: SyncedType::Person,
        lock: lock_person,
        read: read_person,
        change: change_person,
        fields: PersonPatch::FIELDS,
        parts: Some(employments::written),
        acts: &[],
    },
    Kind {
        kind: SyncedType::CustomerAccount,
        lock: lock_account,
        read: read_account,
        change: change_account,
        fields: CustomerAccountPatch::FIELDS,
        parts: None,
        acts: &[],
    },
    Kind {
        kind: SyncedType::Deal,
        lock: lock_deal,
        read: read_deal,
        change: change_deal,
        fields: &[
            "title",
            "description",
            "deal_type",
            "source",
            "customer",
            "territory",
            "lines",
            "amount",
            "expected_close_on",
            "next_step",
            "competitor",
            "co_sell_needs",
            "visibility",
            "customer_consent",
            "contacts",
            "sites",
            "custom",
        ],
        parts: None,
        acts: &[STAGE, WIN, LOSS],
    },
];

/// Has a way of its own, as it goes with the link: in a version of theirs it names those that came and that the record lacked.
pub const REFERENCES: &str = "external_refs";

/// Where the sale of a deal stands: moved, won and lost by acts.
const STAGE: &str = "stage";
/// The report of a win, as an upsert takes it along with the stage.
const WIN: &str = "win";
/// The report of a loss, likewise.
const LOSS: &str = "loss";

/// What parts of a record have and no change of it takes.
const INNER: [&str; 5] = ["id", "product_id", "review_status", "received_at", "resolution"];

impl SyncedType {
    fn row(self) -> Result<&'static Kind> {
        KINDS
            .iter()
            .find(|row| row.kind == self)
            .ok_or_else(|| Error::internal(format!("nothing says how a {self} is linked")))
    }

    /// The type of records that are named so in events, if they are linked.
    pub fn of(resource_type: &str) -> Option<Self> {
        resource_type.parse().ok()
    }

    /// Locks a record until the end of the transaction. Its link is held after it, as every change of a record does.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn lock(self, tx: &mut Tx<'_>, id: &str) -> Result<()> {
        (self.row()?.lock)(tx, id)
    }

    /// What no change writes but an act of its own: the field that it moves, and the reports that go with it.
    ///
    /// # Errors
    /// 500 if nothing says how records of the type are linked.
    pub fn acts(self) -> Result<&'static [&'static str]> {
        self.row().map(|row| row.acts)
    }

    /// Reads a record that the caller may see.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn read(self, tx: &mut Tx<'_>, id: &str) -> Result<Found> {
        (self.row()?.read)(tx, id)
    }

    /// Changes a record by a merge patch, by the rules of a change by a person. External references are added to those that it has,
    /// as by an upsert.
    ///
    /// # Errors
    /// What those rules refuse; 409 `already_exists` if another record has one of the references.
    pub fn change(self, tx: &mut Tx<'_>, id: &str, mut patch: Value) -> Result<()> {
        if let Some(named) = patch.get_mut(REFERENCES) {
            let mut all = self.references(tx, id)?;
            all.extend(patch_of::<Vec<ExternalRef>>(named.take())?);
            *named = json!(references::distinct(all));
        }
        (self.row()?.change)(tx, id, patch)
    }

    fn references(self, tx: &mut Tx<'_>, id: &str) -> Result<Vec<ExternalRef>> {
        let mut found = references::by_records(tx, self.as_str(), &[id.to_owned()])?;
        Ok(found.remove(id).unwrap_or_default())
    }

    /// The fields that can be written, by a change or by an act, as they are sent; and parts, each by its name.
    ///
    /// # Errors
    /// 500 if nothing says how records of the type are linked.
    pub fn written(self, record: &Value) -> Result<Fields> {
        let row = self.row()?;
        let fields = row.fields.iter().chain(row.acts);
        let fields = fields.filter(|name| **name != REFERENCES).map(|name| {
            let value = record.get(*name).cloned().unwrap_or_default();
            ((*name).to_owned(), sent(value))
        });
        let parts = row.parts.map(|parts| parts(record)).unwrap_or_default();
        Ok(fields.chain(parts).collect())
    }

    /// Gives a record one reference, and takes another from it; the record changes with them.
    ///
    /// # Errors
    /// 409 `already_exists` if another record has the reference; what the rules of a change refuse.
    pub fn refer(
        self,
        tx: &mut Tx<'_>,
        id: &str,
        added: Option<&ExternalRef>,
        taken: Option<&ExternalRef>,
    ) -> Result<()> {
        let before = self.references(tx, id)?;
        let mut after: Vec<ExternalRef> = before
            .iter()
            .filter(|known| Some(*known) != taken)
            .chain(added)
            .cloned()
            .collect();
        after = references::distinct(after);
        if after == before {
            return Ok(());
        }
        (self.row()?.change)(tx, id, json!({REFERENCES: after}))
    }
}

/// The references that an upsert added to a record. They are taken whatever waits here, as an upsert takes none away.
pub fn added_references(before: &Value, after: &Value) -> Option<(String, Value)> {
    let of = |record: &Value| {
        record
            .get(REFERENCES)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (had, mut added) = (of(before), of(after));
    added.retain(|one| !had.contains(one));
    (!added.is_empty()).then(|| (REFERENCES.to_owned(), Value::Array(added)))
}

/// A value as a change of it is sent: parts without the ids and states that the program gives them.
fn sent(value: Value) -> Value {
    match value {
        Value::Object(parts) => Value::Object(
            parts
                .into_iter()
                .filter(|(name, _)| !INNER.contains(&name.as_str()))
                .map(|(name, part)| (name, sent(part)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(sent).collect()),
        other => other,
    }
}

fn parsed<I: std::str::FromStr>(id: &str) -> Result<I> {
    id.parse().map_err(|_other| Error::not_found())
}

fn patch_of<P: serde::de::DeserializeOwned>(patch: Value) -> Result<P> {
    serde_json::from_value(patch).map_err(|error| {
        Error::contradicts(
            "#",
            "invalid_value",
            format!("What the other system has does not fit the record: {error}."),
        )
    })
}

fn found<T: crate::http::Resource>(record: &T) -> Result<Found> {
    Ok(Found {
        revision: record.revision(),
        record: serde_json::to_value(record).map_err(Error::internal)?,
    })
}

fn lock_partner(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    partners::lock(tx, parsed(id)?)
}

fn read_partner(tx: &mut Tx<'_>, id: &str) -> Result<Found> {
    found(&partners::find(tx, parsed(id)?)?)
}

fn change_partner(tx: &mut Tx<'_>, id: &str, patch: Value) -> Result<()> {
    let patch = patch_of(patch)?;
    partners::update_imported(tx, parsed(id)?, &patch).map(drop)
}

fn lock_person(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    people::lock(tx, parsed(id)?)
}

fn read_person(tx: &mut Tx<'_>, id: &str) -> Result<Found> {
    found(&people::find(tx, parsed(id)?)?)
}

/// An upsert brings one time at a partner, so several are as many upserts.
fn change_person(tx: &mut Tx<'_>, id: &str, patch: Value) -> Result<()> {
    let (patch, times) = employments::apart(patch);
    let mut person = people::find(tx, parsed(id)?)?;
    for upsert in std::iter::once(patch).chain(times) {
        person = people::change(tx, person, patch_of(upsert)?)?;
    }
    Ok(())
}

fn lock_account(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    customers::lock(tx, parsed(id)?).map(drop)
}

fn read_account(tx: &mut Tx<'_>, id: &str) -> Result<Found> {
    found(&customers::find(tx, parsed(id)?)?)
}

fn change_account(tx: &mut Tx<'_>, id: &str, patch: Value) -> Result<()> {
    let patch = patch_of(patch)?;
    let before = customers::find(tx, parsed(id)?)?;
    accounts::change(tx, &before, &patch).map(drop)
}

/// The account of a deal is locked before it, as by whatever decides on the deal.
fn lock_deal(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let deal = registrations::locked(tx, parsed(id)?)?.deal.id;
    registrations::lock(tx, &[deal])
}

fn read_deal(tx: &mut Tx<'_>, id: &str) -> Result<Found> {
    let id = parsed(id)?;
    let registration = registrations::find(tx, id)?;
    let evidence = if registration.deal.stage == DealStage::WON {
        outcomes::pieces_of(tx, id)?
    } else {
        Vec::new()
    };
    let evidence = evidence.into_iter().map(|piece| {
        json!({
            "kind": piece.kind,
            "reference": piece.reference,
            "issued_on": piece.issued_on,
            "amount": Money::from_columns(piece.amount_minor, piece.amount_currency),
            "file_id": piece.file_id,
            "note": piece.note,
        })
    });
    let evidence = evidence.collect();
    let mut deal = found(&registrations::seen(tx, registration)?)?;
    if let (Some((name, report)), Some(fields)) = (report(&deal.record, evidence), deal.record.as_object_mut()) {
        fields.insert(name.to_owned(), report);
    }
    Ok(deal)
}

/// What has to be said with the stage of a deal that has ended, as an upsert says it: so that whoever chooses that stage can be
/// done their will.
fn report(deal: &Value, evidence: Vec<Value>) -> Option<(&'static str, Value)> {
    let of = |name: &str| deal.get(name).filter(|value| !value.is_null());
    let day = of("closed_at").and_then(|at| at.as_str()?.get(..10));
    match of(STAGE)?.as_str()? {
        "won" => {
            let win = json!({"amount": of("amount"), "closed_on": day, "evidence": evidence});
            Some((WIN, win))
        }
        "closed_lost" => {
            let loss = json!({"reason_code": of("closed_reason")?, "closed_on": day, "competitor": of("competitor")});
            Some((LOSS, loss))
        }
        _ => None,
    }
}

/// Fields are changed before the stage is moved, as an upsert does.
fn change_deal(tx: &mut Tx<'_>, id: &str, patch: Value) -> Result<()> {
    let id = parsed(id)?;
    let Value::Object(mut fields) = patch else {
        return Err(Error::internal("a patch of a deal is no object"));
    };
    let mut act = Fields::new();
    for name in [STAGE, WIN, LOSS] {
        if let Some(value) = fields.remove(name).filter(|value| !value.is_null()) {
            act.insert(name.to_owned(), value);
        }
    }
    if !fields.is_empty() {
        let before = registrations::find(tx, id)?;
        registrations::change(tx, &mut Ahead::default(), &before, patch_of(Value::Object(fields))?)?;
    }
    if act.contains_key(STAGE) {
        let act = patch_of(Value::Object(act))?;
        registrations::update(tx, &mut Ahead::default(), id, act, IfMatch(None))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_row_and_its_fields_are_those_of_the_published_change() {
        let document = crate::app::document().unwrap();
        let schema = |name: &str| document["components"]["schemas"][name]["properties"].clone();
        for (kind, record, patch) in [
            (SyncedType::Partner, "Partner", "PartnerPatch"),
            (SyncedType::Person, "Person", "PersonPatch"),
            (SyncedType::CustomerAccount, "CustomerAccount", "CustomerAccountPatch"),
            (SyncedType::Deal, "Deal", "DealPatch"),
        ] {
            let (record, patch) = (schema(record), schema(patch));
            let mut known: Vec<&str> = kind.row().unwrap().fields.to_vec();
            for name in &known {
                assert!(
                    record.get(*name).is_some() && patch.get(*name).is_some(),
                    "{kind}: {name}"
                );
            }
            for name in kind.acts().unwrap().iter().take(1) {
                assert!(record.get(*name).is_some(), "{kind}: {name}");
            }
            known.push(REFERENCES);
            let missing: Vec<&String> = patch
                .as_object()
                .unwrap()
                .keys()
                .filter(|name| !known.contains(&name.as_str()))
                .collect();
            assert!(
                missing.is_empty(),
                "{kind}: a change can write {missing:?}, a link does not know them"
            );
        }
        for (kind, upsert) in [
            (SyncedType::Partner, "PartnerPatch"),
            (SyncedType::Person, "PersonUpsert"),
            (SyncedType::CustomerAccount, "CustomerAccountPatch"),
            (SyncedType::Deal, "DealUpsert"),
        ] {
            let row = kind.row().unwrap();
            // The partner that a deal is for never changes.
            let known = row
                .fields
                .iter()
                .chain(row.acts)
                .copied()
                .chain(row.parts.map(|_| employments::EMPLOYMENT))
                .chain([REFERENCES, "partner_id"]);
            let known: Vec<&str> = known.collect();
            let upsert = schema(upsert);
            let names = upsert.as_object().unwrap().keys();
            let missing: Vec<&String> = names.filter(|name| !known.contains(&name.as_str())).collect();
            assert!(
                missing.is_empty(),
                "{kind}: an upsert brings {missing:?}, and a link drops them"
            );
        }
        assert_eq!(SyncedType::ALL.len(), KINDS.len());
    }

    #[test]
    fn references_that_an_upsert_added_are_found_in_the_record_after_it() {
        let reference = |id: &str| json!({"system": "erp", "id": id});
        let before = json!({"external_refs": [reference("1")]});
        let after = json!({"external_refs": [reference("1"), reference("2")]});
        let added = added_references(&before, &after).unwrap();
        assert_eq!(added, (REFERENCES.to_owned(), json!([reference("2")])));
        assert_eq!(added_references(&after, &after), None);
    }

    #[test]
    fn a_person_is_written_with_the_times_at_partners() {
        let time = json!({"id": "empl_1", "partner_id": "partner_1", "title": "Director"});
        let written = SyncedType::Person
            .written(&json!({"name": "Anna", "employments": [time]}))
            .unwrap();
        assert_eq!(
            (&written["name"], &written["employment:partner_1"]["title"]),
            (&json!("Anna"), &json!("Director"))
        );
    }

    #[test]
    fn parts_are_sent_without_what_the_program_gives_them() {
        let record = json!({"lines": [{"id": "line_1", "product": "EDGE", "product_id": "product_1", "quantity": 2, "review_status": "draft"}]});
        let written = SyncedType::Deal.written(&record).unwrap();
        assert_eq!(written["lines"], json!([{"product": "EDGE", "quantity": 2}]));
        assert_eq!(written["title"], Value::Null);
        assert!(!written.contains_key(REFERENCES));
    }

    #[test]
    fn a_sale_that_has_ended_is_told_with_its_report() {
        let ended = |record: Value| report(&record, Vec::new());
        let won = json!({"stage": "won", "amount": {"amount": "5.00", "currency": "EUR"}, "closed_at": "2026-11-21T09:00:00.000000Z"});
        let told = json!({"amount": {"amount": "5.00", "currency": "EUR"}, "closed_on": "2026-11-21", "evidence": []});
        assert_eq!(ended(won), Some((WIN, told)));
        let lost = json!({"stage": "closed_lost", "closed_reason": "price", "closed_at": null});
        assert_eq!(
            ended(lost),
            Some((
                LOSS,
                json!({"reason_code": "price", "closed_on": null, "competitor": null})
            ))
        );
        assert_eq!(ended(json!({"stage": "qualified", "closed_reason": null})), None);
    }
}
