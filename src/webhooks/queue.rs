//! The queue of one endpoint, as the instance that works for it has it in memory. Of each record only the first message that
//! waits may go; the next may when that is settled. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::deliveries::work_queries::Waiting;
use crate::kernel::Time;

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its place among the messages of the endpoint: its number, or for a ping one below zero.
    pub place: i64,
    /// The delivery.
    pub row: Waiting,
}

impl Open {
    /// Whether it is a test message.
    pub const fn is_ping(&self) -> bool {
        self.place < 0
    }

    /// When it is due.
    fn due(&self) -> Time {
        self.row.next_attempt_at.unwrap_or(self.row.occurred_at)
    }
}

/// The messages that wait, and which of them may go.
#[derive(Debug, Default)]
pub struct Queue {
    open: BTreeMap<i64, Open>,
    /// The places of each record's messages, the first first.
    lines: HashMap<String, BTreeSet<i64>>,
    /// The first messages of their records that nobody is at, by when they are due.
    ready: BTreeSet<(Time, i64)>,
    pings: i64,
    untried: usize,
}

fn line(open: &Open) -> String {
    if open.is_ping() {
        open.row.id.to_string()
    } else {
        format!("{}/{}", open.row.resource_type, open.row.resource_id)
    }
}

impl Queue {
    /// Adds a message. Messages with a number come in their order.
    pub fn push(&mut self, row: Waiting) {
        let place = row.sequence.unwrap_or_else(|| {
            self.pings -= 1;
            self.pings
        });
        let open = Open { place, row };
        let places = self.lines.entry(line(&open)).or_default();
        if places.is_empty() {
            self.ready.insert((open.due(), place));
        }
        places.insert(place);
        self.untried += usize::from(open.row.tries == 0);
        self.open.insert(place, open);
    }

    /// How many messages wait, those that somebody is at among them.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// How many of them were not tried yet.
    pub const fn untried(&self) -> usize {
        self.untried
    }

    /// Takes messages that may go now, at most so many, the longest due first. Nobody else gets them, nor what comes after them,
    /// until they are settled.
    pub fn take(&mut self, now: Time, most: usize) -> Vec<Open> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some((due, place)) = self.ready.first().copied().filter(|(due, _)| *due <= now) else {
                break;
            };
            self.ready.remove(&(due, place));
            taken.extend(self.open.get(&place).cloned());
        }
        taken
    }

    /// A message that was taken is done with: the next of its record may go.
    pub fn done(&mut self, place: i64) {
        let Some(open) = self.open.remove(&place) else { return };
        self.untried -= usize::from(open.row.tries == 0);
        let name = line(&open);
        let Some(places) = self.lines.get_mut(&name) else {
            return;
        };
        places.remove(&place);
        match places.first().copied() {
            Some(next) => {
                if let Some(next) = self.open.get(&next) {
                    self.ready.insert((next.due(), next.place));
                }
            }
            None => {
                self.lines.remove(&name);
            }
        }
    }

    /// A message that was taken waits again, after so many attempts and tries in all.
    pub fn again(&mut self, place: i64, (attempts, tries): (i64, i64), due: Time) {
        let Some(open) = self.open.get_mut(&place) else { return };
        self.untried -= usize::from(open.row.tries == 0 && tries > 0);
        open.row.attempts = attempts;
        open.row.tries = tries;
        open.row.next_attempt_at = Some(due);
        self.ready.insert((due, place));
    }

    /// A message that was taken was not sent after all.
    pub fn put_back(&mut self, place: i64) {
        if let Some(open) = self.open.get(&place) {
            self.ready.insert((open.due(), place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{Id as _, WebhookDeliveryId};

    fn at(second: i64) -> Time {
        Time::from_micros(second * 1_000_000)
    }

    fn row(sequence: Option<i64>, record: &str) -> Waiting {
        Waiting {
            id: WebhookDeliveryId::example(u64::try_from(sequence.unwrap_or(0)).unwrap()),
            sequence,
            position: sequence,
            event_id: None,
            resource_type: "deal".to_owned(),
            resource_id: record.to_owned(),
            occurred_at: at(0),
            attempts: 0,
            tries: 0,
            next_attempt_at: Some(at(0)),
        }
    }

    fn places(taken: &[Open]) -> Vec<i64> {
        taken.iter().map(|open| open.place).collect()
    }

    #[test]
    fn of_each_record_one_message_goes_at_a_time_in_order() {
        let mut queue = Queue::default();
        for (sequence, record) in [(1, "a"), (2, "b"), (3, "a"), (4, "a"), (5, "b")] {
            queue.push(row(Some(sequence), record));
        }
        assert_eq!((places(&queue.take(at(1), 9)), queue.len()), (vec![1, 2], 5));
        assert_eq!(places(&queue.take(at(1), 9)), Vec::<i64>::new());
        queue.done(1);
        queue.again(2, (1, 1), at(10));
        assert_eq!(places(&queue.take(at(1), 9)), [3]);
        queue.put_back(3);
        assert_eq!(places(&queue.take(at(10), 9)), [3, 2], "the longest due first");
        queue.done(2);
        queue.done(3);
        assert_eq!((places(&queue.take(at(10), 1)), queue.untried()), (vec![4], 2));
    }

    #[test]
    fn a_ping_waits_for_nobody() {
        let mut queue = Queue::default();
        queue.push(row(Some(1), "a"));
        queue.push(row(None, "a"));
        let taken = queue.take(at(0), 9);
        assert!(taken.len() == 2 && taken.iter().any(Open::is_ping));
        taken.iter().for_each(|open| queue.done(open.place));
        assert_eq!((queue.len(), queue.untried()), (0, 0));
    }

    proptest::proptest! {
        #[test]
        fn whatever_fails_no_message_overtakes_another_of_its_record(records in proptest::collection::vec(0_u8..4, 1..60), fates in proptest::collection::vec(0_u8..3, 1..400)) {
            let mut queue = Queue::default();
            for (sequence, record) in (1_i64..).zip(&records) {
                queue.push(row(Some(sequence), &record.to_string()));
            }
            let mut done: Vec<(String, i64)> = Vec::new();
            let (mut clock, mut fates) = (0, fates.into_iter().cycle());
            for _ in 0..4000 {
                if queue.len() == 0 {
                    break;
                }
                clock += 1;
                for open in queue.take(at(clock), 3) {
                    match fates.next() {
                        Some(0) => queue.again(open.place, (open.row.attempts + 1, open.row.tries + 1), at(clock + 2)),
                        Some(1) if done.len().is_multiple_of(2) => queue.put_back(open.place),
                        _ => {
                            done.push((open.row.resource_id.clone(), open.place));
                            queue.done(open.place);
                        }
                    }
                }
            }
            for record in 0..4_u8 {
                let order: Vec<i64> = done.iter().filter(|(of, _)| *of == record.to_string()).map(|(_, place)| *place).collect();
                proptest::prop_assert!(order.is_sorted(), "{order:?}");
            }
        }
    }
}
