//! The only file that knows the table of policies.

use diesel::prelude::*;

use super::model::{Document, NewProgramSettings, ProgramSettings};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Stored, Time,
        page::{Key, Order, Page, Paging},
    },
    load_page, on_each,
    schema::policies::{self, table},
};

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = policies)]
struct PolicyRow {
    version: i64,
    valid_from: Time,
    document: Stored<Document>,
    note: Option<String>,
    created_by: String,
    created_at: Time,
}

impl From<PolicyRow> for ProgramSettings {
    fn from(row: PolicyRow) -> Self {
        Self {
            version: row.version,
            valid_from: Some(row.valid_from),
            note: row.note,
            created_by: Some(row.created_by),
            registration: row.document.0.registration,
            conflict: row.document.0.conflict,
            partners: row.document.0.partners,
        }
    }
}

/// The settings that hold at that moment.
///
/// # Errors
/// What the database reports.
pub fn in_force(tx: &mut Tx<'_>, at: Time) -> Result<ProgramSettings> {
    let row: Option<PolicyRow> = on_each!(tx, |c| table
        .filter(policies::valid_from.le(at))
        .order((policies::valid_from.desc(), policies::version.desc()))
        .select(PolicyRow::as_select())
        .first(c)
        .optional())?;
    Ok(row.map_or_else(
        || {
            let Document {
                registration,
                conflict,
                partners,
            } = Document::default();
            ProgramSettings {
                version: 0,
                valid_from: None,
                note: None,
                created_by: None,
                registration,
                conflict,
                partners,
            }
        },
        ProgramSettings::from,
    ))
}

/// One page of the versions, newest first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, paging: &Paging) -> Result<Page<ProgramSettings>> {
    let order = Order {
        column: "policies.version",
        id: "policies.version",
        descending: true,
    };
    let mut paging = paging.clone();
    // The key is the id here, so that a page begins by it alone.
    let mut clause = Clause::all();
    if let Some((Key::Number(version), _)) = paging.after.take() {
        clause.below("policies.version", Some(&version));
    }
    let rows = load_page!(tx, table => PolicyRow, clause, order, &paging)?;
    let page = Page::of(rows, &paging, |row: &PolicyRow| {
        (row.version.into(), row.version.to_string())
    });
    Ok(page.map(ProgramSettings::from))
}

/// Stores a new version over the one that was read.
///
/// # Errors
/// 412 if another version was stored meanwhile.
pub fn append(tx: &mut Tx<'_>, before: &ProgramSettings, new: NewProgramSettings) -> Result<ProgramSettings> {
    let row = PolicyRow {
        version: before.version + 1,
        valid_from: tx.now,
        document: Stored(Document {
            registration: new.registration,
            conflict: new.conflict,
            partners: new.partners,
        }),
        note: new.note,
        created_by: tx.caller().actor_text(),
        created_at: tx.now,
    };
    tx.attempt(|tx| Ok(on_each!(tx, |c| diesel::insert_into(table).values(&row).execute(c))?))
        .map_err(|error| {
            if error.is(&codes::ALREADY_EXISTS) {
                Error::new(&codes::PRECONDITION_FAILED)
            } else {
                error
            }
        })?;
    let after = ProgramSettings::from(row);
    tx.record(Fact::changed("program_settings.updated", before, &after))?;
    Ok(after)
}
