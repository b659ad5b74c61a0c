//! Writes the notices of a story: in each reader's language, by their clock, on the channels that they want.

use std::collections::BTreeMap;

use super::stories::Story;
use crate::{
    db::Tx,
    error::Result,
    identity::addressees,
    kernel::{
        Language,
        ids::{Id as _, NoticeId, PartnerId, UserId},
    },
    mail::{self, Letter},
    notices::{
        catalogue::{MailDelivery, TopicRule},
        inbox::{self, NoticeRow},
        language::Value,
        preferences,
        templates::{self, Texts},
    },
    partners,
};

/// What stands below a mail in that language.
pub const fn footer(language: Language) -> &'static str {
    match language {
        Language::English => "You choose which notices you get by mail, and when, in your notice preferences.",
        Language::German => {
            "Welche Mitteilungen Sie per E-Mail bekommen und wann, wählen Sie in Ihren Mitteilungseinstellungen."
        }
    }
}

/// Tells the story to these people in the texts that hold, but for those who were told before. Tells how many notices were
/// written.
///
/// # Errors
/// What the database reports.
pub fn announce(
    tx: &mut Tx<'_>,
    texts: &Texts,
    rule: &TopicRule,
    story: &Story,
    people: &BTreeMap<UserId, Option<PartnerId>>,
) -> Result<usize> {
    if people.is_empty() {
        return Ok(0);
    }
    let now = tx.now;
    let ids: Vec<UserId> = people.keys().copied().collect();
    let mut wishes = preferences::of_people(tx, &ids)?;
    let theirs: Vec<PartnerId> = people.values().flatten().copied().collect();
    let names = partners::by_ids(tx, &theirs)?;
    let mut written = 0;
    for person in addressees::those(tx, &ids)? {
        let partner = people.get(&person.id).copied().flatten();
        let wish = wishes.remove(&person.id).unwrap_or_default();
        let (clock, choice) = (wish.clock(&person), wish.of(rule));
        let locale = texts.nearest(rule.topic, wish.locale(&person));
        let template = texts.of(rule.topic, &locale);
        // A partner's people read their own partner's name and number, also where two partners are concerned.
        let own = partner.and_then(|partner| names.get(&partner));
        let value = |name: &str| match (name, own) {
            ("partner.name", Some(own)) => Some(Value::Text(own.legal_name.clone())),
            ("partner.number", Some(own)) => Some(Value::Text(own.number.clone())),
            _ => story.values.get(name).cloned(),
        };
        let fill = |text: &str| templates::filled(text, &locale, &clock, &value);
        let (subject, body) = (templates::one_line(&fill(&template.subject)), fill(&template.body));
        let at_once = choice.mail == MailDelivery::AtOnce;
        // Notices of one transaction keep their order by a moment of their own.
        let written_at = tx.moment();
        let row = NoticeRow {
            id: NoticeId::at(written_at),
            recipient_id: person.id,
            partner_id: partner,
            topic: rule.topic,
            cause: story.cause.clone(),
            resource_type: story.resource.0.clone(),
            resource_id: story.resource.1.clone(),
            path: story.path.clone(),
            action: rule.action.map(str::to_owned),
            locale: locale.clone(),
            subject,
            body,
            template_revision: template.revision,
            due_at: story.due_at,
            occurred_at: story.occurred_at,
            in_app: choice.in_app,
            mail: choice.mail,
            digest_at: (choice.mail == MailDelivery::Digest).then(|| wish.digest_at(now, &clock)),
            mailed_at: at_once.then_some(written_at),
            read_at: None,
            revision: 1,
            created_at: written_at,
            updated_at: written_at,
        };
        if !inbox::insert(tx, &row)? {
            continue;
        }
        written += 1;
        if at_once {
            let letter = Letter {
                to: person.email,
                topic: rule.topic.as_str(),
                subject: row.subject,
                body: format!(
                    "{}\n\n-- \n{}\n",
                    row.body,
                    footer(Language::of_locale(&locale).unwrap_or(Language::English))
                ),
            };
            mail::queue_for(tx, &letter, wish.mail_at(now, &clock))?;
        }
    }
    Ok(written)
}
