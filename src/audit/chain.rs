//! The links of the chain. Pure.

use std::str::FromStr;

use diesel::prelude::*;
use hmac::digest::Digest as _;
use serde_json::json;
use sha2::Sha256;

use crate::kernel::hex;

/// What stands before the first link.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A record as its link covers it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Record {
    pub seq: i64,
    pub id: String,
    pub at: i64,
    pub actor_type: String,
    pub actor_id: String,
    pub partner_id: Option<String>,
    pub operation: String,
    pub reason: Option<String>,
    pub resource_type: Option<String>,
    pub resource_id: Option<String>,
    pub revision: Option<i64>,
    pub request_id: Option<String>,
    pub ip: Option<String>,
    pub event_seq: Option<i64>,
    pub digest: Option<String>,
}

impl Record {
    /// The hash of this record at that place of the chain, after the link `before`. A JSON list keeps apart what stands side
    /// by side, and its first item names this form, should another follow.
    pub fn link(&self, position: i64, before: &str) -> String {
        let all = json!([
            "openprm-audit-1",
            before,
            position,
            self.seq,
            self.id,
            self.at,
            self.actor_type,
            self.actor_id,
            self.partner_id,
            self.operation,
            self.reason,
            self.resource_type,
            self.resource_id,
            self.revision,
            self.request_id,
            self.ip,
            self.event_seq,
            self.digest,
        ]);
        hex::encode(&Sha256::digest(all.to_string()))
    }
}

/// A link of the chain that somebody noted elsewhere: `1234:5f3a…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its place, from 1.
    pub position: i64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.position, self.hash)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "expected POSITION:HASH as `openprm verify` prints it".to_owned();
        let (position, hash) = text.split_once(':').ok_or_else(malformed)?;
        let position = position.parse().map_err(|_not_a_number| malformed())?;
        let is_hash = hash.len() == GENESIS.len() && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        if position > 0 && is_hash {
            let hash = hash.to_ascii_lowercase();
            Ok(Self { position, hash })
        } else {
            Err(malformed())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            seq: 1,
            id: "audit_1".to_owned(),
            at: 5,
            actor_type: "user".to_owned(),
            actor_id: "user_1".to_owned(),
            partner_id: None,
            operation: "approveDeal".to_owned(),
            reason: Some("duplicate".to_owned()),
            resource_type: Some("deal".to_owned()),
            resource_id: None,
            revision: Some(2),
            request_id: None,
            ip: None,
            event_seq: Some(9),
            digest: Some("ab".to_owned()),
        }
    }

    #[test]
    fn a_link_hangs_on_every_field_on_its_place_and_on_the_link_before() {
        let link = record().link(1, GENESIS);
        assert_eq!(link, record().link(1, GENESIS));
        // What one field loses and the next one gains is not the same.
        let moved = Record {
            actor_type: "useru".to_owned(),
            actor_id: "ser_1".to_owned(),
            ..record()
        };
        let swapped = Record {
            reason: None,
            resource_id: Some("duplicate".to_owned()),
            ..record()
        };
        let others = [
            record().link(2, GENESIS),
            record().link(1, &link),
            moved.link(1, GENESIS),
            swapped.link(1, GENESIS),
            Record { at: 6, ..record() }.link(1, GENESIS),
            Record {
                digest: None,
                ..record()
            }
            .link(1, GENESIS),
        ];
        assert!(others.iter().all(|other| *other != link));
    }

    #[test]
    fn an_anchor_is_read_as_it_is_written() {
        let anchor = Anchor {
            position: 12,
            hash: record().link(12, GENESIS),
        };
        assert_eq!(anchor.to_string().parse::<Anchor>().unwrap(), anchor);
        for wrong in ["12", "0:ab", &format!("x:{GENESIS}"), &format!("1:{}", "z".repeat(64))] {
            assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
        }
    }
}
