//! The only file that knows the tables of sessions: families of refresh tokens.

use diesel::prelude::*;

use crate::{
    db::{Clause, Tx, among},
    error::Result,
    identity::credentials::{self, Kind},
    kernel::{
        Time,
        ids::{MembershipId, SessionId, UserId},
    },
    schema::{refresh_families, refresh_tokens},
    words,
};

/// Days after which a session ends for good.
const SESSION_DAYS: i64 = 30;

words! {
    /// Why a session ended.
    pub EndReason {
        /// The user signed out.
        Logout = "logout",
        /// A refresh token was used a second time.
        Reuse = "reuse",
        /// The password was changed, or a second factor was set up.
        PasswordChanged = "password_changed",
        /// The user may not sign in any more.
        UserDisabled = "user_disabled",
        /// The user may not act for the partner any more.
        MembershipEnded = "membership_ended",
        /// An administrator ended it.
        Admin = "admin",
    }
}

/// A session that was opened or renewed.
#[derive(Clone)]
pub struct Opened {
    /// The session.
    pub session: SessionId,
    /// What renews it.
    pub refresh_token: String,
    /// When it ends for good.
    pub expires_at: Time,
}

/// Opens a session.
///
/// # Errors
/// What the database reports.
pub fn open(tx: &mut Tx<'_>, user: UserId, membership: Option<MembershipId>, agent: Option<&str>) -> Result<Opened> {
    let now = tx.now;
    let (session, expires_at) = (tx.new_id::<SessionId>(), now.plus_days(SESSION_DAYS));
    let row = (
        refresh_families::id.eq(session),
        refresh_families::user_id.eq(user),
        refresh_families::membership_id.eq(membership),
        refresh_families::user_agent.eq(agent),
        refresh_families::ip.eq(tx.caller().request().ip.map(|ip| ip.to_string())),
        refresh_families::expires_at.eq(expires_at.micros()),
        refresh_families::last_used_at.eq(now.micros()),
        refresh_families::created_at.eq(now.micros()),
    );
    diesel::insert_into(refresh_families::table)
        .values(row)
        .execute(tx.conn())?;
    let refresh_token = new_token(tx, session, None, expires_at)?;
    Ok(Opened {
        session,
        refresh_token,
        expires_at,
    })
}

fn new_token(tx: &mut Tx<'_>, session: SessionId, predecessor: Option<&str>, expires_at: Time) -> Result<String> {
    let text = credentials::secret(Kind::Refresh);
    let row = (
        refresh_tokens::hash.eq(credentials::hash(&text)),
        refresh_tokens::family_id.eq(session),
        refresh_tokens::predecessor_hash.eq(predecessor),
        refresh_tokens::issued_at.eq(tx.now.micros()),
        refresh_tokens::expires_at.eq(expires_at.micros()),
    );
    diesel::insert_into(refresh_tokens::table)
        .values(row)
        .execute(tx.conn())?;
    Ok(text)
}

/// A session as it stands.
#[derive(Debug, Clone)]
pub struct Family {
    /// The session.
    pub session: SessionId,
    /// Its user.
    pub user: UserId,
    /// The user's place at the partner.
    pub membership: Option<MembershipId>,
    /// When it ends for good.
    pub expires_at: Time,
    /// When it was ended.
    pub revoked_at: Option<Time>,
}

/// What became of a refresh token.
#[derive(Clone)]
pub enum Renewal {
    /// There is no such token.
    Unknown,
    /// It was used before: whoever used it first may not be whom it was given to.
    Reused(Family),
    /// The session has ended.
    Ended(Family),
    /// The session goes on with another token.
    Renewed(Family, Opened),
}

/// Uses a refresh token up. Of many uses at once, one succeeds: the update is conditional, and its row stays locked
/// until the end of the transaction.
///
/// # Errors
/// What the database reports.
pub fn renew(tx: &mut Tx<'_>, text: &str) -> Result<Renewal> {
    let (hash, now) = (credentials::hash(text), tx.now);
    let used = diesel::update(
        refresh_tokens::table
            .find(&hash)
            .filter(refresh_tokens::used_at.is_null()),
    )
    .set(refresh_tokens::used_at.eq(Some(now.micros())))
    .execute(tx.conn())?;
    type Row = (SessionId, UserId, Option<MembershipId>, Time, Option<Time>);
    let columns = (
        refresh_families::id,
        refresh_families::user_id,
        refresh_families::membership_id,
        refresh_families::expires_at,
        refresh_families::revoked_at,
    );
    let found: Option<Row> = refresh_tokens::table
        .inner_join(refresh_families::table)
        .filter(refresh_tokens::hash.eq(&hash))
        .select(columns)
        .get_result(tx.conn())
        .optional()?;
    let Some((session, user, membership, expires_at, revoked_at)) = found else {
        return Ok(Renewal::Unknown);
    };
    let family = Family {
        session,
        user,
        membership,
        expires_at,
        revoked_at,
    };
    if used == 0 {
        return Ok(Renewal::Reused(family));
    }
    if family.revoked_at.is_some() || family.expires_at <= now {
        return Ok(Renewal::Ended(family));
    }
    let refresh_token = new_token(tx, session, Some(&hash), expires_at)?;
    diesel::update(refresh_families::table.find(session))
        .set(refresh_families::last_used_at.eq(now.micros()))
        .execute(tx.conn())?;
    Ok(Renewal::Renewed(
        family,
        Opened {
            session,
            refresh_token,
            expires_at,
        },
    ))
}

/// Which sessions end.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// One.
    Session(SessionId),
    /// All of a user.
    User(UserId),
    /// All of a user but that one.
    Others(UserId, Option<SessionId>),
    /// All of a user's place at a partner.
    Membership(MembershipId),
}

/// Ends sessions.
///
/// # Errors
/// What the database reports.
pub fn end(tx: &mut Tx<'_>, which: Which, reason: EndReason) -> Result<()> {
    let now = tx.now;
    let mut these = Clause::all();
    match which {
        Which::Session(session) => these.equals("refresh_families.id", &session),
        Which::User(user) | Which::Others(user, None) => these.equals("refresh_families.user_id", &user),
        Which::Others(user, Some(but)) => these
            .equals("refresh_families.user_id", &user)
            .and("refresh_families.id <> ")
            .value(&but),
        Which::Membership(membership) => these.equals("refresh_families.membership_id", &membership),
    };
    diesel::update(
        refresh_families::table
            .filter(these)
            .filter(refresh_families::revoked_at.is_null()),
    )
    .set((
        refresh_families::revoked_at.eq(Some(now.micros())),
        refresh_families::revoked_reason.eq(Some(reason)),
    ))
    .execute(tx.conn())?;
    Ok(())
}

/// Deletes at most so many sessions that ended for good by that moment, with their tokens; tells how many.
///
/// # Errors
/// What the database reports.
pub fn delete_expired(tx: &mut Tx<'_>, by: Time, most: i64) -> Result<usize> {
    let over: Vec<SessionId> = refresh_families::table
        .filter(refresh_families::expires_at.le(by.micros()))
        .order(refresh_families::expires_at)
        .limit(most)
        .select(refresh_families::id)
        .load(tx.conn())?;
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::family_id.eq_any(among(&over)))).execute(tx.conn())?;
    Ok(diesel::delete(refresh_families::table.filter(refresh_families::id.eq_any(among(&over)))).execute(tx.conn())?)
}
