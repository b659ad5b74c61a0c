//! The only file that knows the table of calendars. They belong to no partner: everyone sees all of them.

use std::{collections::BTreeMap, sync::Arc};

use diesel::prelude::*;

use super::{
    BusinessClock,
    clock::WorkingTime,
    model::{Calendar, CalendarFilter, CalendarSort, CalendarStatus},
};
use crate::{
    catalog::territories,
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Date, Time,
        ids::{CalendarId, TerritoryId},
        page::{Key, Page, Paging},
    },
    load_page, numbers, remove, revise,
    schema::calendars::{self, table},
};

/// What those queue at who make a calendar the default, give one to a territory, or retire one: each looks at what the
/// others write.
const USES: &str = "calendar-uses";

/// One page of calendars.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &CalendarFilter, paging: &Paging) -> Result<Page<Calendar>> {
    let sort = filter.sort.unwrap_or(CalendarSort::Name);
    let mut clause = Clause::all();
    clause
        .one_of_some("calendars.status", filter.status.as_ref())
        .one_of_some("calendars.code", filter.code.as_ref())
        .equals_some("calendars.is_default", filter.is_default.as_ref());
    let rows = load_page!(tx, table => Calendar, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        let key: Key = match sort {
            CalendarSort::Name | CalendarSort::NameDescending => row.name_key.as_str().into(),
            CalendarSort::Created | CalendarSort::CreatedDescending => row.created_at.into(),
        };
        (key, row.id.to_string())
    }))
}

/// The calendar with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: CalendarId) -> Result<Calendar> {
    Ok(table.find(id).select(Calendar::as_select()).get_result(tx.conn())?)
}

/// The clock of a territory: by its calendar, that of the nearest territory around it, or the default of the program. Without
/// any of them Monday to Friday count, whole days of UTC, but not the `closed` days.
///
/// # Errors
/// What the database reports.
pub fn of_territory(tx: &mut Tx<'_>, territory: Option<TerritoryId>, closed: &[Date]) -> Result<BusinessClock> {
    let own = match territory {
        Some(territory) => territories::calendar_of(tx, territory)?,
        None => None,
    };
    let mut clause = Clause::all();
    match own {
        Some(id) => clause.equals("calendars.id", &id),
        None => clause.sql(" AND calendars.is_default"),
    };
    let found = times(tx, clause)?.into_iter().next();
    Ok(found.map_or_else(
        || BusinessClock {
            calendar: None,
            time: Arc::new(WorkingTime::plain(closed)),
        },
        |(id, (revision, time))| BusinessClock {
            calendar: Some((id, revision)),
            time,
        },
    ))
}

/// Calendars with their revision and their hours.
type Times = BTreeMap<CalendarId, (i64, Arc<WorkingTime>)>;

/// The calendars for which the conditions hold. What was read of one as it stands is kept.
fn times(tx: &mut Tx<'_>, which: Clause) -> Result<Times> {
    let present: Vec<(CalendarId, i64, Time)> = table
        .filter(which)
        .select((calendars::id, calendars::revision, calendars::updated_at))
        .load(tx.conn())?;
    let (mut times, mut unread) = (Times::new(), Vec::new());
    for stamp in present {
        match tx.kept(stamp) {
            Some(time) => drop(times.insert(stamp.0, (stamp.1, time))),
            None => unread.push(stamp.0),
        }
    }
    if !unread.is_empty() {
        let rows: Vec<Calendar> = table
            .filter(calendars::id.eq_any(among(&unread)))
            .select(Calendar::as_select())
            .load(tx.conn())?;
        for row in rows {
            let time = tx.keep((row.id, row.revision, row.updated_at), row.working_time());
            times.insert(row.id, (row.revision, time));
        }
    }
    Ok(times)
}

/// The hours of the calendars with those ids, by id.
///
/// # Errors
/// What the database reports.
pub fn working_times(tx: &mut Tx<'_>, ids: &[CalendarId]) -> Result<BTreeMap<CalendarId, Arc<WorkingTime>>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut clause = Clause::all();
    clause.one_of("calendars.id", ids);
    let times = times(tx, clause)?;
    Ok(times.into_iter().map(|(id, (_, time))| (id, time)).collect())
}

/// Refuses a calendar that cannot be given to a territory.
///
/// # Errors
/// 409 `unknown_reference` if there is none, or it is retired.
pub fn check_usable(tx: &mut Tx<'_>, id: CalendarId, pointer: &'static str) -> Result<()> {
    numbers::hold(tx, USES)?;
    let status: Option<CalendarStatus> = table.find(id).select(calendars::status).first(tx.conn()).optional()?;
    match status {
        Some(CalendarStatus::Active) => Ok(()),
        Some(CalendarStatus::Retired) => Err(Error::unknown_reference(
            pointer,
            "The calendar is retired; name one that is active.",
        )),
        None => Err(Error::unknown_reference(
            pointer,
            "There is no such calendar; name one that exists, or null for that of the territory around.",
        )),
    }
}

/// Lets the present default step back, so that another can take its place. Its row is locked: whoever renames it meanwhile
/// waits, and no newcomer is told that a calendar that it did not name was changed.
fn make_way(tx: &mut Tx<'_>, for_calendar: CalendarId) -> Result<()> {
    numbers::hold(tx, USES)?;
    let of_default = table.filter(calendars::is_default.eq(true));
    let row = of_default.select(Calendar::as_select());
    let present: Option<Calendar> = Lock::NoKeyUpdate.on(row).get_result(tx.conn()).optional()?;
    let Some(present) = present.filter(|present| present.id != for_calendar) else {
        return Ok(());
    };
    let after = present.clone().stepped_back(tx.now);
    write(tx, &present, after).map(drop)
}

/// Stores a new calendar, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its code is taken.
pub fn insert(tx: &mut Tx<'_>, calendar: Calendar) -> Result<Calendar> {
    if calendar.is_default {
        make_way(tx, calendar.id)?;
    }
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&calendar).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                let detail = format!("There is already a calendar `{}`.", calendar.code);
                Error::new(&codes::ALREADY_EXISTS).fault("#/code", "already_exists", detail)
            })
        })?;
    tx.record(Fact::created("calendar.created", &calendar))?;
    Ok(calendar)
}

/// Stores a changed calendar over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `guard_failed` if it is retired while in use.
pub fn save(tx: &mut Tx<'_>, before: &Calendar, after: Calendar) -> Result<Calendar> {
    if after.status == CalendarStatus::Retired {
        numbers::hold(tx, USES)?;
        let failing = after.retirement(territories::count_by_calendar(tx, after.id)?);
        if !failing.is_empty() {
            return Err(Error::guards(before.status, "retire", failing));
        }
    }
    if after.is_default && !before.is_default {
        make_way(tx, after.id)?;
    }
    write(tx, before, after)
}

fn write(tx: &mut Tx<'_>, before: &Calendar, after: Calendar) -> Result<Calendar> {
    revise!(tx, table, calendars::revision, (before.id, before.revision), &after)?;
    tx.record(Fact::changed("calendar.updated", before, &after))?;
    Ok(after)
}

/// Removes a calendar that nothing names.
///
/// # Errors
/// 409 `in_use` if something does; 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, calendar: &Calendar) -> Result<()> {
    if calendar.is_default {
        return Err(Error::new(&codes::IN_USE));
    }
    remove!(tx, table, calendars::revision, (calendar.id, calendar.revision))?;
    tx.record(Fact::deleted("calendar.deleted", calendar))
}
