//! Who did what. One record for each fact, in its transaction; chained by hashes afterwards.
//!
//! A record holds no payload, only a salted digest of one, so that erasing personal data leaves the chain whole. Each link
//! is the SHA-256 of the link before it and of the record; so nobody can change, add, remove or move a record of the chain
//! without every later link being wrong. Who may write to the database could make the whole chain anew: keep an [`Anchor`]
//! now and then where they cannot write, and check it with `openprm verify --anchor`.
//!
//! A record is chained within moments of its commit. Until then it is the tail, which the chain does not protect yet.

mod chain;
mod queries;
mod verification;

pub use chain::{Anchor, GENESIS};
use queries::Link;
pub use queries::{AuditRow, append, waiting};
pub use verification::{Broken, Report, anchored, verify};

use crate::{
    db::Tx,
    error::Result,
    events::marks::{
        Mark,
        queries::{self as marks, Reached},
    },
};

/// Adds at most so many records to the chain, in the order of their insertion, where it stands; tells how many. Whoever calls
/// holds the lease of its mark.
///
/// # Errors
/// What the database reports.
pub fn chain(tx: &mut Tx<'_>, mut reached: Reached, most: i64) -> Result<i64> {
    let mut links = Vec::new();
    for record in queries::unchained(tx, most)? {
        let before = reached.hash.take().unwrap_or_else(|| GENESIS.to_owned());
        let position = reached.position + 1;
        let hash = record.link(position, &before);
        reached = Reached {
            position,
            hash: Some(hash.clone()),
        };
        links.push(Link {
            seq: record.seq,
            position,
            before,
            hash,
        });
    }
    if !links.is_empty() {
        queries::link(tx, &links)?;
        marks::advance(tx, Mark::AuditChain, &reached)?;
    }
    Ok(i64::try_from(links.len()).unwrap_or(most))
}
