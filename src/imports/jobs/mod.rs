//! Imports over the API: a file that was uploaded is brought in, in the background, by a mapping that stands in the request.
//!
//! - The rows are read from the file once, a few at a time, into a table; from then on the file is not needed any more, and the
//!   memory that an import takes does not grow with it. Every row keeps its verdict, and what stands in it until it was taken.
//! - The rows are taken in small batches, each one transaction with their verdicts and the place that the import has come to.
//!   A server works on an import under a lease; when it is gone, the next one goes on at that place, and no row is taken twice.
//!   Each server works on one import at a time, the oldest first.
//! - A dry run takes each batch back again. What a row rests on in the same file is brought in with it, so that it is judged as
//!   it would be; rows of different batches that stand in each other's way are found only when it is committed. Committing goes
//!   over the very rows that were looked at, not over the file.
//! - Rows are taken with what their importer is permitted at that moment, by the rules of [`crate::imports`]. An import ends as
//!   failed when whoever brings it in is disabled meanwhile, or may not make such records any more.
//! - The same content by the same mapping is brought in once, unless it is wanted again: a constraint of the database.
//! - Each row that made or changed a record remembers the revision in which it left it, and the event that tells what was before.
//!   An undo goes backwards over them: a record that has another revision by now is named, and left as it is, and so is one with a
//!   part that came from elsewhere.
//! - Rows are kept for a time (`OPENPRM_IMPORT_RETENTION_DAYS`), the import itself for good.

mod authority;
mod handlers;
mod lines;
mod mapping_model;
mod model;
mod problems;
mod queries;
mod reading;
mod row_queries;
mod rules;
mod suggestion;
mod taking;
mod undoing;
mod worker;

pub use model::{Import, ImportUndoVerdict};
pub use queries::release_all;
pub use rules::{STATES, counted};
use utoipa_actix_web::{scope, service_config::ServiceConfig};
pub use worker::{Importer, Step};

use crate::{
    auth::Caller,
    db::{Db, Engine, Tx},
    error::Result,
    files,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/imports")
            .service(handlers::list_imports)
            .service(handlers::create_import)
            .service(handlers::suggest_import_mapping)
            .service(handlers::get_import)
            .service(handlers::list_import_rows)
            .service(handlers::get_import_problems)
            .service(handlers::commit_import)
            .service(handlers::cancel_import)
            .service(handlers::undo_import),
    );
}

/// Ends what leases a server before this one left behind, where this one is the only one: on SQLite. Blocks.
///
/// # Errors
/// What the database reports.
pub fn take_over(db: &Db) -> Result<()> {
    match db.engine() {
        Engine::Sqlite => db.run_now(&Caller::system("imports"), release_all),
        Engine::Postgres => Ok(()),
    }
}

/// Deletes rows of imports whose time is over, at most so many, and the content of a file that nothing else needs with its last
/// row. Tells how many rows.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let mut deleted = 0;
    while let Some(old) = queries::next_expired(tx)? {
        let room = most.saturating_sub(i64::try_from(deleted).unwrap_or(most));
        let gone = row_queries::delete(tx, old.id, room)?;
        deleted += gone;
        if i64::try_from(gone).is_ok_and(|gone| gone >= room) {
            break;
        }
        queries::forget_rows(tx, old.id)?;
        if !queries::needs_file(tx, old.file_id)? {
            files::empty(tx, old.file_id)?;
        }
    }
    Ok(deleted)
}
