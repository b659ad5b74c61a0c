//! What comes from another system with a revision of its own: taken, known, too old, or in conflict with what was changed here.

use std::cmp::Ordering;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde_json::{Value, json};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::{
    conflicts::{self, SyncConflict},
    employments,
    kinds::{Fields, REFERENCES, SyncedType, added_references},
    links::{SyncLink, SyncState, elsewhere, queries as links},
    maps::{self, FieldMapEntry, FieldOwner},
    rules::{self, Theirs},
    systems::{ExternalSystem, ExternalSystemState, queries as systems},
};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    events::record_queries::{given_at, record_at},
    http::{Resource, Upserted},
    kernel::Time,
    references::{self, ExternalRef},
};

const REVISION: &str = "External-Revision";
const CHANGED_AT: &str = "External-Changed-At";
const BASE: &str = "External-Base-Revision";
/// What a revision of another system looks like.
pub const REVISION_PATTERN: &str = "^[!-~]{1,64}$";

/// The revision that a change came with, if it came with one: the headers `External-Revision`, `External-Changed-At` and
/// `External-Base-Revision`, or the fields of these names of a batch's item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried(Option<Theirs>);

impl Carried {
    /// A revision with when the change was made, and the revision of ours that it was made on the base of; nothing without a
    /// revision.
    pub fn of(revision: Option<&str>, changed_at: Option<Time>, base: Option<i64>) -> Self {
        let theirs = |revision: &str| Theirs {
            revision: revision.trim().to_owned(),
            changed_at,
            base,
        };
        Self(revision.map(theirs))
    }
}

impl FromRequest for Carried {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let changed_at = text(CHANGED_AT).and_then(|text| text.trim().parse().ok());
        let base = text(BASE).and_then(|text| text.trim().parse().ok());
        std::future::ready(Ok(Self::of(text(REVISION), changed_at, base)))
    }
}

impl IntoParams for Carried {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = |name: &str, description: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema.schema_type(Type::String)))
                .build()
        };
        vec![
            header(
                REVISION,
                "The record's revision in the other system: a number, a moment, or a text that grows. An older one than was taken \
                 last is refused, the same one changes nothing, and what both sides changed becomes a conflict. Without it the \
                 body is taken as it is.",
                ObjectBuilder::new()
                    .min_length(Some(1))
                    .max_length(Some(64))
                    .pattern(Some(REVISION_PATTERN))
                    .examples(["2026-11-21T09:30:00Z"]),
            ),
            header(
                CHANGED_AT,
                "When the record was changed there: decides between revisions that are neither numbers nor moments.",
                ObjectBuilder::new()
                    .max_length(Some(40))
                    .pattern(Some(
                        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z$",
                    ))
                    .examples(["2026-11-21T09:30:00Z"]),
            ),
            header(
                BASE,
                "The revision of this record that the change was made on the base of; the last that both sides had, if left out.",
                ObjectBuilder::new()
                    .max_length(Some(18))
                    .pattern(Some("^[0-9]{1,18}$"))
                    .examples(["4"]),
            ),
        ]
    }
}

/// What became of a version of theirs.
enum Verdict {
    /// It was taken, by the upsert that it came with.
    Taken,
    /// The record with that id stays, or what alone they changed of it was taken.
    Kept(String),
    /// It was refused; what is kept of it is kept.
    Refused(Error),
}

/// Takes a change that another system makes at its own id: `put` is the upsert, `find` reads the record as it is answered.
/// Without a revision of theirs the upsert is all that happens. The inner error is a refusal whose transaction is to be
/// committed, because a conflict was kept: [`Db::settle`](crate::db::Db::settle) does.
///
/// # Errors
/// What `put` refuses; 409 `unknown_reference` for a revision that comes to the id of a system that is not named. Refused are:
/// 409 `stale_revision`, `sync_conflict`, `sync_paused`.
pub fn arrival<T: Resource>(
    tx: &mut Tx<'_>,
    kind: SyncedType,
    reference: &ExternalRef,
    carried: &Carried,
    find: fn(&mut Tx<'_>, &str) -> Result<T>,
    put: &mut dyn FnMut(&mut Tx<'_>) -> Result<Upserted<T>>,
) -> Result<std::result::Result<Upserted<T>, Error>> {
    let Some(theirs) = &carried.0 else {
        return put(tx).map(Ok);
    };
    let mut made = None;
    let verdict = take(tx, kind, reference, theirs, &mut |tx| {
        let upserted = put(tx)?;
        let told = (upserted.record.id(), upserted.created);
        made = Some(upserted);
        Ok(told)
    })?;
    match (verdict, made) {
        (Verdict::Taken, Some(upserted)) => Ok(Ok(upserted)),
        (Verdict::Refused(error), _) => Ok(Err(error)),
        (Verdict::Kept(id), _) => find(tx, &id).map(|record| Ok(Upserted { record, created: false })),
        (Verdict::Taken, None) => Err(Error::internal("an upsert that was taken was not made")),
    }
}

/// An upsert: it answers the record's id, and whether it is new.
type Put<'p> = &'p mut dyn FnMut(&mut Tx<'_>) -> Result<(String, bool)>;

fn take(tx: &mut Tx<'_>, kind: SyncedType, reference: &ExternalRef, theirs: &Theirs, put: Put<'_>) -> Result<Verdict> {
    let system = systems::by_code(tx, &reference.system)?.ok_or_else(|| {
        Error::unknown_reference(
            format!("header:{REVISION}"),
            "A revision goes with an external system of that name, and there is none; name it first.",
        )
    })?;
    if system.state == ExternalSystemState::Paused {
        return Ok(Verdict::Refused(paused(&format!("{} is paused", system.name))));
    }
    links::in_turn(tx, system.id, kind, &reference.id)?;
    let link = match links::held(tx, system.id, kind, &reference.id)? {
        Some(link) => Some(link),
        None => link_by_reference(tx, &system, kind, reference)?,
    };
    if let Some(link) = link {
        return known(tx, &link, theirs, put);
    }
    let first = tx.attempt(|tx| {
        let (record, is_new) = put(tx)?;
        // What another request has just made is held against what this one brings, as any record that is there.
        if !is_new {
            return Err(elsewhere());
        }
        begin(tx, &system, kind, &record, reference, theirs)
    });
    match first {
        Ok(()) => Ok(Verdict::Taken),
        // Another request linked the same id in between: what this one brings is held against that.
        Err(error) if error.is(&codes::ALREADY_EXISTS) => match links::held(tx, system.id, kind, &reference.id)? {
            Some(link) => known(tx, &link, theirs, put),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn paused(what: &str) -> Error {
    Error::new(&codes::SYNC_PAUSED).detail(format!("{what}: send it again when it is resumed."))
}

/// Links a record that has the id among its references, and had no link; record and link are held then. Nobody told what both
/// sides had, so it is taken that the record was theirs, too, as the call left it that gave it the reference: whoever gives one
/// says that the two are one, as whoever links does. What was changed here since is ours. If the log does not tell of that
/// call any more, nothing is agreed on, and whatever differs is a conflict.
fn link_by_reference(
    tx: &mut Tx<'_>,
    system: &ExternalSystem,
    kind: SyncedType,
    reference: &ExternalRef,
) -> Result<Option<SyncLink>> {
    let Some(record) = references::holder(tx, kind.as_str(), reference)? else {
        return Ok(None);
    };
    let found = kind.lock(tx, &record).and_then(|()| kind.read(tx, &record));
    // One that the caller may not see is for the upsert to refuse.
    let found = match found {
        Err(error) if error.is(&codes::NOT_FOUND) => return Ok(None),
        found => found?,
    };
    if references::holder(tx, kind.as_str(), reference)?.as_deref() != Some(record.as_str()) {
        return Err(elsewhere());
    }
    let named = json!(reference);
    let holds = |refs: &Value| refs.as_array().is_some_and(|refs| refs.contains(&named));
    let given = given_at(tx, (kind.as_str(), &record), REFERENCES, holds)?.unwrap_or(0);
    let link = SyncLink::new(system, kind, (&record, found.revision), &reference.id, tx.now);
    links::insert(tx, link.agreed_at(given, tx.now)).map(Some)
}

/// Links the record of the first arrival: both have what it is now.
fn begin(
    tx: &mut Tx<'_>,
    system: &ExternalSystem,
    kind: SyncedType,
    record: &str,
    reference: &ExternalRef,
    theirs: &Theirs,
) -> Result<()> {
    let revision = kind.read(tx, record)?.revision;
    let now = tx.now;
    let link = SyncLink::new(system, kind, (record, revision), &reference.id, now).pulled(theirs, true, now);
    links::insert(tx, SyncLink { revision: 1, ..link }).map(drop)
}

/// What comes to a record that is linked. Record and link are held, so nobody changes either until it is settled.
fn known(tx: &mut Tx<'_>, link: &SyncLink, theirs: &Theirs, put: Put<'_>) -> Result<Verdict> {
    if let Some(last) = link.pulled_revision.as_deref() {
        match theirs.order_to(last, link.pulled_changed_at) {
            Ordering::Equal => return Ok(Verdict::Kept(link.resource_id.clone())),
            Ordering::Less => {
                return Ok(Verdict::Refused(Error::new(&codes::STALE_REVISION).detail(format!(
                    "Revision {last} was taken already, and {} is older; read the record there again.",
                    theirs.revision
                ))));
            }
            Ordering::Greater => {}
        }
    }
    if link.state == SyncState::Paused {
        return Ok(Verdict::Refused(paused("The link of this record is paused")));
    }
    let entries = maps::entries(tx, link.system_id, link.resource_type)?;
    let all_theirs = entries.iter().all(|entry| entry.owner != FieldOwner::Ours);
    if nothing_waits(link, theirs) && all_theirs {
        put(tx)?;
        pulled(tx, link, theirs, false)?;
        return Ok(Verdict::Taken);
    }
    merge(tx, link, theirs, &entries, put)
}

/// The revision of ours that their version is held against.
fn base_of(link: &SyncLink, theirs: &Theirs) -> i64 {
    theirs.base.unwrap_or(link.agreed_revision).min(link.our_revision)
}

/// Whether they have all that was changed here.
fn nothing_waits(link: &SyncLink, theirs: &Theirs) -> bool {
    link.state != SyncState::Conflict && base_of(link, theirs) >= link.our_revision
}

/// Notes on its link that a version was taken. `link` is as it was before the version came; `held_back` says that they have
/// another value of what is ours, which waits to be pushed since.
fn pulled(tx: &mut Tx<'_>, link: &SyncLink, theirs: &Theirs, held_back: bool) -> Result<()> {
    let (now, nothing_waited) = (tx.now, nothing_waits(link, theirs));
    // A push that somebody asked for, or that makes a link known there, is due although both agree, unless they say what they have.
    let asked = link.pending_since.filter(|_| nothing_waited && theirs.base.is_none());
    let before = links::hold(tx, link.id)?;
    let mut after = before.clone().pulled(theirs, nothing_waited, now);
    if let Some(since) = asked.or_else(|| held_back.then_some(now)) {
        after = after.waiting(since);
    }
    links::save(tx, &before, after, "sync_link.pulled").map(drop)
}

/// What comes while something of ours waits, or where a map says that fields are ours: what they alone changed is taken, what we
/// alone changed stays, and what both changed is a conflict, unless the map says whose it is. References that came are taken
/// with what they alone changed, and kept with a conflict.
fn merge(
    tx: &mut Tx<'_>,
    link: &SyncLink,
    theirs: &Theirs,
    entries: &[FieldMapEntry],
    put: Put<'_>,
) -> Result<Verdict> {
    let base = base_of(link, theirs);
    let (kind, id) = (link.resource_type, link.resource_id.clone());
    let found = kind.read(tx, &id)?;
    let ours = kind.written(&found.record)?;
    let open = conflicts::open(tx, link.id)?;
    let agreed = if nothing_waits(link, theirs) {
        Some(ours.clone())
    } else {
        let record = record_at(tx, (kind.as_str(), &id), base)?;
        record.map(|record| kind.written(&record)).transpose()?
    };
    let put_there = put_after(tx, kind, &id, &ours, open.as_ref(), put)?;
    let mut version = apart(tx, kind, &id, &ours, kind.written(&put_there)?)?;
    version.extend(added_references(&found.record, &put_there));
    let version = employments::as_they_know(agreed.as_ref(), &ours, version, tx.now.date());
    let (version, held_back) = rules::held_back(entries, &ours, version);
    let compared = rules::judge(entries, agreed.as_ref(), &ours, &version);
    if !compared.conflicts.is_empty() {
        let version = conflicts::Version {
            base: agreed,
            base_revision: base,
            our_revision: found.revision,
            ours,
            theirs: version,
        };
        let conflict = conflicts::keep(tx, link, theirs, version, &compared.conflicts)?;
        return Ok(Verdict::Refused(conflict.refusal()));
    }
    let verdict = if compared.ours.is_empty() && !held_back && open.is_none() {
        put(tx)?;
        Verdict::Taken
    } else {
        if !compared.theirs.is_empty() {
            kind.change(tx, &id, rules::patch(&compared.theirs, &ours, &version))?;
        }
        Verdict::Kept(id)
    };
    conflicts::settle(tx, link.id)?;
    pulled(tx, link, theirs, held_back)?;
    Ok(verdict)
}

/// The record as it would be if what comes was put: after their version in the open conflict, if there is one, as what that changed
/// and this does not speak of is not lost; by itself if the two do not go together any more, or it is for another revision of ours.
fn put_after(
    tx: &mut Tx<'_>,
    kind: SyncedType,
    id: &str,
    ours: &Fields,
    open: Option<&SyncConflict>,
    put: Put<'_>,
) -> Result<Value> {
    if let Some(open) = open {
        let held = open.brought();
        let differ = held.iter().filter(|(name, their)| ours.get(*name) != Some(*their));
        let differ: Vec<String> = differ.map(|(name, _)| name.clone()).collect();
        let patch = rules::patch(&differ, ours, &held);
        let both = tried(tx, kind, id, &mut |tx| {
            kind.change(tx, id, patch.clone())?;
            put(tx).map(drop)
        });
        match both {
            Err(error) if !error.may_retry() && error.code().status < 500 => {}
            decided => return decided,
        }
    }
    tried(tx, kind, id, &mut |tx| put(tx).map(drop))
}

/// Their version without the fields that an act alone wrote, such as the amount of a win: they go with the report of the act, and
/// are no changes of their own.
fn apart(tx: &mut Tx<'_>, kind: SyncedType, id: &str, ours: &Fields, mut version: Fields) -> Result<Fields> {
    let acts = kind.acts()?;
    let moved: Vec<String> = acts
        .iter()
        .filter(|name| version.get(**name) != ours.get(**name))
        .map(|name| (*name).to_owned())
        .collect();
    if moved.is_empty() {
        return Ok(version);
    }
    let act = rules::patch(&moved, ours, &version);
    let acted = tried(tx, kind, id, &mut |tx| kind.change(tx, id, act.clone()))?;
    let acted = kind.written(&acted)?;
    for (name, our) in ours {
        if !acts.contains(&name.as_str()) && acted.get(name) != Some(our) {
            version.insert(name.clone(), our.clone());
        }
    }
    Ok(version)
}

/// What the record would be after `work`: it is done, and undone.
fn tried(
    tx: &mut Tx<'_>,
    kind: SyncedType,
    id: &str,
    work: &mut dyn FnMut(&mut Tx<'_>) -> Result<()>,
) -> Result<Value> {
    let mut after = None;
    let undone: Result<()> = tx.attempt(|tx| {
        work(tx)?;
        after = Some(kind.read(tx, id)?.record);
        Err(Error::internal("it was only tried"))
    });
    match (after, undone) {
        (Some(record), _) => Ok(record),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::internal("what was tried was not undone")),
    }
}
