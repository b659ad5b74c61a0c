//! Mails as they would leave.

use std::sync::{Arc, Mutex};

use openprm::mail::{Delivery, Mailer, Worker};

use super::World;

/// Takes mails instead of a server.
#[derive(Default)]
struct Inbox(Mutex<Vec<Delivery>>);

impl Mailer for Inbox {
    fn deliver(&self, mail: &Delivery) -> std::result::Result<(), String> {
        self.0.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

/// The mails that are due now, delivered.
pub async fn delivered(world: &World) -> Vec<Delivery> {
    let inbox = Arc::new(Inbox::default());
    let worker = Worker::new(&world.db, world.state.identity.master(), inbox.clone());
    while worker.deliver_due().await.unwrap() > 0 {}
    inbox.0.lock().unwrap().clone()
}
