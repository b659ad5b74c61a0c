//! The only file that knows the table of sign-ins.

use diesel::prelude::*;

use super::SignIn;
use crate::{
    db::Tx,
    error::Result,
    kernel::ids::SignInId,
    on_each,
    schema::sign_ins::{self, table},
};

/// Writes a sign-in down.
///
/// # Errors
/// What the database reports.
pub fn record(tx: &mut Tx<'_>, sign_in: &SignIn) -> Result<()> {
    let now = tx.now;
    let row = (
        sign_ins::id.eq(tx.new_id::<SignInId>()),
        sign_ins::user_id.eq(sign_in.user),
        sign_ins::partner_id.eq(sign_in.partner),
        sign_ins::identifier_hash.eq(sign_in.identifier.as_deref()),
        sign_ins::at.eq(now.micros()),
        sign_ins::day_on.eq(now.date()),
        sign_ins::method.eq(sign_in.method),
        sign_ins::outcome.eq(sign_in.outcome),
        sign_ins::ip.eq(sign_in.ip.map(|ip| ip.to_string())),
        sign_ins::user_agent.eq(sign_in.agent.as_deref()),
    );
    on_each!(tx, |c| diesel::insert_into(table).values(row).execute(c))?;
    Ok(())
}
