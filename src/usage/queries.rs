//! The only file that knows the tables of use and of retention.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Text},
};

use super::{Kept, recorder::Key};
use crate::{
    db::{Engine, Tx},
    error::Result,
    schema::retention_terms,
};

/// Only for people and partners that there are: one that is gone must not keep the counts of all others back.
const ADD_ONE: &str = "INSERT INTO usage_days (partner_id, day_on, user_id, kind, resource, times) SELECT ?1, ?2, ?3, ?4, ?5, ?6 \
    WHERE EXISTS (SELECT 1 FROM partners WHERE id = ?1) AND EXISTS (SELECT 1 FROM users WHERE id = ?3) \
    ON CONFLICT (partner_id, day_on, user_id, kind, resource) DO UPDATE SET times = usage_days.times + excluded.times";

const ADD_ALL: &str = "INSERT INTO usage_days (partner_id, day_on, user_id, kind, resource, times) \
    SELECT n.partner_id, n.day_on, n.user_id, n.kind, n.resource, n.times \
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) \
    WITH ORDINALITY AS n (partner_id, day_on, user_id, kind, resource, times, place) \
    WHERE EXISTS (SELECT 1 FROM partners WHERE id = n.partner_id) AND EXISTS (SELECT 1 FROM users WHERE id = n.user_id) \
    ORDER BY n.place \
    ON CONFLICT (partner_id, day_on, user_id, kind, resource) DO UPDATE SET times = usage_days.times + excluded.times";

/// Adds counts to those of their days. One statement on PostgreSQL; SQLite, which is in the same process, takes them one
/// by one as cheaply.
///
/// # Errors
/// What the database reports.
pub fn add(tx: &mut Tx<'_>, counts: &[(Key, i64)]) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => {
            for (key, times) in counts {
                sql_query(ADD_ONE)
                    .bind::<Text, _>(key.partner)
                    .bind::<Text, _>(key.day_on())
                    .bind::<Text, _>(key.user)
                    .bind::<Text, _>(key.kind)
                    .bind::<Text, _>(key.resource)
                    .bind::<BigInt, _>(times)
                    .execute(tx.conn())?;
            }
        }
        Engine::Postgres => {
            let texts = |of: fn(&Key) -> String| counts.iter().map(|(key, _)| of(key)).collect::<Vec<_>>();
            let times: Vec<i64> = counts.iter().map(|(_, times)| *times).collect();
            sql_query(ADD_ALL)
                .bind::<Array<Text>, _>(texts(|key| key.partner.to_string()))
                .bind::<Array<Text>, _>(texts(Key::day_on))
                .bind::<Array<Text>, _>(texts(|key| key.user.to_string()))
                .bind::<Array<Text>, _>(texts(|key| key.kind.to_string()))
                .bind::<Array<Text>, _>(texts(|key| key.resource.to_owned()))
                .bind::<Array<BigInt>, _>(times)
                .execute(tx.conn())?;
        }
    }
    Ok(())
}

/// For how many days something is kept.
///
/// # Errors
/// What the database reports.
pub fn days_kept(tx: &mut Tx<'_>, kept: Kept) -> Result<i64> {
    Ok(retention_terms::table
        .find(kept.as_str())
        .select(retention_terms::days)
        .first(tx.conn())?)
}

/// Notes for how many days something is kept; nothing is written if it stands so already.
///
/// # Errors
/// What the database reports.
pub fn keep(tx: &mut Tx<'_>, kept: Kept, days: i64) -> Result<()> {
    let now = tx.now;
    diesel::update(
        retention_terms::table
            .find(kept.as_str())
            .filter(retention_terms::days.ne(days)),
    )
    .set((
        retention_terms::days.eq(days),
        retention_terms::updated_at.eq(now.micros()),
    ))
    .execute(tx.conn())?;
    Ok(())
}

/// Deletes at most so many counts of use, and as many response times, of days that are kept no longer; tells how many of the
/// more numerous.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let first = tx.now.plus_days(-days_kept(tx, Kept::Usage)?).date().to_string();
    let mut more = 0;
    for sql in [
        "DELETE FROM usage_days WHERE (partner_id, day_on, user_id, kind, resource) IN (SELECT partner_id, day_on, user_id, kind, resource \
         FROM usage_days WHERE day_on < $1 ORDER BY day_on LIMIT $2)",
        "DELETE FROM response_times WHERE event_id IN (SELECT event_id FROM response_times WHERE day_on < $1 ORDER BY day_on LIMIT $2)",
    ] {
        let deleted = sql_query(sql)
            .bind::<Text, _>(&first)
            .bind::<BigInt, _>(most)
            .execute(tx.conn())?;
        more = more.max(deleted);
    }
    Ok(more)
}
