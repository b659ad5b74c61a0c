//! Facts that health and engagement are worked out from. Their history begins on the day on which this was first run: what
//! was not written down then cannot be made up for later.
//!
//! - **Use**: what the people of partners did on a day (UTC), by the kind of record: how often they looked at something,
//!   searched, searched in vain, and changed something. Counts alone: not which record, not which words, not at what hour.
//!   Nothing is counted of the vendor's people, whose work is nobody's engagement, and nothing of machines. What a portal asks
//!   by itself, such as who is signed in and how many notices wait, is nobody's act and does not count.
//! - **Response times**: how long the vendor, and how long a partner, let the other wait for an answer ([`responses`]). Of
//!   partners, not of persons.
//! - **Sign-in days** are read from the sign-ins themselves.
//!
//! A read must not become a write: use is counted in memory and written down every [`FLUSH_EVERY`], many counts in one
//! transaction, and when the server ends. A server that is killed loses at most the counts since the last time. They are no
//! records of the program: nobody decides by one row of them, and an event and an audit record for each would say more about
//! people than the counts do. So they are written without, like sign-ins and throttles.
//!
//! `OPENPRM_USAGE=off` switches the counting of use off. Everything here is deleted after `OPENPRM_USAGE_RETENTION_DAYS`.

mod engagement;
mod queries;
mod recorder;
pub mod responses;
mod rules;

pub use engagement::list_engagement;
pub use queries::{days_kept, delete_old};
pub use recorder::{FLUSH_EVERY, Recorder, Use};
pub use rules::{counted_as, kind};

use crate::{auth::Caller, config::Retention, db::Db, error::Result, words};

words! {
    /// What somebody did.
    pub UseKind {
        /// Looked at a record or a list.
        View = "view",
        /// Searched or filtered a list, and found something.
        Search = "search",
        /// Searched or filtered a list, and found nothing.
        EmptySearch = "empty_search",
        /// Changed something.
        Action = "action",
    }

    /// What is kept for a number of days.
    pub Kept {
        /// Counts of use, and response times.
        Usage = "usage",
        /// Sign-ins and failed tries.
        SignIns = "sign_ins",
        /// Where a sign-in came from.
        SignInAddresses = "sign_in_addresses",
        /// The events of the feed.
        Events = "events",
    }
}

/// Writes down for how many days things are kept, so that every job deletes by the same terms, whoever runs it.
///
/// # Errors
/// What the database reports.
pub fn settle(db: &Db, retention: Retention) -> Result<()> {
    db.run_now(&Caller::system("retention"), move |tx| {
        for (kept, days) in [
            (Kept::Usage, retention.usage),
            (Kept::SignIns, retention.sign_ins),
            (Kept::SignInAddresses, retention.addresses),
            (Kept::Events, retention.events),
        ] {
            queries::keep(tx, kept, days)?;
        }
        Ok(())
    })
}
