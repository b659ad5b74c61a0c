//! What may happen to imports. Pure.

use serde_json::{Value, json};

use super::{
    mapping_model::ImportMapping,
    model::{Import, ImportFormat, ImportStatus, ImportUndoVerdict, NewImport},
};
use crate::{
    auth::{Caller, permissions},
    error::{Error, Result, codes},
    imports::{ImportKind, ImportVerdict, digest, mapping::Mapping},
    kernel::{
        Stored, Time,
        ids::ImportId,
        states::{FailingGuard, Machine, Transition, guard},
    },
};

use ImportStatus::{Cancelled, Failed, Finished, Queued, Running, Undoing, Undone};

/// The life of an import.
pub const STATES: Machine<ImportStatus> = Machine {
    name: "import.status",
    transitions: &[
        Transition {
            action: "start",
            operation: None,
            from: &[Queued],
            to: &[Running],
            guards: &["a server takes it on"],
        },
        Transition {
            action: "finish",
            operation: None,
            from: &[Running],
            to: &[Finished],
            guards: &["every row has its verdict"],
        },
        Transition {
            action: "fail",
            operation: None,
            from: &[Queued, Running, Undoing],
            to: &[Failed],
            guards: &["it cannot go on"],
        },
        Transition {
            action: "cancel",
            operation: Some("cancelImport"),
            from: &[Queued, Running],
            to: &[Cancelled],
            guards: &[],
        },
        Transition {
            action: "commit",
            operation: Some("commitImport"),
            from: &[Finished],
            to: &[Queued],
            guards: &["it was a dry run", "its rows are still kept"],
        },
        Transition {
            action: "undo",
            operation: Some("undoImport"),
            from: &[Finished, Failed, Cancelled],
            to: &[Undoing],
            guards: &["it was no dry run", "its rows are still kept"],
        },
        Transition {
            action: "finish_undo",
            operation: None,
            from: &[Undoing],
            to: &[Undone],
            guards: &["every row that made or changed a record was looked at"],
        },
    ],
};

/// The operation that makes such a record by hand: whoever may not call it imports none.
const fn operation(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Territories => "createTerritory",
        ImportKind::Products => "createProduct",
        ImportKind::Users => "inviteUser",
        ImportKind::Partners => "createPartner",
        ImportKind::People => "createPerson",
        ImportKind::AccountManagers => "assignAccountManager",
        ImportKind::TierMemberships => "enrolPartner",
        ImportKind::CustomerAccounts => "createCustomerAccount",
        ImportKind::DirectOpportunities => "createDirectOpportunity",
        ImportKind::NamedAccounts => "createNamedAccount",
        ImportKind::InstalledBase => "createInstalledBase",
        ImportKind::Deals => "createDeal",
    }
}

/// Whether such records come as history alone.
const fn is_history(kind: ImportKind) -> bool {
    matches!(
        kind,
        ImportKind::Partners | ImportKind::AccountManagers | ImportKind::TierMemberships | ImportKind::Deals
    )
}

/// Checks that the caller may make such records at all.
///
/// # Errors
/// 403 `forbidden` with the operation that they may not call; 409 `contradiction` for what a module that is off would take.
pub fn check_permitted(caller: &Caller, kind: ImportKind) -> Result<()> {
    let operation = operation(kind);
    if caller.request().switches.is_off(operation) {
        let detail = format!("There are no {kind} at this server: their module is switched off.");
        return Err(Error::contradicts("#/kind", "module_off", detail));
    }
    if permissions::may_call(caller, operation) {
        return Ok(());
    }
    Err(Error::new(&codes::FORBIDDEN).detail(format!(
        "Whoever imports {kind} must be permitted `{operation}`, and you are not."
    )))
}

/// The mapping as it is worked with, if it is sound.
///
/// # Errors
/// 409 `contradiction` with everything that is wrong with it.
pub fn mapping(id: ImportId, kind: ImportKind, system: &str, given: &ImportMapping) -> Result<Mapping> {
    let unsound = |detail: String| Error::contradicts("#/mapping", "unsound_mapping", detail);
    let whole = json!({
        "name": id.to_string(),
        "system": system,
        "formats": given.formats,
        "tables": given.tables,
        "step": [{
            "entity": kind,
            "file": "the file",
            "key": given.key,
            "fields": given.fields,
            "when": given.when,
        }],
    });
    let mapping: Mapping = serde_json::from_value(whole).map_err(|error| unsound(format!("{error}.")))?;
    let faults = mapping.faults();
    if faults.is_empty() {
        Ok(mapping)
    } else {
        Err(unsound(format!("The mapping is not sound: {}.", faults.join("; "))))
    }
}

/// What an import has in common with any other of the same content, by the same mapping, that keeps as much.
pub fn content_key(import: &Import) -> String {
    let said = json!([
        import.file_sha256,
        import.kind,
        import.system,
        import.format,
        import.mapping.0,
        import.legacy,
        import.dry_run,
    ]);
    digest(said.to_string().as_bytes())
}

/// What became of the rows of an import that an event tells of, in a line.
pub fn counted(import: &Value) -> String {
    let words = [
        "created",
        "updated",
        "unchanged",
        "draft",
        "skipped",
        "rejected",
        "removed",
        "restored",
        "left",
    ];
    let count = |word: &str| import.get(format!("rows_{word}")).and_then(Value::as_i64).unwrap_or(0);
    let told: Vec<String> = words
        .iter()
        .map(|word| (word, count(word)))
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    told.join(", ")
}

/// What is known of the file of an import.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// How many bytes it has.
    pub size: i64,
    /// How its rows are written.
    pub format: ImportFormat,
}

impl Import {
    /// A new import, which waits for a server.
    ///
    /// # Errors
    /// 409 `contradiction` for records that come as history alone, if that is not declared.
    pub fn new(id: ImportId, new: &NewImport, file: &FileFacts, by: String, now: Time) -> Result<Self> {
        if is_history(new.kind) && !new.legacy {
            let detail = format!(
                "{} come as history alone: nobody is notified, and guards about time are left out; say `legacy: true` to agree.",
                new.kind
            );
            return Err(Error::contradicts("#/legacy", "history_alone", detail));
        }
        Ok(Self {
            id,
            status: Queued,
            kind: new.kind,
            system: new.system.clone(),
            format: file.format,
            file_id: new.file_id,
            file_name: file.name.clone(),
            file_sha256: file.sha256.clone(),
            dry_run: new.dry_run,
            legacy: new.legacy,
            mapping: Stored(new.mapping.clone()),
            bytes_total: file.size,
            bytes_read: 0,
            rows_read: 0,
            rows_done: 0,
            rows_created: 0,
            rows_updated: 0,
            rows_unchanged: 0,
            rows_draft: 0,
            rows_skipped: 0,
            rows_rejected: 0,
            rows_removed: 0,
            rows_restored: 0,
            rows_left: 0,
            error: None,
            created_by: by,
            started_at: None,
            finished_at: None,
            expires_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    fn moved(self, status: ImportStatus, now: Time) -> Self {
        Self {
            status,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The import, taken on by a server.
    ///
    /// # Errors
    /// 409 `invalid_state` unless it waits.
    pub fn started(self, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "start")?;
        let started_at = self.started_at.or(Some(now));
        Ok(Self {
            started_at,
            ..self.moved(status, now)
        })
    }

    /// The import at its end: `finish`, `cancel`, `finish_undo`. Its rows are kept until then.
    ///
    /// # Errors
    /// 409 `invalid_state` if its state does not permit that.
    pub fn ended(self, action: &'static str, kept_until: Time, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, action)?;
        Ok(Self {
            finished_at: Some(now),
            expires_at: Some(kept_until),
            ..self.moved(status, now)
        })
    }

    /// The import that cannot go on, and why.
    ///
    /// # Errors
    /// 409 `invalid_state` if its state does not permit that.
    pub fn failed(self, error: &str, kept_until: Time, now: Time) -> Result<Self> {
        Ok(Self {
            error: Some(error.chars().take(4000).collect()),
            ..self.ended("fail", kept_until, now)?
        })
    }

    /// Whether what its rows say is still there.
    fn kept(&self, now: Time) -> Option<FailingGuard> {
        let over = self.expires_at.is_some_and(|until| until <= now);
        over.then(|| {
            let detail = "The time to keep its rows is over, so nothing is known of them any more.";
            guard("rows_kept", "#/expires_at", detail)
        })
    }

    fn guarded(&self, action: &'static str, failing: Vec<FailingGuard>) -> Result<()> {
        if failing.is_empty() {
            Ok(())
        } else {
            Err(Error::guards(self.status, action, failing))
        }
    }

    /// The dry run, to be gone over once more and kept: rows that had their verdict when they were read keep it.
    ///
    /// # Errors
    /// 409 `invalid_state`; 409 `guard_failed` if it was none, or its rows are gone.
    pub fn committed(self, (skipped, rejected): (i64, i64), now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "commit")?;
        let detail = "It was no dry run: what it brought in was kept.";
        let wrong = (!self.dry_run).then(|| guard("was_dry_run", "#/dry_run", detail));
        self.guarded("commit", wrong.into_iter().chain(self.kept(now)).collect())?;
        Ok(Self {
            dry_run: false,
            rows_done: skipped + rejected,
            rows_created: 0,
            rows_updated: 0,
            rows_unchanged: 0,
            rows_draft: 0,
            rows_skipped: skipped,
            rows_rejected: rejected,
            finished_at: None,
            expires_at: None,
            ..self.moved(status, now)
        })
    }

    /// The import, to be taken back.
    ///
    /// # Errors
    /// 409 `invalid_state`; 409 `guard_failed` for a dry run, or if its rows are gone.
    pub fn undoing(self, now: Time) -> Result<Self> {
        let status = STATES.go(self.status, "undo")?;
        let detail = "It was a dry run: nothing of it was kept, and nothing is to be taken back.";
        let wrong = self.dry_run.then(|| guard("was_kept", "#/dry_run", detail));
        self.guarded("undo", wrong.into_iter().chain(self.kept(now)).collect())?;
        Ok(Self {
            error: None,
            finished_at: None,
            expires_at: None,
            ..self.moved(status, now)
        })
    }

    /// Whether nothing goes on with it.
    pub const fn has_ended(&self) -> bool {
        !matches!(self.status, Queued | Running | Undoing)
    }

    /// Counts a row with its verdict.
    pub const fn count(&mut self, verdict: ImportVerdict) {
        let rows = match verdict {
            ImportVerdict::Created => &mut self.rows_created,
            ImportVerdict::Updated => &mut self.rows_updated,
            ImportVerdict::Unchanged => &mut self.rows_unchanged,
            ImportVerdict::Draft => &mut self.rows_draft,
            ImportVerdict::Skipped => &mut self.rows_skipped,
            ImportVerdict::Rejected => &mut self.rows_rejected,
        };
        *rows += 1;
        self.rows_done += 1;
    }

    /// Counts a row that was taken back, or not.
    pub const fn count_undone(&mut self, verdict: ImportUndoVerdict) {
        let rows = match verdict {
            ImportUndoVerdict::Removed => &mut self.rows_removed,
            ImportUndoVerdict::Restored => &mut self.rows_restored,
            ImportUndoVerdict::Left => &mut self.rows_left,
        };
        *rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        imports::jobs::mapping_model::{ImportCell, ImportFields, ImportFormats, ImportTables},
        kernel::ids::{FileId, Id as _},
    };

    fn given(fields: &[&str]) -> ImportMapping {
        let cell = |column: &str| ImportCell {
            column: Some(column.to_owned()),
            ..ImportCell::default()
        };
        ImportMapping {
            key: cell("Id"),
            fields: ImportFields(fields.iter().map(|name| ((*name).to_owned(), cell(name))).collect()),
            when: Vec::new(),
            tables: ImportTables::default(),
            formats: ImportFormats::default(),
        }
    }

    fn made(dry_run: bool) -> Import {
        let now = Time::from_micros(1);
        let new = NewImport {
            file_id: FileId::at(now),
            kind: ImportKind::CustomerAccounts,
            format: None,
            system: "crm".to_owned(),
            mapping: given(&["name"]),
            dry_run,
            legacy: false,
            again: false,
        };
        let file = FileFacts {
            name: "a.csv".to_owned(),
            sha256: "0".repeat(64),
            size: 10,
            format: ImportFormat::Csv,
        };
        Import::new(ImportId::at(now), &new, &file, "user".to_owned(), now).unwrap()
    }

    #[test]
    fn a_mapping_of_a_request_is_what_one_of_a_file_is() {
        let id = ImportId::at(Time::from_micros(1));
        let mapping_of = |kind, fields: &[&str]| mapping(id, kind, "crm", &given(fields));
        let mapping = mapping_of(ImportKind::CustomerAccounts, &["name", "address.city"]).unwrap();
        assert_eq!((mapping.system.as_str(), mapping.steps.len()), ("crm", 1));
        let refusal = mapping_of(ImportKind::Territories, &["name", "colour"]).unwrap_err();
        let said = refusal.all_faults()[0].detail.clone();
        assert!(
            said.contains("no field `colour`") && said.contains("`code` is required"),
            "{said}"
        );
    }

    #[test]
    fn every_kind_has_an_operation_that_makes_it_by_hand() {
        for kind in ImportKind::ALL {
            assert!(permissions::of(operation(*kind)).is_some(), "{kind}");
        }
    }

    #[test]
    fn a_dry_run_is_committed_once_and_what_was_kept_is_undone() {
        let (now, until) = (Time::from_micros(5), Time::from_micros(1_000));
        let finished = |import: Import| import.started(now).unwrap().ended("finish", until, now).unwrap();
        let dry = finished(made(true));
        assert!(dry.clone().undoing(now).unwrap_err().is(&codes::GUARD_FAILED));
        let again = dry.clone().committed((2, 1), now).unwrap();
        assert_eq!((again.status, again.dry_run, again.rows_done), (Queued, false, 3));
        assert!(
            dry.committed((0, 0), until).unwrap_err().is(&codes::GUARD_FAILED),
            "its rows are gone"
        );
        let kept = finished(again);
        assert!(
            kept.clone()
                .committed((0, 0), now)
                .unwrap_err()
                .is(&codes::GUARD_FAILED)
        );
        let undone = kept.undoing(now).unwrap().ended("finish_undo", until, now).unwrap();
        assert!(undone.has_ended() && undone.undoing(now).unwrap_err().is(&codes::INVALID_STATE));
    }

    #[test]
    fn the_same_content_by_the_same_mapping_is_told() {
        let (one, other) = (made(true), made(true));
        assert_eq!(content_key(&one), content_key(&other));
        assert_ne!(content_key(&one), content_key(&made(false)));
        let mut another = made(true);
        another.mapping.0 = given(&["name", "website"]);
        assert_ne!(content_key(&one), content_key(&another));
    }
}
