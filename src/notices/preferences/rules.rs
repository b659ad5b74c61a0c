//! What a person's preferences come to. Pure.

use super::model::{NewNoticePreferences, NoticeChoice, NoticePreferences, QuietHours};
use crate::{
    error::{Error, Fault, Result},
    identity::addressees::Addressee,
    kernel::{Time, TimeZone, ids::UserId},
    notices::{
        catalogue::{MailDelivery, NoticeSide, NoticeTopic, TOPICS, TopicRule},
        hours::LocalClock,
    },
};

/// The hour of the digest for those who did not choose one.
const DIGEST_HOUR: i64 = 8;

/// What a person has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// Topic by topic, where it differs from the catalogue.
    pub topics: Vec<NoticeChoice>,
    /// Minutes after midnight.
    pub quiet: Option<(i64, i64)>,
    /// The hour of the digest.
    pub digest_hour: i64,
    /// The language.
    pub locale: Option<String>,
    /// The time zone.
    pub time_zone: Option<TimeZone>,
    /// How often they were changed.
    pub revision: i64,
    /// When they were last changed.
    pub updated_at: Option<Time>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            quiet: None,
            digest_hour: DIGEST_HOUR,
            locale: None,
            time_zone: None,
            revision: 0,
            updated_at: None,
        }
    }
}

impl Wishes {
    /// How the person hears of a topic. What may not be switched off stays on, whatever was chosen before it could not.
    pub fn of(&self, rule: &TopicRule) -> NoticeChoice {
        let chosen = self.topics.iter().find(|choice| choice.topic == rule.topic);
        let choice = chosen.copied().unwrap_or(NoticeChoice {
            topic: rule.topic,
            in_app: true,
            mail: rule.mail,
        });
        if rule.optional {
            return choice;
        }
        let mail = if choice.mail == MailDelivery::Off {
            rule.mail
        } else {
            choice.mail
        };
        NoticeChoice {
            in_app: true,
            mail,
            ..choice
        }
    }

    /// The person's clock.
    pub fn clock(&self, person: &Addressee) -> LocalClock {
        let chosen = self.time_zone.map(TimeZone::as_str);
        LocalClock::of(chosen.or(person.time_zone.as_deref()))
    }

    /// The person's language.
    pub fn locale<'w>(&'w self, person: &'w Addressee) -> &'w str {
        self.locale.as_deref().or(person.locale.as_deref()).unwrap_or("en")
    }

    /// When a mail of this moment goes out: not in the quiet hours.
    pub fn mail_at(&self, now: Time, clock: &LocalClock) -> Time {
        self.quiet.map_or(now, |quiet| clock.after_quiet(now, quiet))
    }

    /// When the next digest is put together.
    pub fn digest_at(&self, now: Time, clock: &LocalClock) -> Time {
        clock.next(now, self.digest_hour * 60)
    }

    /// The preferences as the person reads them.
    pub fn shown(self, user_id: UserId, side: NoticeSide) -> NoticePreferences {
        let told = TOPICS.iter().filter(|rule| !rule.recipients(side).is_empty());
        NoticePreferences {
            user_id,
            topics: told.map(|rule| self.of(rule)).collect(),
            quiet_hours: self.quiet.map(|(from, until)| QuietHours {
                from: written(from),
                until: written(until),
            }),
            digest_hour: self.digest_hour,
            locale: self.locale,
            time_zone: self.time_zone,
            revision: self.revision,
            updated_at: self.updated_at,
        }
    }

    /// What a person chooses from now on.
    ///
    /// # Errors
    /// 409 `contradiction` for a topic that stands twice, that the person's side is not told of, or that may not be switched off.
    pub fn chosen(new: &NewNoticePreferences, side: NoticeSide, revision: i64, now: Time) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |index: usize, field: &str, code: &'static str, detail: String| {
            faults.push(Fault {
                pointer: format!("#/topics/{index}/{field}"),
                code: code.into(),
                detail,
            });
        };
        let mut seen: Vec<NoticeTopic> = Vec::new();
        for (index, choice) in new.topics.iter().enumerate() {
            let rule = choice.topic.rule();
            if seen.contains(&choice.topic) {
                fault(
                    index,
                    "topic",
                    "listed_twice",
                    format!("`{}` stands twice; name it once.", choice.topic),
                );
            }
            seen.push(choice.topic);
            if rule.recipients(side).is_empty() {
                let detail = format!("You are not told of `{}`; leave it out.", choice.topic);
                fault(index, "topic", "not_yours", detail);
            } else if !rule.optional {
                if !choice.in_app {
                    let detail = format!("`{}` cannot be switched off in the app.", choice.topic);
                    fault(index, "in_app", "not_optional", detail);
                }
                if choice.mail == MailDelivery::Off {
                    let detail = format!("`{}` comes by mail, at once or once a day.", choice.topic);
                    fault(index, "mail", "not_optional", detail);
                }
            }
        }
        if !faults.is_empty() {
            return Err(Error::contradiction(faults));
        }
        let quiet = new
            .quiet_hours
            .as_ref()
            .and_then(|quiet| minutes(&quiet.from).zip(minutes(&quiet.until)));
        Ok(Self {
            topics: new.topics.clone(),
            quiet,
            digest_hour: new.digest_hour.unwrap_or(DIGEST_HOUR),
            locale: new.locale.clone(),
            time_zone: new.time_zone,
            revision: revision + 1,
            updated_at: Some(now),
        })
    }
}

/// Minutes after midnight, of `20:30`.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
}

fn written(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(topic: NoticeTopic, in_app: bool, mail: MailDelivery) -> NewNoticePreferences {
        NewNoticePreferences {
            topics: vec![NoticeChoice { topic, in_app, mail }],
            quiet_hours: None,
            digest_hour: None,
            locale: None,
            time_zone: None,
        }
    }

    #[test]
    fn what_matters_most_cannot_be_switched_off() {
        let now = Time::from_micros(1);
        let tried = |topic, in_app, mail| Wishes::chosen(&choice(topic, in_app, mail), NoticeSide::Partner, 0, now);
        assert!(tried(NoticeTopic::DealApproved, false, MailDelivery::Off).is_ok());
        assert!(tried(NoticeTopic::DealInfoRequested, true, MailDelivery::Digest).is_ok());
        let refused = tried(NoticeTopic::DealInfoRequested, false, MailDelivery::Off).unwrap_err();
        assert_eq!(refused.all_faults().len(), 2);
        assert!(
            tried(NoticeTopic::DealSubmitted, true, MailDelivery::Off).is_err(),
            "the vendor's"
        );
    }

    #[test]
    fn hours_are_read_and_written_alike() {
        assert_eq!(minutes("20:30"), Some(1230));
        assert_eq!(written(1230), "20:30");
    }
}
