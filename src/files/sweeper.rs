//! The worker that deletes from the stores what nobody needs. Several may run, on several machines: what is deleted twice is
//! deleted, and nothing else.

use std::time::Duration;

use super::{Files, queries};
use crate::{auth::Caller, db::Db, error::Result};

/// How often the worker looks.
const LOOKS_EVERY: Duration = Duration::from_secs(60);
/// Objects taken at once.
const AT_ONCE: i64 = 50;

/// Deletes objects that are doomed, or were left half-written.
#[derive(Clone)]
pub struct Sweeper {
    db: Db,
    files: Files,
}

impl Sweeper {
    /// A sweeper of those stores.
    pub fn new(db: &Db, files: &Files) -> Self {
        Self {
            db: db.clone(),
            files: files.clone(),
        }
    }

    /// Sweeps until it is dropped. What is cut off is swept later.
    pub async fn run(self) {
        loop {
            match self.sweep().await {
                Ok(0) => tokio::time::sleep(LOOKS_EVERY).await,
                Ok(done) => log::info!("{done} objects of files deleted"),
                Err(error) => {
                    log::warn!("objects of files wait to be deleted: {error}");
                    tokio::time::sleep(LOOKS_EVERY).await;
                }
            }
        }
    }

    /// Deletes at most fifty objects; tells how many. No transaction is open while a store is asked. An object that could not
    /// be deleted goes to the end of the queue.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn sweep(&self) -> Result<usize> {
        let caller = Caller::system("file_sweep");
        if !self.db.ask(&caller, queries::is_anything_left).await? {
            return Ok(0);
        }
        let left = self.db.run(&caller, |tx| queries::left(tx, AT_ONCE)).await?;
        let mut done = 0;
        for (key, location) in left {
            let removed = match self.files.at(&location) {
                Ok(store) => store.remove(&key).await,
                Err(error) => Err(error),
            };
            match removed {
                Ok(()) => {
                    self.db.run(&caller, move |tx| queries::forget(tx, &key)).await?;
                    done += 1;
                }
                Err(error) => {
                    log::warn!("{key} in {location} waits to be deleted: {error}");
                    self.db.run(&caller, move |tx| queries::doom(tx, &key)).await?;
                }
            }
        }
        Ok(done)
    }
}
