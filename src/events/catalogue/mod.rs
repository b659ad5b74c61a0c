//! The catalogue of events: every type that the program writes, what its `data` is, and who may read it.
//!
//! What is in no row is not written: [`Tx::record`](crate::db::Tx::record) checks it in tests. Feed, webhooks and the contract
//! are all made from these tables.

/// Writes a table: for each type of record the shape of its `data`, the operation that reads it, whose rows there are, what
/// else limits readers, and its events. `new` marks events that always tell of a new record, `gone` those that are its
/// tombstone.
macro_rules! resource_types {
    (@change) => { Change::Changed };
    (@change new) => { Change::New };
    (@change gone) => { Change::Gone };
    ($(
        $record:ty, $read:literal, $rows:ident $(, [$($limit:expr),+ $(,)?])? {
            $($name:literal $($change:ident)? => $summary:literal),+ $(,)?
        }
    )+) => {
        /// The table.
        pub(super) static TABLE: &[Group] = &[$(Group {
            resource: ResourceType {
                name: <$record as Resource>::TYPE,
                read: $read,
                rows: Rows::$rows,
                limits: &[$($($limit),+)?],
                schema: schemas::met::<$record>,
            },
            events: &[$(($name, resource_types!(@change $($change)?), $summary)),+],
        }),+];
    };
}

mod customers;
mod deals;
mod house;
mod identity;
mod partners;
mod programs;
mod rules;
mod sync;
mod work;

use std::sync::LazyLock;

pub use rules::{Reader, Told};
use utoipa::openapi::Ref;

/// A type of event.
#[derive(Debug)]
pub struct EventType {
    /// Its name: `deal.approved`.
    pub name: &'static str,
    /// The type of record that it is about.
    pub resource: &'static ResourceType,
    /// What happened, in a sentence.
    pub summary: &'static str,
    /// What it does to the record.
    pub change: Change,
}

/// What an event does to its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is there now, and was not before.
    New,
    /// It is another than it was; or it is new and something is told of it that changes also tell.
    Changed,
    /// It is gone: the event is its tombstone.
    Gone,
}

/// A type of record that events are about.
#[derive(Debug)]
pub struct ResourceType {
    /// Its name: `deal`.
    pub name: &'static str,
    /// The operation that reads such a record: who may not call it reads no event of it.
    pub read: &'static str,
    /// Whose rows they are.
    pub rows: Rows,
    /// What limits readers further.
    pub limits: &'static [Limit],
    /// The schema of the events' `data`; the contract then has it.
    pub schema: fn() -> Ref,
}

/// Whose the records of a type are, and with that who reads their events, if they may call the operation that reads the
/// record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// A partner's. Who is limited to some partners reads the events whose audience has one of theirs; who sees everyone's
    /// rows reads all, those without an audience too.
    Owned,
    /// Nobody's: everyone.
    Common,
    /// The vendor's, about no one partner: those of the vendor's side who see everyone's rows, never partners.
    Vendor,
    /// One person's: nobody. Such events are for the audit trail, and are neither in the feed nor sent by webhooks.
    Personal,
}

/// What limits the readers of a type of record beyond its rows, as the operation that reads the record does.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// Partners do not read these fields.
    VendorFields(&'static [&'static str]),
    /// Partners do not read them at all, although some of them are open to partners: the event does not say which.
    VendorAlone,
    /// Partners read those whose field holds one of these texts.
    PartnersIf(&'static str, &'static [&'static str]),
    /// The vendor does not read those whose field holds this text: they are the partner's own.
    PartnersOwn(&'static str, &'static str),
    /// Of partners only the one in the audience reads them, not a distributor that sees the rows of its resellers.
    Colleagues,
    /// They are on another record, whose type is in this field, null for none: who may not read such records reads neither.
    On(&'static str),
}

/// A type of record with its events: name, what it does, what happened.
struct Group {
    resource: ResourceType,
    events: &'static [(&'static str, Change, &'static str)],
}

fn tables() -> impl Iterator<Item = &'static Group> {
    [
        customers::TABLE,
        deals::TABLE,
        house::TABLE,
        identity::TABLE,
        partners::TABLE,
        programs::TABLE,
        sync::TABLE,
        work::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// All of them, by name.
static CATALOGUE: LazyLock<Vec<EventType>> = LazyLock::new(|| {
    let mut all: Vec<EventType> = tables()
        .flat_map(|group| {
            group.events.iter().map(|(name, change, summary)| EventType {
                name,
                resource: &group.resource,
                summary,
                change: *change,
            })
        })
        .collect();
    all.sort_unstable_by_key(|one| one.name);
    all
});

/// The type of event of that name.
pub fn find(name: &str) -> Option<&'static EventType> {
    let place = CATALOGUE.binary_search_by(|one| one.name.cmp(name)).ok()?;
    CATALOGUE.get(place)
}

/// Every type of event, by name.
pub fn all() -> impl Iterator<Item = &'static EventType> {
    CATALOGUE.iter()
}

/// The type of record of that name.
pub fn resource(name: &str) -> Option<&'static ResourceType> {
    tables().map(|group| &group.resource).find(|one| one.name == name)
}

/// Every type of record that events are about.
pub fn resources() -> impl Iterator<Item = &'static ResourceType> {
    tables().map(|group| &group.resource)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{auth::permissions, http::document::Pattern, notices::catalogue as notices};

    #[test]
    fn names_are_unique_and_well_formed_and_every_sentence_is_one() {
        let form = Pattern::read("^[a-z]+(_[a-z]+)*\\.[a-z]+(_[a-z]+)*$").unwrap();
        let names: Vec<&str> = all().map(|one| one.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        for one in all() {
            assert!(form.matches(one.name), "{}", one.name);
            assert!(
                one.summary.ends_with('.') && one.summary.len() > 10,
                "{}: {}",
                one.name,
                one.summary
            );
            assert!(find(one.name).is_some_and(|found| found.name == one.name));
        }
        assert!(find("deal.nothing").is_none());
    }

    #[test]
    fn a_type_of_record_has_one_row_and_an_operation_that_reads_it() {
        let mut seen = BTreeSet::new();
        for one in resources() {
            assert!(seen.insert(one.name), "{} has two rows", one.name);
            assert!(permissions::of(one.read).is_some(), "{}: {}", one.name, one.read);
            assert!(resource(one.name).is_some());
        }
    }

    #[test]
    fn partners_can_read_what_is_theirs() {
        for one in resources() {
            let theirs = permissions::of(one.read).is_some_and(permissions::Permission::is_open_to_partners);
            assert!(one.rows != Rows::Owned || theirs, "{}", one.name);
        }
    }

    #[test]
    fn whatever_people_are_told_of_is_an_event() {
        for name in notices::events() {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn each_webhook_has_a_name_of_its_own() {
        let ids: BTreeSet<String> = all().map(EventType::handler).collect();
        assert_eq!(ids.len(), all().count());
        let of = |name: &str| find(name).unwrap().handler();
        assert_eq!(of("deal.approved"), "onDealApproved");
        assert_eq!(of("deal_amendment.rejected"), "onDealAmendmentRejected");
        assert_eq!(of("deal.amendment_rejected"), "onDealItsAmendmentRejected");
    }
}
