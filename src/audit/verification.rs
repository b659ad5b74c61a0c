//! Walks the whole chain, and names the first record that does not fit.

use super::{
    chain::{Anchor, GENESIS, Record},
    queries::{self, Linked},
};
use crate::{
    db::Tx,
    error::Result,
    events::{
        self,
        marks::{Mark, queries as marks},
    },
};

/// Records that are read at once.
const AT_ONCE: i64 = 1000;

/// The first record that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its place in the chain; none of one that is not chained yet.
    pub position: Option<i64>,
    /// Its id.
    pub record: Option<String>,
    /// What does not fit.
    pub why: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.record, self.position) {
            (Some(record), Some(position)) => write!(f, "{record} at position {position}: {}", self.why),
            (Some(record), None) => write!(f, "{record}, not chained yet: {}", self.why),
            (None, Some(position)) => write!(f, "position {position}: {}", self.why),
            (None, None) => f.write_str(&self.why),
        }
    }
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The last link, to be kept elsewhere; none of an empty chain.
    pub head: Option<Anchor>,
    /// How many records are not chained yet.
    pub tail: i64,
    /// The first link that does not fit.
    pub chain: Option<Broken>,
    /// The first record whose event says something else, or is gone before its time.
    pub payload: Option<Broken>,
}

/// Walks the chain from its beginning to where its mark stood when the walk began, and then the tail; a server may go on
/// writing meanwhile.
///
/// # Errors
/// What the database reports.
pub fn verify(tx: &mut Tx<'_>) -> Result<Report> {
    let mark = marks::read(tx, Mark::AuditChain)?;
    let horizon = marks::read(tx, Mark::EventHorizon)?.position;
    let mut walk = Walk {
        position: 0,
        hash: GENESIS.to_owned(),
    };
    let (mut chain, mut payload) = (None, None);
    while walk.position < mark.position && chain.is_none() {
        let links = queries::links_after(tx, walk.position, AT_ONCE)?;
        if links.is_empty() {
            break;
        }
        if payload.is_none() {
            let records: Vec<(&Record, Option<i64>)> = links.iter().map(|one| (&one.record, one.position)).collect();
            payload = other_words(tx, &records, horizon)?;
        }
        chain = links
            .iter()
            .take_while(|link| link.position <= Some(mark.position))
            .find_map(|link| walk.step(link));
        if links.last().is_none_or(|link| link.position > Some(mark.position)) {
            break;
        }
    }
    if chain.is_none() && (walk.position != mark.position || mark.hash.as_ref().is_some_and(|hash| *hash != walk.hash))
    {
        chain = Some(Broken {
            position: Some(walk.position),
            record: None,
            why: format!(
                "the chain ends here, but {} links were made; the last ones are gone or were replaced",
                mark.position
            ),
        });
    }
    if payload.is_none() {
        let tail = queries::unchained(tx, AT_ONCE)?;
        let records: Vec<(&Record, Option<i64>)> = tail.iter().map(|record| (record, None)).collect();
        payload = other_words(tx, &records, horizon)?;
    }
    Ok(Report {
        head: mark.hash.map(|hash| Anchor {
            position: mark.position,
            hash,
        }),
        tail: queries::unchained_count(tx)?,
        chain,
        payload,
    })
}

/// Whether the chain still has the link that was noted elsewhere.
///
/// # Errors
/// What the database reports.
pub fn anchored(tx: &mut Tx<'_>, anchor: &Anchor) -> Result<bool> {
    Ok(queries::hash_at(tx, anchor.position)?.is_some_and(|hash| hash == anchor.hash))
}

/// How far a walk has come.
struct Walk {
    position: i64,
    hash: String,
}

impl Walk {
    /// Goes to the next link; says what does not fit.
    fn step(&mut self, link: &Linked) -> Option<Broken> {
        let (position, hash) = (link.position.unwrap_or_default(), link.hash.clone().unwrap_or_default());
        let why = if position != self.position + 1 {
            format!("the links from {} to {} are gone", self.position + 1, position - 1)
        } else if link.before.as_ref() != Some(&self.hash) {
            "it does not follow the link before it: that one was changed together with its hash, or this one was moved"
                .to_owned()
        } else if link.record.link(position, &self.hash) != hash {
            "its content does not have its hash; it was changed after it was chained".to_owned()
        } else {
            self.position = position;
            self.hash = hash;
            return None;
        };
        Some(Broken {
            position: Some(position),
            record: Some(link.record.id.clone()),
            why,
        })
    }
}

/// The first record whose event does not say what the record's digest covers. An event that was erased cannot be asked, and
/// one that has expired is gone.
fn other_words(tx: &mut Tx<'_>, records: &[(&Record, Option<i64>)], horizon: i64) -> Result<Option<Broken>> {
    let seqs: Vec<i64> = records.iter().filter_map(|(record, _)| record.event_seq).collect();
    let said = events::queries::digests(tx, &seqs)?;
    for (record, position) in records {
        let Some(seq) = record.event_seq else { continue };
        let why = match said.get(&seq) {
            None if horizon == 0 => "its event is gone before its time",
            Some(Some(digest)) if record.digest.as_ref() != Some(digest) => {
                "its event does not say any more what it said when it was written"
            }
            None | Some(_) => continue,
        };
        return Ok(Some(Broken {
            position: *position,
            record: Some(record.id.clone()),
            why: why.to_owned(),
        }));
    }
    Ok(None)
}
