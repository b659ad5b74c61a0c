//! How conflicts are found and resolved. Pure.

use super::model::{
    SyncChoice, SyncConflict, SyncConflictDecision, SyncConflictState, SyncResolution, SyncSide, SyncVersion, Version,
};
use crate::{
    error::{Error, Fault, Result, codes},
    http::Resource as _,
    kernel::{
        Stored, Time,
        ids::{Id as _, SyncConflictId},
        states::{Machine, Transition},
    },
    sync::{kinds::Fields, links::SyncLink, rules::Theirs},
};

/// The life of a conflict.
pub const MACHINE: Machine<SyncConflictState> = Machine {
    name: "sync_conflict.state",
    transitions: &[
        Transition {
            action: "resolve",
            operation: Some("resolveSyncConflict"),
            from: &[SyncConflictState::Open],
            to: &[SyncConflictState::Resolved],
            guards: &["the record is as the conflict shows it"],
        },
        Transition {
            action: "settle",
            operation: None,
            from: &[SyncConflictState::Open],
            to: &[SyncConflictState::Resolved],
            guards: &["a later version of theirs no longer differs"],
        },
        Transition {
            action: "drop",
            operation: None,
            from: &[SyncConflictState::Open],
            to: &[SyncConflictState::Dropped],
            guards: &["the link is gone or leads elsewhere"],
        },
    ],
};

impl SyncConflict {
    /// A new conflict.
    pub fn new(link: &SyncLink, theirs: &Theirs, version: Version, fields: &[String], now: Time) -> Self {
        Self {
            id: SyncConflictId::at(now),
            link_id: Some(link.id),
            system_id: link.system_id,
            resource_type: link.resource_type,
            resource_id: link.resource_id.clone(),
            external_id: link.external_id.clone(),
            state: SyncConflictState::Open,
            base_revision: version.base_revision,
            our_revision: version.our_revision,
            their_revision: theirs.revision.clone(),
            their_changed_at: theirs.changed_at,
            base: version.base.map(|base| Stored(SyncVersion(base))),
            ours: Stored(SyncVersion(version.ours)),
            theirs: Stored(SyncVersion(version.theirs)),
            fields: Stored(fields.to_vec()),
            resolution: None,
            resolved_by: None,
            resolved_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The conflict with what came, or changed here, since it was found.
    #[must_use]
    pub fn renewed(self, theirs: &Theirs, version: Version, fields: &[String], now: Time) -> Self {
        Self {
            base_revision: version.base_revision,
            our_revision: version.our_revision,
            their_revision: theirs.revision.clone(),
            their_changed_at: theirs.changed_at,
            base: version.base.map(|base| Stored(SyncVersion(base))),
            ours: Stored(SyncVersion(version.ours)),
            theirs: Stored(SyncVersion(version.theirs)),
            fields: Stored(fields.to_vec()),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Their revision that is in conflict.
    pub fn their_revision(&self) -> Theirs {
        Theirs {
            revision: self.their_revision.clone(),
            changed_at: self.their_changed_at,
            base: None,
        }
    }

    /// The refusal that names the conflict.
    pub fn refusal(&self) -> Error {
        let fault = |pointer: String, detail: String| Fault {
            pointer,
            code: "sync_conflict".into(),
            detail,
        };
        let mut faults = vec![fault(
            "#".to_owned(),
            format!("Resolve {} by POST {}/resolve.", self.id, self.path()),
        )];
        faults.extend(self.fields.iter().map(|name| {
            // Where their call says it: parts have names of their own here alone.
            let field = name.split_once(':').map_or(name.as_str(), |(field, _)| field);
            fault(
                format!("#/{field}"),
                "It was changed here, too, since both sides agreed.".to_owned(),
            )
        }));
        Error::new(&codes::SYNC_CONFLICT)
            .detail(format!(
                "Both sides changed the record since they agreed; both versions are kept in {}.",
                self.id
            ))
            .faults(faults)
    }

    /// What they have otherwise than we had it when the two were held against each other. What was the same then and was changed
    /// here since, we alone have changed: their version has it only because it says nothing else.
    pub fn brought(&self) -> Fields {
        let (ours, theirs) = (&self.ours.0.0, &self.theirs.0.0);
        let differ = theirs.iter().filter(|(name, their)| ours.get(*name) != Some(*their));
        differ.map(|(name, their)| (name.clone(), their.clone())).collect()
    }

    /// Whether there is something to be chosen now, of these fields in conflict, that it does not show as it is.
    pub fn is_outdated(&self, ours: &Fields, conflicts: &[String]) -> bool {
        conflicts
            .iter()
            .any(|field| !self.fields.contains(field) || ours.get(field) != self.ours.0.0.get(field))
    }

    /// The fields of which theirs shall stand.
    ///
    /// # Errors
    /// 409 `contradiction` for fields that are not in conflict, and for those that nothing is said of.
    pub fn chosen(&self, decision: &SyncConflictDecision) -> Result<Vec<String>> {
        let listed = |what: &str| {
            decision.fields.is_empty().then_some(()).ok_or_else(|| {
                Error::contradicts(
                    "#/fields",
                    "not_taken",
                    format!("With `{what}` no field is chosen by itself."),
                )
            })
        };
        match decision.resolution {
            SyncChoice::Ours => listed("ours").map(|()| Vec::new()),
            SyncChoice::Theirs => listed("theirs").map(|()| self.fields.0.clone()),
            SyncChoice::Fields => {
                let mut faults: Vec<Fault> = Vec::new();
                for (index, choice) in decision.fields.iter().enumerate() {
                    let earlier = decision.fields.iter().take(index).any(|one| one.field == choice.field);
                    if !self.fields.contains(&choice.field) || earlier {
                        faults.push(Fault {
                            pointer: format!("#/fields/{index}/field"),
                            code: "unknown_value".into(),
                            detail: format!("Name each of these once: {}.", self.fields.join(", ")),
                        });
                    }
                }
                let said = |field: &String| decision.fields.iter().any(|one| one.field == *field);
                for field in self.fields.iter().filter(|field| !said(field)) {
                    faults.push(Fault {
                        pointer: "#/fields".to_owned(),
                        code: "required".into(),
                        detail: format!("Say whose value of `{field}` shall stand."),
                    });
                }
                if !faults.is_empty() {
                    return Err(Error::contradiction(faults));
                }
                let taken = decision.fields.iter().filter(|one| one.take == SyncSide::Theirs);
                Ok(taken.map(|one| one.field.clone()).collect())
            }
        }
    }

    /// The conflict, resolved.
    ///
    /// # Errors
    /// 409 `invalid_state` unless it is open.
    pub fn resolved(self, how: SyncResolution, by: String, now: Time) -> Result<Self> {
        let action = if how == SyncResolution::Settled {
            "settle"
        } else {
            "resolve"
        };
        Ok(Self {
            state: MACHINE.go(self.state, action)?,
            resolution: Some(how),
            resolved_by: Some(by),
            resolved_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The conflict of a link that is gone.
    #[must_use]
    pub fn dropped(self, now: Time) -> Self {
        let open = self.state == SyncConflictState::Open;
        Self {
            link_id: None,
            state: if open { SyncConflictState::Dropped } else { self.state },
            resolved_at: self.resolved_at.or(Some(now)),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

impl SyncChoice {
    /// How a conflict is resolved by it.
    pub const fn resolution(self) -> SyncResolution {
        match self {
            Self::Ours => SyncResolution::Ours,
            Self::Theirs => SyncResolution::Theirs,
            Self::Fields => SyncResolution::Fields,
        }
    }
}
