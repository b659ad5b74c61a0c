//! What a person's preferences come to. Pure.

use super::model::{NewNoticePreferences, NoticeChoice, NoticePreferences, QuietHours};
use crate::{
    error::{Error, Fault, Result},
    identity::addressees::Addressee,
    kernel::{LocalClock, Time, TimeZone, ids::UserId, language, time::minute_of_day},
    modules::Modules,
    notices::catalogue::{self, MailDelivery, NoticeSide, NoticeTopic, TopicRule},
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
    /// When they were first chosen.
    pub created_at: Option<Time>,
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
            created_at: None,
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

    /// The preferences as the person reads them where those modules are on.
    pub fn shown(self, user_id: UserId, side: NoticeSide, modules: Modules) -> NoticePreferences {
        let told = catalogue::offered(modules).filter(|rule| !rule.recipients(side).is_empty());
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

    /// What a person chooses from now on, instead of what was chosen before. Of modules that are off no topic can be chosen;
    /// what was chosen of them stays.
    ///
    /// # Errors
    /// 409 `contradiction` for a topic that stands twice, that the person's side is not told of, or that may not be switched off.
    pub fn chosen(
        new: &NewNoticePreferences,
        (side, modules): (NoticeSide, Modules),
        before: &Self,
        now: Time,
    ) -> Result<Self> {
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
            if rule.recipients(side).is_empty() || !rule.is_offered(modules) {
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
            .and_then(|quiet| minute_of_day(&quiet.from).zip(minute_of_day(&quiet.until)));
        let mut topics = new.topics.clone();
        topics.extend(
            before
                .topics
                .iter()
                .filter(|choice| !choice.topic.rule().is_offered(modules)),
        );
        Ok(Self {
            topics,
            quiet,
            digest_hour: new.digest_hour.unwrap_or(DIGEST_HOUR),
            locale: new.locale.as_deref().map(language::kept),
            time_zone: new.time_zone,
            revision: before.revision + 1,
            created_at: before.created_at.or(Some(now)),
            updated_at: Some(now),
        })
    }
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
        let tried = |topic, in_app, mail| {
            let before = Wishes::default();
            Wishes::chosen(
                &choice(topic, in_app, mail),
                (NoticeSide::Partner, Modules::ALL),
                &before,
                now,
            )
        };
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
        assert_eq!(minute_of_day("20:30"), Some(1230));
        assert_eq!(written(1230), "20:30");
    }
}
