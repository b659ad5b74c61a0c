//! What goes on by itself while the story is told: things lapse, people are told and reminded, as they would have been.

use std::sync::Arc;

use crate::{
    auth::MasterSecret,
    db::Db,
    error::Result,
    events::sequencer::Sequencer,
    jobs::{self, JOBS},
    mail::{Delivery, Mailer, Worker},
    modules::Switches,
};

/// Takes the mails of the story to nobody: its people never were.
struct Nobody;

impl Mailer for Nobody {
    fn deliver(&self, _mail: &Delivery) -> std::result::Result<(), String> {
        Ok(())
    }
}

/// Runs what a server runs in the background.
pub struct Nights {
    db: Db,
    sequencer: Sequencer,
    mails: Worker,
}

impl Nights {
    /// For that database.
    pub fn new(db: &Db, master: &MasterSecret) -> Self {
        Self {
            db: db.clone(),
            sequencer: Sequencer::new(),
            mails: Worker::new(db, master, Arc::new(Nobody)),
        }
    }

    /// Does all that is due at the story's present moment.
    ///
    /// # Errors
    /// What a job reports.
    pub async fn pass(&self) -> Result<()> {
        self.sequencer.catch_up(&self.db)?;
        for job in JOBS {
            jobs::run_by_name(&self.db, &Switches::default(), job.name)?;
        }
        self.sequencer.release(&self.db)?;
        while self.mails.deliver_due().await? > 0 {}
        Ok(())
    }
}
