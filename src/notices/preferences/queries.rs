//! The only file that knows the table of preferences. Everybody reads and writes their own.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{model::NoticeChoice, rules::Wishes};
use crate::{
    db::{Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{Stored, Time, TimeZone, ids::UserId},
    notices::catalogue::NoticeSide,
    revise,
    schema::notice_preferences::{self, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = notice_preferences, treat_none_as_null = true, treat_none_as_default_value = false)]
struct PreferencesRow {
    user_id: UserId,
    choices: Stored<Vec<NoticeChoice>>,
    quiet_from: Option<i64>,
    quiet_until: Option<i64>,
    digest_hour: i64,
    locale: Option<String>,
    time_zone: Option<TimeZone>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<PreferencesRow> for Wishes {
    fn from(row: PreferencesRow) -> Self {
        Self {
            topics: row.choices.0,
            quiet: row.quiet_from.zip(row.quiet_until),
            digest_hour: row.digest_hour,
            locale: row.locale,
            time_zone: row.time_zone,
            revision: row.revision,
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
        }
    }
}

/// What those people have chosen; who chose nothing is not among them.
///
/// # Errors
/// What the database reports.
pub fn of_people(tx: &mut Tx<'_>, people: &[UserId]) -> Result<BTreeMap<UserId, Wishes>> {
    let rows: Vec<PreferencesRow> = table
        .filter(notice_preferences::user_id.eq_any(among(people)))
        .select(PreferencesRow::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.into())).collect())
}

/// What one person has chosen.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, person: UserId) -> Result<Wishes> {
    Ok(of_people(tx, &[person])?.remove(&person).unwrap_or_default())
}

/// Stores what a person chooses over what was read, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, person: UserId, side: NoticeSide, before: Wishes, after: Wishes) -> Result<Wishes> {
    let (now, modules) = (tx.now, tx.caller().request().switches.modules());
    let row = PreferencesRow {
        user_id: person,
        choices: Stored(after.topics.clone()),
        quiet_from: after.quiet.map(|(from, _)| from),
        quiet_until: after.quiet.map(|(_, until)| until),
        digest_hour: after.digest_hour,
        locale: after.locale.clone(),
        time_zone: after.time_zone,
        revision: after.revision,
        created_at: after.created_at.unwrap_or(now),
        updated_at: now,
    };
    if before.revision == 0 {
        tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))
            .map_err(|error| error.when(&codes::ALREADY_EXISTS, || Error::new(&codes::PRECONDITION_FAILED)))?;
    } else {
        revise!(tx, table, notice_preferences::revision, (person, before.revision), &row)?;
    }
    let (old, new) = (
        before.shown(person, side, modules),
        after.clone().shown(person, side, modules),
    );
    tx.record(Fact::changed("notice_preferences.updated", &old, &new))?;
    Ok(after)
}
