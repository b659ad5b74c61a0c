//! The only file that knows the table of templates. Rows are only added: the last of each topic and locale holds.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{NoticeTemplate, TemplateSource},
    rules::{self, BUILT_IN, Edit},
};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        page::{Key, Order, Page, Paging},
    },
    load_page,
    notices::{catalogue::NoticeTopic, language::language},
    on_each,
    schema::notice_templates::{self, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notice_templates)]
struct TemplateRow {
    topic: NoticeTopic,
    locale: String,
    revision: i64,
    subject: Option<String>,
    body: Option<String>,
    changed_by: String,
    changed_at: Time,
}

impl From<TemplateRow> for Edit {
    fn from(row: TemplateRow) -> Self {
        Self {
            revision: row.revision,
            texts: row.subject.zip(row.body),
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        }
    }
}

/// The last edit of each locale of some topics.
#[derive(Debug, Clone, Default)]
pub struct Texts(BTreeMap<(NoticeTopic, String), Edit>);

impl Texts {
    /// The edits of one topic, or of all.
    ///
    /// # Errors
    /// What the database reports.
    pub fn load(tx: &mut Tx<'_>, topic: Option<NoticeTopic>) -> Result<Self> {
        let mut clause = Clause::all();
        clause
            .equals_some("notice_templates.topic", topic.as_ref())
            .and("NOT EXISTS (SELECT 1 FROM notice_templates later WHERE later.topic = notice_templates.topic AND later.locale = notice_templates.locale")
            .sql(" AND later.revision > notice_templates.revision)");
        let rows: Vec<TemplateRow> = on_each!(tx, |c| table
            .filter(clause)
            .order((notice_templates::topic, notice_templates::locale))
            .select(TemplateRow::as_select())
            .load(c))?;
        let edits = rows
            .into_iter()
            .map(|row| ((row.topic, row.locale.clone()), Edit::from(row)));
        Ok(Self(edits.collect()))
    }

    /// The text of a topic that holds for a locale.
    pub fn of(&self, topic: NoticeTopic, locale: &str) -> NoticeTemplate {
        rules::in_force(topic, locale, &|locale| self.0.get(&(topic, locale.to_owned())))
    }

    /// The locale of a person's that texts are kept under: its own if it has texts, or that of its language.
    pub fn nearest<'l>(&self, topic: NoticeTopic, locale: &'l str) -> &'l str {
        let own = self
            .0
            .get(&(topic, locale.to_owned()))
            .is_some_and(|edit| edit.texts.is_some());
        if own { locale } else { language(locale) }
    }

    /// Every text there is.
    pub fn all(&self) -> Vec<NoticeTemplate> {
        let mut places: Vec<(NoticeTopic, &str)> = NoticeTopic::ALL
            .iter()
            .flat_map(|topic| BUILT_IN.map(|locale| (*topic, locale)))
            .collect();
        let own = self.0.iter().filter(|(_, edit)| edit.texts.is_some());
        places.extend(own.map(|((topic, locale), _)| (*topic, locale.as_str())));
        places.sort_unstable();
        places.dedup();
        places
            .into_iter()
            .map(|(topic, locale)| self.of(topic, locale))
            .collect()
    }
}

/// The text of a topic that holds for a locale.
///
/// # Errors
/// 404 for what is no locale.
pub fn find(tx: &mut Tx<'_>, topic: NoticeTopic, locale: &str) -> Result<NoticeTemplate> {
    if !rules::is_locale(locale) {
        return Err(Error::not_found());
    }
    Ok(Texts::load(tx, Some(topic))?.of(topic, locale))
}

/// Stores an edit over the text that it was made of, and tells of it; without texts the built-in ones hold again.
///
/// # Errors
/// 412 if it was edited meanwhile.
pub fn append(tx: &mut Tx<'_>, before: &NoticeTemplate, texts: Option<(String, String)>) -> Result<NoticeTemplate> {
    let (subject, body) = texts.unzip();
    let kind = if subject.is_some() {
        "notice_template.updated"
    } else {
        "notice_template.reset"
    };
    let row = TemplateRow {
        topic: before.topic,
        locale: before.locale.clone(),
        revision: before.revision + 1,
        subject,
        body,
        changed_by: tx.caller().actor_text(),
        changed_at: tx.now,
    };
    tx.attempt(|tx| Ok(on_each!(tx, |c| diesel::insert_into(table).values(&row).execute(c))?))
        .map_err(|error| error.when(&codes::ALREADY_EXISTS, || Error::new(&codes::PRECONDITION_FAILED)))?;
    let after = find(tx, before.topic, &before.locale)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// One page of the edits of a text, the last first. A reset reads as the text that it gave back.
///
/// # Errors
/// 404 for what is no locale.
pub fn revisions(tx: &mut Tx<'_>, topic: NoticeTopic, locale: &str, paging: &Paging) -> Result<Page<NoticeTemplate>> {
    let present = find(tx, topic, locale)?;
    let order = Order {
        column: "notice_templates.revision",
        id: "notice_templates.revision",
        descending: true,
    };
    let mut clause = Clause::all();
    clause
        .equals("notice_templates.topic", &topic)
        .equals("notice_templates.locale", locale);
    let mut paging = paging.clone();
    // The key is the id here, so that a page begins by it alone.
    if let Some((Key::Number(revision), _)) = paging.after.take() {
        clause.below("notice_templates.revision", Some(&revision));
    }
    let rows = load_page!(tx, table => TemplateRow, clause, order, &paging)?;
    let page = Page::of(rows, &paging, |row: &TemplateRow| {
        (row.revision.into(), row.revision.to_string())
    });
    let base = rules::in_force(topic, locale, &|_| None);
    Ok(page.map(|row| {
        let (source, texts) = match row.subject.zip(row.body) {
            Some(texts) => (TemplateSource::Own, texts),
            None => (base.source, (base.subject.clone(), base.body.clone())),
        };
        NoticeTemplate {
            source,
            subject: texts.0,
            body: texts.1,
            revision: row.revision,
            changed_by: Some(row.changed_by),
            changed_at: Some(row.changed_at),
            ..present.clone()
        }
    }))
}
