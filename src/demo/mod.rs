//! A believable program to try things on: about 40 partners in three tiers and several territories, users of every role,
//! 300 customers, 600 deals in every state, and conflicts worth looking at. It is the same in every run.
//!
//! Users and partners are stored as imported, because they need ids that the documentation can name; all else happens
//! through the API itself, on a clock that walks through the last eight months, so that every deal has the checks,
//! decisions, events and history that a real one has.

mod base;
mod chance;
mod daily;
mod desk;
mod names;
mod nights;
mod present;
mod program;
mod story;

use std::{fmt::Write as _, sync::Arc};

use crate::{
    auth::{Caller, MasterSecret},
    config::Config,
    db::{Clock as _, Db, Settings, SystemClock},
    error::{Error, Result, codes},
    identity,
};
use base::Cast;
use desk::{Desk, StoryClock};
use nights::Nights;

/// The password of every demo login.
pub const PASSWORD: &str = "demo-channel-2026";

/// How many days before now the story begins.
const STORY_DAYS: i64 = 240;

/// Loads the demo program into an empty database, and tells how to sign in. A database that holds it already is left
/// as it is.
///
/// # Errors
/// `conflict` if the database holds something else.
pub fn load(config: &Config) -> Result<Option<String>> {
    let clock = Arc::new(StoryClock::new(SystemClock.now().plus_days(-STORY_DAYS)));
    // The story is thousands of small writes that nobody waits for: only its end must reach the disk.
    let settings = Settings {
        url: config.database_url.clone(),
        pool: 2,
        durable: false,
    };
    let db = Db::open(&settings, clock.clone())?;
    let caller = Caller::system("demo");
    match db.ask_now(&caller, base::found)? {
        base::Found::Demo => return Ok(Some(welcome(config))),
        base::Found::Other => {
            return Err(Error::new(&codes::CONFLICT)
                .detail("The database holds data that is not the demo program. Serve it without --demo, or set DATABASE_URL to a new file."));
        }
        base::Found::Nothing => {}
    }
    log::info!("making the demo program");
    let hash = identity::hash_password(PASSWORD)?;
    let cast: Cast = db.run_now(&caller, move |tx| base::make(tx, &hash))?;
    let end = SystemClock.now();
    actix_web::rt::System::new().block_on(async {
        let desk = Desk::open(&db, config).await?;
        let world = program::make(&desk, &cast).await?;
        let nights = Nights::new(&db, &MasterSecret::load(config)?);
        story::tell(&desk, &clock, &cast, &world, &nights, end).await?;
        present::set(&desk, &cast).await?;
        daily::set(&desk, &cast, end).await?;
        nights.pass().await
    })?;
    Ok(Some(welcome(config)))
}

fn welcome(config: &Config) -> String {
    let mut text = format!("Demo logins (password for all: {PASSWORD}):\n");
    for login in base::LOGINS {
        let _ = writeln!(text, "  {:<18} {}", login.role, login.email);
    }
    let _ = write!(
        text,
        "\nA token to paste into Swagger UI's Authorize:\n  curl -sS {}/v1/auth/login -H 'Content-Type: application/json' \\\n    -d '{{\"email\":\"admin@demo.example\",\"password\":\"{PASSWORD}\"}}'",
        config.public_url
    );
    text
}
