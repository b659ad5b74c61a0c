//! The only file that knows the table of programs. They belong to no partner; partners do not see drafts.

use diesel::prelude::*;

use super::model::{Program, ProgramFilter, ProgramSort, ProgramStatus};
use crate::{
    auth::Caller,
    custom_fields::{self, CustomRecord},
    db::{Clause, Lock, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        ids::ProgramId,
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, revise,
    schema::programs::{self, table},
};

fn visible(caller: &Caller) -> Clause {
    let mut clause = Clause::all();
    if !caller.is_vendor() {
        clause.one_of("programs.status", &[ProgramStatus::Active, ProgramStatus::Retired]);
    }
    clause
}

/// One page of programs.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ProgramFilter, paging: &Paging) -> Result<Page<Program>> {
    let sort = filter.sort.unwrap_or(ProgramSort::Name);
    let mut clause = visible(tx.caller());
    clause.one_of_some("programs.status", filter.status.as_ref());
    if let Some(q) = &filter.q {
        clause.contains("programs.name_key", &fold(q));
    }
    custom_fields::filter(
        tx,
        &mut clause,
        CustomRecord::Program,
        "programs.id",
        filter.custom.as_ref(),
    )?;
    let rows = load_page!(tx, table => Program, clause, sort.order(), paging)?;
    let mut page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    custom_fields::shown(
        tx,
        CustomRecord::Program,
        page.data.iter_mut().map(|program| &mut program.custom.0),
    )?;
    Ok(page)
}

fn key(sort: ProgramSort, row: &Program) -> Key {
    match sort {
        ProgramSort::Name | ProgramSort::NameDescending => row.name_key.as_str().into(),
        ProgramSort::Created | ProgramSort::CreatedDescending => row.created_at.into(),
        ProgramSort::Updated | ProgramSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The program with that id.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find(tx: &mut Tx<'_>, id: ProgramId) -> Result<Program> {
    let clause = visible(tx.caller());
    let mut program: Program = table
        .find(id)
        .filter(clause)
        .select(Program::as_select())
        .get_result(tx.conn())?;
    custom_fields::shown(tx, CustomRecord::Program, [&mut program.custom.0])?;
    Ok(program)
}

/// The program with that code.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Program> {
    let clause = visible(tx.caller());
    Ok(table
        .filter(programs::code.eq(code))
        .filter(clause)
        .select(Program::as_select())
        .get_result(tx.conn())?)
}

/// Keeps the program's versions as they are until the transaction ends: nobody publishes while somebody is enrolled,
/// moved or evaluated. Writers of SQLite are alone anyway.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>, id: ProgramId) -> Result<()> {
    tx.hold(Lock::Share, table.find(id).select(programs::id))
}

/// Stores a new program, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its code is taken.
pub fn insert(tx: &mut Tx<'_>, program: Program) -> Result<Program> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&program).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                let detail = format!("There is already a program `{}`.", program.code);
                Error::new(&codes::ALREADY_EXISTS).fault("#/code", "already_exists", detail)
            })
        })?;
    let id = program.id.to_string();
    custom_fields::keep(tx, CustomRecord::Program, &id, None, &program.custom.0)?;
    tx.record(Fact::created("program.created", &program))?;
    Ok(program)
}

/// Stores a changed program over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Program, after: Program, kind: &'static str) -> Result<Program> {
    revise!(tx, table, programs::revision, (before.id, before.revision), &after)?;
    let (id, known) = (after.id.to_string(), &before.custom.0);
    custom_fields::keep(tx, CustomRecord::Program, &id, Some(known), &after.custom.0)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}
