//! The only file that knows the table of templates. Rows are only added: the last of each topic and locale holds.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    model::{NoticeTemplate, TemplateSource},
    rules::{self, Edit},
};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Language, Time,
        page::{Order, Page, Paging},
    },
    load_page,
    modules::Modules,
    notices::catalogue::{self, NoticeTopic},
    schema::notice_templates::{self, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notice_templates, treat_none_as_default_value = false)]
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
    /// The edits of all topics.
    ///
    /// # Errors
    /// What the database reports.
    pub fn load(tx: &mut Tx<'_>) -> Result<Self> {
        Self::of_some(tx, None)
    }

    /// The edits of one topic, or of all.
    fn of_some(tx: &mut Tx<'_>, topic: Option<NoticeTopic>) -> Result<Self> {
        let mut clause = Clause::all();
        clause
            .equals_some("notice_templates.topic", topic.as_ref())
            .and("NOT EXISTS (SELECT 1 FROM notice_templates later WHERE later.topic = notice_templates.topic AND later.locale = notice_templates.locale")
            .sql(" AND later.revision > notice_templates.revision)");
        let rows: Vec<TemplateRow> = table
            .filter(clause)
            .order((notice_templates::topic, notice_templates::locale))
            .select(TemplateRow::as_select())
            .load(tx.conn())?;
        let edits = rows
            .into_iter()
            .map(|row| ((row.topic, row.locale.clone()), Edit::from(row)));
        Ok(Self(edits.collect()))
    }

    /// The text of a topic that holds for a locale.
    pub fn of(&self, topic: NoticeTopic, locale: &str) -> NoticeTemplate {
        rules::in_force(topic, locale, &|locale| self.0.get(&(topic, locale.to_owned())))
    }

    /// The locale that the text which holds for a person's locale is kept under: what it is really written in.
    pub fn nearest(&self, topic: NoticeTopic, locale: &str) -> String {
        rules::nearest(topic, locale, &|locale| self.0.get(&(topic, locale.to_owned())))
    }

    /// Every text that there is where those modules are on.
    pub fn all(&self, modules: Modules) -> Vec<NoticeTemplate> {
        let topics: Vec<NoticeTopic> = catalogue::offered(modules).map(|rule| rule.topic).collect();
        let built_in = topics
            .iter()
            .flat_map(|topic| Language::ALL.iter().map(|language| (*topic, language.as_str())));
        let own = self
            .0
            .iter()
            .filter(|((topic, _), edit)| edit.texts.is_some() && topics.contains(topic));
        let own = own.map(|((topic, locale), _)| (*topic, locale.as_str()));
        let places: BTreeSet<(NoticeTopic, &str)> = built_in.chain(own).collect();
        places
            .into_iter()
            .map(|(topic, locale)| self.of(topic, locale))
            .collect()
    }
}

/// The edits of a topic, for one of its locales.
fn of_place(tx: &mut Tx<'_>, topic: NoticeTopic, locale: &str) -> Result<Texts> {
    let modules = tx.caller().request().switches.modules();
    if !rules::is_locale(locale) || !topic.rule().is_offered(modules) {
        return Err(Error::not_found());
    }
    Texts::of_some(tx, Some(topic))
}

/// The text of a topic that holds for a locale, and the locale that it is kept under.
///
/// # Errors
/// 404 for what is no locale, and for a topic of a module that is off.
pub fn find_written(tx: &mut Tx<'_>, topic: NoticeTopic, locale: &str) -> Result<(NoticeTemplate, String)> {
    let texts = of_place(tx, topic, locale)?;
    Ok((texts.of(topic, locale), texts.nearest(topic, locale)))
}

/// The text of a topic that holds for a locale.
///
/// # Errors
/// 404 for what is no locale, and for a topic of a module that is off.
pub fn find(tx: &mut Tx<'_>, topic: NoticeTopic, locale: &str) -> Result<NoticeTemplate> {
    Ok(of_place(tx, topic, locale)?.of(topic, locale))
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
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))
        .map_err(|error| error.when(&codes::ALREADY_EXISTS, || Error::new(&codes::PRECONDITION_FAILED)))?;
    let after = find(tx, before.topic, &before.locale)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// One page of the edits of a text, the last first. A reset reads as the text that it gave back.
///
/// # Errors
/// As [`find`].
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
    let rows = load_page!(tx, table => TemplateRow, clause, order, paging)?;
    let page = Page::of(rows, paging, |row: &TemplateRow| {
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
