//! What a topic's row in the catalogue says. Pure.

use super::{
    model::{MailDelivery, NoticeRelation, NoticeSide, NoticeTopic, NoticeTopicEntry, NoticeTopicList},
    table::TOPICS,
};
use crate::{
    auth::Caller,
    modules::{Module, Modules},
    notices::reminders::ReminderRule,
};

/// A topic of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicRule {
    /// The topic.
    pub topic: NoticeTopic,
    /// The module that it tells of; none for the core.
    pub module: Option<Module>,
    /// What it tells, in a line.
    pub about: &'static str,
    /// The types of events that it stands for.
    pub events: &'static [&'static str],
    /// Who of the vendor is told.
    pub vendor: &'static [NoticeRelation],
    /// Who of the partner is told.
    pub partner: &'static [NoticeRelation],
    /// How it comes by mail unless the person chooses otherwise.
    pub mail: MailDelivery,
    /// Whether it may be switched off.
    pub optional: bool,
    /// The operation that settles it.
    pub action: Option<&'static str>,
    /// Whether the date until which something holds is told though nothing is asked for.
    pub tells_until: bool,
    /// What its texts can name.
    pub placeholders: &'static [&'static [&'static str]],
    /// The step in the registration's history that says why.
    pub reason_of: Option<&'static str>,
    /// Whether those who did it themselves are told too, as a receipt.
    pub tells_actor: bool,
}

impl NoticeTopic {
    /// The topic's row. Every topic has one, as a test shows.
    pub fn rule(self) -> &'static TopicRule {
        static FIRST: &TopicRule = &super::table::FIRST;
        TOPICS.iter().find(|rule| rule.topic == self).unwrap_or(FIRST)
    }
}

impl TopicRule {
    /// A topic that these events belong to, with what most topics have: it comes by mail at once unless the person chooses
    /// otherwise, asks for nothing, and is not told to those who did it. Its row adds who is told, and what it can name.
    pub const fn on(topic: NoticeTopic, about: &'static str, events: &'static [&'static str]) -> Self {
        Self {
            topic,
            module: None,
            about,
            events,
            vendor: &[],
            partner: &[],
            mail: MailDelivery::AtOnce,
            optional: true,
            action: None,
            tells_until: false,
            placeholders: &[],
            reason_of: None,
            tells_actor: false,
        }
    }

    /// As [`TopicRule::on`], of registrations and what belongs to them.
    pub const fn on_deals(topic: NoticeTopic, about: &'static str, events: &'static [&'static str]) -> Self {
        Self {
            module: Some(Module::Deals),
            ..Self::on(topic, about, events)
        }
    }

    /// Whether people can be told of it where those modules are on.
    pub fn is_offered(&self, modules: Modules) -> bool {
        self.module.is_none_or(|module| modules.has(module))
    }

    /// What its texts can name, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.placeholders.iter().flat_map(|group| group.iter().copied())
    }

    /// Who of that side is told.
    pub const fn recipients(&self, side: NoticeSide) -> &'static [NoticeRelation] {
        match side {
            NoticeSide::Vendor => self.vendor,
            NoticeSide::Partner => self.partner,
        }
    }

    fn entry(&self, side: NoticeSide, reminders: &[ReminderRule]) -> NoticeTopicEntry {
        NoticeTopicEntry {
            topic: self.topic,
            about: self.about.to_owned(),
            events: self.events.iter().map(|event| (*event).to_owned()).collect(),
            days_before: reminders
                .iter()
                .find(|reminder| reminder.kind.topic() == self.topic)
                .map(|reminder| reminder.days_before.clone())
                .unwrap_or_default(),
            recipients: self.recipients(side).to_vec(),
            in_app: true,
            mail: self.mail,
            optional: self.optional,
            action: self.action.map(str::to_owned),
            placeholders: self.names().map(str::to_owned).collect(),
        }
    }
}

impl NoticeSide {
    /// The side of a caller.
    pub fn of(caller: &Caller) -> Self {
        if caller.is_vendor() {
            Self::Vendor
        } else {
            Self::Partner
        }
    }
}

impl NoticeTopicList {
    /// The topics that one side is told of where those modules are on.
    pub fn of(side: NoticeSide, modules: Modules, reminders: &[ReminderRule]) -> Self {
        let told = offered(modules).filter(|rule| !rule.recipients(side).is_empty());
        Self {
            data: told.map(|rule| rule.entry(side, reminders)).collect(),
        }
    }
}

/// The topics that there are where those modules are on.
pub fn offered(modules: Modules) -> impl Iterator<Item = &'static TopicRule> {
    TOPICS.iter().filter(move |rule| rule.is_offered(modules))
}

/// The topics that an event of that type belongs to.
pub fn by_event(kind: &str) -> impl Iterator<Item = &'static TopicRule> {
    TOPICS.iter().filter(move |rule| rule.events.contains(&kind))
}

/// Every type of event that anybody is told of.
pub fn events() -> Vec<&'static str> {
    let mut events: Vec<&str> = TOPICS.iter().flat_map(|rule| rule.events.iter().copied()).collect();
    events.sort_unstable();
    events.dedup();
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::ReminderKind;

    #[test]
    fn every_topic_has_one_row_with_somebody_to_tell() {
        for topic in NoticeTopic::ALL {
            let rows: Vec<_> = TOPICS.iter().filter(|rule| rule.topic == *topic).collect();
            assert_eq!(rows.len(), 1, "{topic}");
            assert_eq!(topic.rule().topic, *topic);
            let rule = rows[0];
            assert!(
                !rule.vendor.is_empty() || !rule.partner.is_empty(),
                "{topic} tells nobody"
            );
            let reminds = ReminderKind::ALL.iter().any(|kind| kind.topic() == *topic);
            assert_ne!(
                rule.events.is_empty(),
                !reminds,
                "{topic} stands for events, or reminds"
            );
            assert!(rule.optional || rule.mail != MailDelivery::Off, "{topic}");
        }
    }

    #[test]
    fn every_action_is_an_operation() {
        for action in TOPICS.iter().filter_map(|rule| rule.action) {
            assert!(crate::auth::permissions::of(action).is_some(), "{action}");
        }
    }
}
