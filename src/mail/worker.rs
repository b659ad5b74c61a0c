//! The worker that delivers mail. Several may run, on several machines: each mail is leased to one of them at a time.

use std::{sync::Arc, time::Duration};

use super::{
    Mailer,
    queries::{self, Leased},
};
use crate::{
    auth::{Caller, MasterSecret},
    db::Db,
    error::{Error, Result},
};

/// How often the worker looks for mail.
const LOOKS_EVERY: Duration = Duration::from_secs(2);
/// Mails taken at once.
const AT_ONCE: i64 = 10;

/// Delivers what is queued.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    master: MasterSecret,
    mailer: Arc<dyn Mailer>,
}

impl Worker {
    /// A worker for that queue and port.
    pub fn new(db: &Db, master: &MasterSecret, mailer: Arc<dyn Mailer>) -> Self {
        Self {
            db: db.clone(),
            master: master.clone(),
            mailer,
        }
    }

    /// Delivers until it is dropped. A mail whose delivery is cut off is tried again when its lease has ended.
    pub async fn run(self) {
        loop {
            match self.deliver_due().await {
                Ok(0) => tokio::time::sleep(LOOKS_EVERY).await,
                Ok(_) => {}
                Err(error) => {
                    log::warn!("mail waits: {error}");
                    tokio::time::sleep(LOOKS_EVERY * 5).await;
                }
            }
        }
    }

    /// Delivers what is due now, at most ten mails; tells how many were tried.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn deliver_due(&self) -> Result<usize> {
        let caller = Caller::system("mail");
        let none = self
            .db
            .ask(&caller, |tx| Ok(queries::next_due(tx)?.is_none_or(|due| due > tx.now)))
            .await?;
        if none {
            return Ok(0);
        }
        let mails = self.db.run(&caller, |tx| queries::lease(tx, AT_ONCE)).await?;
        for mail in &mails {
            let outcome = self.deliver(mail.clone()).await?;
            if let Err(why) = &outcome {
                log::warn!("{} was not delivered: {why}", mail.id);
            }
            let settled = mail.clone();
            let ours = self
                .db
                .run(&caller, move |tx| queries::settle(tx, &settled, &outcome))
                .await?;
            if !ours {
                log::warn!("{} took longer than its lease", mail.id);
            }
        }
        Ok(mails.len())
    }

    async fn deliver(&self, mail: Leased) -> Result<std::result::Result<(), String>> {
        let (mailer, master) = (self.mailer.clone(), self.master.clone());
        let work = move || match mail.open(&master) {
            Ok(delivery) => mailer.deliver(&delivery),
            Err(error) => Err(error.to_string()),
        };
        actix_web::web::block(work).await.map_err(Error::internal)
    }
}
