//! What comes from another system with a revision of its own: taken, known, too old, or in conflict with what was changed here.

use std::cmp::Ordering;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::{
    conflicts,
    kinds::{Fields, SyncedType},
    links::{SyncLink, SyncState, queries as links},
    rules::{self, Theirs, compare},
    systems::{ExternalSystem, ExternalSystemState, queries as systems},
};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    events,
    http::{Resource, Upserted},
    references::ExternalRef,
};

const REVISION: &str = "External-Revision";
const CHANGED_AT: &str = "External-Changed-At";
const BASE: &str = "External-Base-Revision";

/// The revision that a change came with, if it came with one: the headers `External-Revision`, `External-Changed-At` and
/// `External-Base-Revision`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried(Option<Theirs>);

impl FromRequest for Carried {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let theirs = text(REVISION).map(|revision| Theirs {
            revision: revision.trim().to_owned(),
            changed_at: text(CHANGED_AT).and_then(|text| text.trim().parse().ok()),
            base: text(BASE).and_then(|text| text.trim().parse().ok()),
        });
        std::future::ready(Ok(Self(theirs)))
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
                    .pattern(Some("^[!-~]{1,64}$"))
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
        let id = upserted.record.id();
        made = Some(upserted);
        Ok(id)
    })?;
    match (verdict, made) {
        (Verdict::Taken, Some(upserted)) => Ok(Ok(upserted)),
        (Verdict::Refused(error), _) => Ok(Err(error)),
        (Verdict::Kept(id), _) => find(tx, &id).map(|record| Ok(Upserted { record, created: false })),
        (Verdict::Taken, None) => Err(Error::internal("an upsert that was taken was not made")),
    }
}

type Put<'p> = &'p mut dyn FnMut(&mut Tx<'_>) -> Result<String>;

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
    if let Some(link) = links::by_external(tx, system.id, kind, &reference.id)? {
        return known(tx, link, theirs, put);
    }
    let first = tx.attempt(|tx| {
        let record = put(tx)?;
        begin(tx, &system, kind, &record, reference, theirs)
    });
    match first {
        Ok(()) => Ok(Verdict::Taken),
        // Another request linked the same id in between: what this one brings is held against that.
        Err(error) if error.is(&codes::ALREADY_EXISTS) => {
            match links::by_external(tx, system.id, kind, &reference.id)? {
                Some(link) => known(tx, link, theirs, put),
                None => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn paused(what: &str) -> Error {
    Error::new(&codes::SYNC_PAUSED).detail(format!("{what}: send it again when it is resumed."))
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

/// What comes to a record that is linked.
fn known(tx: &mut Tx<'_>, link: SyncLink, theirs: &Theirs, put: Put<'_>) -> Result<Verdict> {
    if let Some(last) = link.pulled_revision.as_deref() {
        let order = rules::order(
            (theirs.revision.as_str(), theirs.changed_at),
            (last, link.pulled_changed_at),
        );
        if order == Ordering::Equal {
            return Ok(Verdict::Kept(link.resource_id));
        }
        if order == Ordering::Less {
            return Ok(Verdict::Refused(Error::new(&codes::STALE_REVISION).detail(format!(
                "Revision {last} was taken already, and {} is older; read the record there again.",
                theirs.revision
            ))));
        }
    }
    if link.state == SyncState::Paused {
        return Ok(Verdict::Refused(paused("The link of this record is paused")));
    }
    let nothing_waits = base_of(&link, theirs) >= link.our_revision;
    if link.state != SyncState::Conflict && nothing_waits && taken_alone(tx, &link, theirs, put)? {
        return Ok(Verdict::Taken);
    }
    merge(tx, &link, theirs, put)
}

/// The revision of ours that their version is held against.
fn base_of(link: &SyncLink, theirs: &Theirs) -> i64 {
    theirs.base.unwrap_or(link.agreed_revision).min(link.our_revision)
}

/// Takes a version while nothing of ours waits. If somebody changed the record after its link was read, that is undone, and the
/// version is to be held against the change: only what this transaction wrote carries its moment.
fn taken_alone(tx: &mut Tx<'_>, link: &SyncLink, theirs: &Theirs, put: Put<'_>) -> Result<bool> {
    let mut alone = true;
    let taken = tx.attempt(|tx| {
        put(tx)?;
        let present = links::hold(tx, link.id)?;
        let written_here = i64::from(present.updated_at == tx.now);
        alone = present.our_revision - written_here <= link.our_revision;
        if !alone {
            return Err(Error::internal("the record was changed meanwhile"));
        }
        let after = present.clone().pulled(theirs, true, tx.now);
        links::save(tx, &present, after, "sync_link.pulled").map(drop)
    });
    match taken {
        Ok(()) => Ok(true),
        Err(_) if !alone => Ok(false),
        Err(error) => Err(error),
    }
}

/// What comes while something of ours waits: what they alone changed is taken, what we alone changed stays, and what both
/// changed is a conflict. The link is held from the first look on, so that nobody changes the record in between: a change waits
/// at the link, and if it holds the record already, one of the two transactions is tried again.
fn merge(tx: &mut Tx<'_>, link: &SyncLink, theirs: &Theirs, put: Put<'_>) -> Result<Verdict> {
    let link = &links::hold(tx, link.id)?;
    let base = base_of(link, theirs);
    let (kind, id) = (link.resource_type, link.resource_id.clone());
    let found = kind.read(tx, &id)?;
    let ours = kind.written(&found.record)?;
    let their_version = tried(tx, kind, &id, put)?;
    let agreed = events::queries::record_at(tx, (kind.as_str(), &id), base)?;
    let agreed: Option<Fields> = agreed.map(|record| kind.written(&record)).transpose()?;
    let compared = compare(agreed.as_ref(), &ours, &their_version);
    if !compared.conflicts.is_empty() {
        let version = conflicts::Version {
            base: agreed,
            base_revision: base,
            our_revision: found.revision,
            ours,
            theirs: their_version,
        };
        let conflict = conflicts::keep(tx, link, theirs, version, &compared.conflicts)?;
        return Ok(Verdict::Refused(conflict.refusal()));
    }
    let verdict = if compared.theirs.is_empty() {
        Verdict::Kept(id)
    } else if compared.ours.is_empty() {
        put(tx)?;
        Verdict::Taken
    } else {
        kind.change(tx, &id, rules::patch(&compared.theirs, &ours, &their_version))?;
        Verdict::Kept(id)
    };
    conflicts::settle(tx, link.id)?;
    // Whatever of ours was waiting still is: a version that tells some fields alone does not show it.
    let before = links::hold(tx, link.id)?;
    let after = before.clone().pulled(theirs, false, tx.now);
    links::save(tx, &before, after, "sync_link.pulled")?;
    Ok(verdict)
}

/// What the record would be if their version were taken: it is taken, and undone.
fn tried(tx: &mut Tx<'_>, kind: SyncedType, id: &str, put: Put<'_>) -> Result<Fields> {
    let mut version = None;
    let undone: Result<()> = tx.attempt(|tx| {
        put(tx)?;
        let after = kind.read(tx, id)?;
        version = Some(kind.written(&after.record)?);
        Err(Error::internal("it was only tried"))
    });
    match (version, undone) {
        (Some(version), _) => Ok(version),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::internal("what was tried was not undone")),
    }
}
