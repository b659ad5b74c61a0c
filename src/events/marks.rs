//! How far the feed and the audit chain have come, and which instance works on them now.

pub mod queries;

use crate::words;

words! {
    /// What has come how far.
    pub Mark {
        /// The last position that was given to an event.
        EventSequencer = "event_sequencer",
        /// Events up to this position have expired, and only those may be deleted.
        EventHorizon = "event_horizon",
        /// The last link of the audit chain.
        AuditChain = "audit_chain",
        /// Of events up to this position people were told.
        Notices = "notices",
    }
}
