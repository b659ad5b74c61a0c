//! What may happen to programs. Pure.

use super::model::{NewProgram, Program, ProgramPatch, ProgramStatus};
use crate::{
    custom_fields::CustomFields,
    error::Result,
    kernel::{
        Stored, Time,
        ids::{Id as _, ProgramId},
        states::{Machine, Transition},
        words::fold,
    },
};

use ProgramStatus::{Active, Draft, Retired};

/// What a program's status allows.
pub const MACHINE: Machine<ProgramStatus> = Machine {
    name: "program.status",
    transitions: &[
        Transition {
            action: "publish",
            operation: Some("publishProgramVersion"),
            from: &[Draft, Active],
            to: &[Active],
            guards: &["A draft version has an entry tier of rank 1 and begins after the versions before it."],
        },
        Transition {
            action: "enrol",
            operation: Some("enrolPartner"),
            from: &[Active],
            to: &[Active],
            guards: &["A version is in force."],
        },
        Transition {
            action: "retire",
            operation: Some("retireProgram"),
            from: &[Draft, Active],
            to: &[Retired],
            guards: &[],
        },
    ],
};

impl Program {
    /// A new program.
    pub fn new(new: &NewProgram, custom: CustomFields, now: Time) -> Self {
        Self {
            id: ProgramId::at(now),
            code: new.code.clone(),
            name: new.name.clone(),
            name_key: fold(&new.name),
            description: new.description.clone(),
            status: Draft,
            distributor_sees_resellers: new.distributor_sees_resellers,
            custom: Stored(custom),
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The program with the changes made.
    #[must_use]
    pub fn patched(self, patch: &ProgramPatch, custom: CustomFields, now: Time) -> Self {
        let name = patch.name.clone().unwrap_or(self.name);
        Self {
            name_key: fold(&name),
            name,
            description: patch.description.clone().apply(self.description),
            distributor_sees_resellers: patch
                .distributor_sees_resellers
                .unwrap_or(self.distributor_sees_resellers),
            custom: Stored(custom),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The program after that action.
    ///
    /// # Errors
    /// 409 `invalid_state` if its status does not allow it.
    pub fn after(self, action: &'static str, now: Time) -> Result<Self> {
        let status = MACHINE.go(self.status, action)?;
        Ok(Self {
            status,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}
