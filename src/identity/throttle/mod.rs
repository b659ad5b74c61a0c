//! Failed sign-ins make the next try wait: by the name that was typed, known or not, and by the address it came from.
//!
//! A name's first tries are free; then each failure makes the name wait, longer and longer. Nobody is locked out for
//! good, so nobody can lock another out for good. At most ten passwords a minute are compared for one name.

mod queries;

use std::net::IpAddr;

pub use queries::{delete_forgotten, fail, forgive, waits};

use crate::{
    kernel::{Time, time::SECOND},
    words,
};

words! {
    /// What failures are counted for.
    pub ThrottleKind {
        /// A login name.
        Identifier = "identifier",
        /// A network address.
        Address = "address",
    }
}

/// Seconds without a failure after which all is forgotten.
const FORGOTTEN: i64 = 3600;

impl ThrottleKind {
    /// Seconds to wait after so many failures.
    pub const fn wait(self, failures: i64) -> i64 {
        match (self, failures) {
            (Self::Identifier, ..=3) | (Self::Address, ..=19) => 0,
            (Self::Identifier, ..=9) => 8,
            (Self::Identifier, ..=24) | (Self::Address, ..=49) => 15,
            (Self::Identifier, ..=99) | (Self::Address, ..=199) => 60,
            _ => 300,
        }
    }
}

/// The failures counted for one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// Since when.
    pub since: Time,
    /// Until when the next try must wait.
    pub blocked_until: Option<Time>,
    /// When the last one was.
    pub last: Time,
}

impl Failures {
    /// The count after one more failure.
    pub fn with_another(before: Option<Self>, kind: ThrottleKind, now: Time) -> Self {
        let kept = before.filter(|before| now.since(before.last) < FORGOTTEN * SECOND);
        let count = kept.map_or(1, |before| before.count.saturating_add(1));
        let wait = kind.wait(count);
        Self {
            count,
            since: kept.map_or(now, |before| before.since),
            blocked_until: (wait > 0).then(|| now.plus_seconds(wait)),
            last: now,
        }
    }

    /// Seconds that a try must wait, if it must.
    pub fn wait(&self, now: Time) -> Option<u32> {
        let left = self
            .blocked_until
            .filter(|until| *until > now)
            .map(|until| until.since(now))?;
        u32::try_from(left.div_euclid(SECOND).saturating_add(1)).ok()
    }
}

/// The part of an address that one customer of a network has: all of IPv4, the first 64 bits of IPv6.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_micros(1_795_000_000_000_000);

    /// How many passwords a guesser who never rests gets compared in so many seconds.
    fn compared(kind: ThrottleKind, seconds: i64) -> i64 {
        let (mut failures, mut count) = (None, 0);
        for tenth in 0..seconds * 10 {
            let now = Time::from_micros(START.micros() + tenth * SECOND / 10);
            while failures.is_none_or(|failures: Failures| failures.wait(now).is_none()) && count < 1000 {
                failures = Some(Failures::with_another(failures, kind, now));
                count += 1;
            }
        }
        count
    }

    #[test]
    fn a_guesser_gets_at_most_ten_passwords_a_minute_compared_and_ever_fewer() {
        assert!(compared(ThrottleKind::Identifier, 60) <= 10);
        assert!(compared(ThrottleKind::Identifier, 3600) <= 100);
        assert!(compared(ThrottleKind::Address, 3600) <= 250);
    }

    #[test]
    fn an_hour_of_rest_forgets_all() {
        let many = Failures {
            count: 500,
            since: START,
            blocked_until: Some(START.plus_seconds(300)),
            last: START,
        };
        assert_eq!(many.wait(START), Some(301));
        assert_eq!(
            Failures::with_another(Some(many), ThrottleKind::Identifier, START.plus_seconds(3600)).count,
            1
        );
    }

    #[test]
    fn one_customer_of_a_network_is_one_address() {
        let same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"].map(|text| network(text.parse().unwrap()));
        assert_eq!(same[0], same[1]);
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1");
    }
}
