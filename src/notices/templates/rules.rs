//! What texts may say, and how they are filled in. Pure.
//!
//! A text is plain text with names in double braces, `{{deal.title}}`. There is nothing else: no conditions, no markup. What
//! is put in the place of a name is never read again for names.

use super::{
    english, german,
    model::{NoticePreview, NoticeTemplate, NoticeTemplatePatch, TemplateSource},
};
use crate::{
    error::{Error, Fault, Result},
    kernel::{Language, LocalClock, Time, language},
    notices::{catalogue::NoticeTopic, language::Value},
};

/// The language that is always there.
pub const FALLBACK: &str = Language::English.as_str();

/// A built-in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// The subject.
    pub subject: &'static str,
    /// The text.
    pub body: &'static str,
}

/// The built-in text of a topic in a language.
pub const fn built_in(topic: NoticeTopic, language: Language) -> Text {
    match language {
        Language::English => english::text(topic),
        Language::German => german::text(topic),
    }
}

/// The built-in text that is kept under a locale: under languages that the program speaks, without a country.
fn built_in_under(topic: NoticeTopic, locale: &str) -> Option<Text> {
    locale.parse().ok().map(|language| built_in(topic, language))
}

/// A locale as texts are kept under: a language, or a language and a country.
pub fn is_locale(locale: &str) -> bool {
    let (language, country) = locale
        .split_once('-')
        .map_or((locale, None), |(language, country)| (language, Some(country)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && country.is_none_or(|country| country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    Name(&'t str),
}

/// The pieces of a text; braces that are not closed stand for themselves.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        pieces.push(Piece::Plain(before));
        pieces.push(Piece::Name(name.trim()));
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// What is wrong with a text: names that the topic does not know, and braces that are not closed.
pub fn faults(text: &str, topic: NoticeTopic, pointer: &'static str) -> Vec<Fault> {
    let known: Vec<&str> = topic.rule().names().collect();
    let mut faults = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Name(name) if !known.contains(&name) => faults.push(Fault {
                pointer: pointer.to_owned(),
                code: "unknown_placeholder".into(),
                detail: format!(
                    "`{name}` is not known here; `{topic}` can name {}.",
                    known
                        .iter()
                        .map(|name| format!("{{{{{name}}}}}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            }),
            Piece::Plain(plain) if plain.contains("{{") => faults.push(Fault {
                pointer: pointer.to_owned(),
                code: "unclosed_placeholder".into(),
                detail: "A `{{` has no `}}` after it; close it, or leave it out.".to_owned(),
            }),
            Piece::Name(_) | Piece::Plain(_) => {}
        }
    }
    faults
}

/// A text with its names filled in. A name without a value leaves nothing.
pub fn filled(text: &str, locale: &str, clock: &LocalClock, value: &dyn Fn(&str) -> Option<Value>) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(plain) => plain.to_owned(),
            Piece::Name(name) => value(name).map(|value| value.told(locale, clock)).unwrap_or_default(),
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A subject is one line without control characters, whatever was put into it.
pub fn one_line(text: &str) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    flat.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(250)
        .collect()
}

/// An example of what stands in the place of a name.
pub fn example(name: &str) -> Option<Value> {
    let moment = |text: &str| text.parse::<Time>().ok().map(Value::Moment);
    let text = match name {
        "deal.number" => "DR-2026-000123",
        "deal.title" => "Acme: firewalls for 40 branches",
        "customer.name" => "Acme GmbH",
        "partner.name" => "Northwind Systems GmbH",
        "partner.number" => "P-2026-000042",
        "reason" => "Another partner registered the same project before.",
        "questions" => "- Who decides at the customer?\n- Is the budget confirmed?",
        "extension.activity" => "Proof of concept done; the offer is with the board.",
        "comment.text" => "The customer wants the trial to begin in January.",
        "comment.author" | "manager.name" => "Maria Keller",
        "person.name" => "Jonas Frei",
        "outcome" => "approved",
        "tier.name" => "Gold",
        "specialisation.name" => "Cloud Security",
        "import.file" => "accounts.csv",
        "import.rows" => "820 created, 15 rejected",
        "webhook.url" => "https://crm.example.com/hooks/openprm",
        "system.name" => "Salesforce, production",
        "time.left" => return Some(Value::Days(14)),
        "decision.due" | "answers.due" => return moment("2026-11-27T16:00:00Z"),
        "protected.until" | "extension.until" | "deadline" | "effective.at" | "grace.until" | "award.until" => {
            return moment("2027-02-21T09:00:00Z");
        }
        _ => return None,
    };
    Some(Value::Text(text.to_owned()))
}

/// A text as it was edited, or the mark that the built-in one holds again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Its number among the edits.
    pub revision: i64,
    /// Subject and body; none where the built-in ones were given back.
    pub texts: Option<(String, String)>,
    /// Who made it.
    pub changed_by: String,
    /// When.
    pub changed_at: Time,
}

/// Where the text that holds for a locale is kept: under the locale itself, its language and country, its language, or
/// English, whichever has one first, of the program's own or built in. `edits` holds the last edit of each locale.
pub fn nearest<'e>(topic: NoticeTopic, locale: &str, edits: &'e dyn Fn(&str) -> Option<&'e Edit>) -> String {
    let spoken = language::primary(locale).to_owned();
    let in_country = language::country(locale).map(|country| format!("{spoken}-{country}"));
    let has_text = |place: &String| {
        edits(place).is_some_and(|edit| edit.texts.is_some()) || built_in_under(topic, place).is_some()
    };
    [Some(locale.to_owned()), in_country, Some(spoken)]
        .into_iter()
        .flatten()
        .find(has_text)
        .unwrap_or_else(|| FALLBACK.to_owned())
}

/// The text that holds for a locale: the program's own, the built-in one, or that of the nearest locale that has one.
/// `edits` holds the last edit of each locale.
pub fn in_force<'e>(topic: NoticeTopic, locale: &str, edits: &'e dyn Fn(&str) -> Option<&'e Edit>) -> NoticeTemplate {
    let own = edits(locale);
    let template = |source, subject: &str, body: &str| NoticeTemplate {
        id: format!("{topic}.{locale}"),
        topic,
        locale: locale.to_owned(),
        source,
        subject: subject.to_owned(),
        body: body.to_owned(),
        placeholders: topic.rule().names().map(str::to_owned).collect(),
        revision: own.map_or(0, |edit| edit.revision),
        changed_by: own.map(|edit| edit.changed_by.clone()),
        changed_at: own.map(|edit| edit.changed_at),
    };
    if let Some((subject, body)) = own.and_then(|edit| edit.texts.as_ref()) {
        return template(TemplateSource::Own, subject, body);
    }
    if let Some(text) = built_in_under(topic, locale) {
        return template(TemplateSource::BuiltIn, text.subject, text.body);
    }
    let nearest = nearest(topic, locale, edits);
    if let Some((subject, body)) = edits(&nearest).and_then(|edit| edit.texts.as_ref()) {
        return template(TemplateSource::Inherited, subject, body);
    }
    let text = built_in_under(topic, &nearest).unwrap_or_else(|| english::text(topic));
    template(TemplateSource::Inherited, text.subject, text.body)
}

impl NoticeTemplate {
    /// Subject and body with the changes made.
    ///
    /// # Errors
    /// 409 `contradiction` naming every placeholder that the topic does not know.
    pub fn patched(&self, patch: &NoticeTemplatePatch) -> Result<(String, String)> {
        let subject = patch.subject.clone().unwrap_or_else(|| self.subject.clone());
        let body = patch.body.clone().unwrap_or_else(|| self.body.clone());
        let mut found = faults(&subject, self.topic, "#/subject");
        found.extend(faults(&body, self.topic, "#/body"));
        if found.is_empty() {
            Ok((subject, body))
        } else {
            Err(Error::contradiction(found))
        }
    }

    /// Whether it is the program's own, so that the built-in text can be given back.
    pub fn is_own(&self) -> bool {
        self.source == TemplateSource::Own
    }

    /// How it would read with the changes made, with made-up data. Without any it reads as it holds, in the language that it
    /// is written in; a change would be a text of the locale's own.
    ///
    /// # Errors
    /// As [`NoticeTemplate::patched`].
    pub fn preview(&self, patch: &NoticeTemplatePatch, written_in: &str) -> Result<NoticePreview> {
        let (subject, body) = self.patched(patch)?;
        let changed = (&subject, &body) != (&self.subject, &self.body);
        let locale = if changed { &self.locale } else { written_in };
        let fill = |text: &str| filled(text, locale, &LocalClock::utc(), &example);
        Ok(NoticePreview {
            subject: one_line(&fill(&subject)),
            body: fill(&body),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_text_names_what_its_topic_knows_and_every_name_has_an_example() {
        for topic in NoticeTopic::ALL {
            for language in Language::ALL.iter().copied() {
                let text = built_in(*topic, language);
                assert_eq!(faults(text.subject, *topic, "#/subject"), [], "{topic} {language}");
                assert_eq!(faults(text.body, *topic, "#/body"), [], "{topic} {language}");
                let filled = filled(text.body, language.as_str(), &LocalClock::utc(), &example);
                assert!(
                    !filled.contains("{{") && filled.len() > 20,
                    "{topic} {language}: {filled}"
                );
            }
            for name in topic.rule().names() {
                assert!(example(name).is_some(), "{name} has no example");
            }
        }
    }

    #[test]
    fn what_is_put_in_is_not_read_again_and_a_subject_stays_one_line() {
        let title =
            |name: &str| (name == "deal.title").then(|| Value::Text("{{reason}}\nBcc: all@example.com".to_owned()));
        let filled = filled("About {{ deal.title }}: {{nothing}}", "en", &LocalClock::utc(), &title);
        assert_eq!(one_line(&filled), "About {{reason}} Bcc: all@example.com:");
    }

    #[test]
    fn a_locale_without_texts_has_those_of_its_language_or_english() {
        let none = |_: &str| None;
        let source = |locale: &str| in_force(NoticeTopic::DealApproved, locale, &none);
        assert_eq!(source("de").source, TemplateSource::BuiltIn);
        assert!(source("de-CH").subject.starts_with("Genehmigt"));
        assert!(source("fr").subject.starts_with("Approved"));
        let edit = Edit {
            revision: 1,
            texts: Some(("s".to_owned(), "b".to_owned())),
            changed_by: "system:test".to_owned(),
            changed_at: Time::from_micros(0),
        };
        let some = |locale: &str| ["fr", "fr-CA"].contains(&locale).then_some(&edit);
        for (locale, expected) in [
            ("fr-CA", "fr-CA"),
            ("fr-Latn-CA", "fr-CA"),
            ("fr-BE", "fr"),
            ("de-CH", "de"),
            ("it", "en"),
            ("zh-Hant-TW", "en"),
        ] {
            assert_eq!(nearest(NoticeTopic::DealApproved, locale, &some), expected);
        }
        assert!(
            is_locale("de-CH") && is_locale("en") && !is_locale("../etc") && !is_locale("DE") && !is_locale("de-ch")
        );
    }

    #[test]
    fn unknown_names_are_told() {
        let found = faults("{{deal.titel}} {{reason}}", NoticeTopic::DealApproved, "#/body");
        assert_eq!(found.len(), 2);
        assert!(found[0].detail.contains("deal.titel") && found[0].detail.contains("{{deal.title}}"));
        assert_eq!(
            faults("{{deal.title", NoticeTopic::DealApproved, "#/body")[0].code,
            "unclosed_placeholder"
        );
    }
}
