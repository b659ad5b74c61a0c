//! What the program logs while it is tested: shown with `RUST_LOG`, and kept, so that tests can look for what must not
//! stand there.

use std::sync::{Mutex, OnceLock};

/// Most lines that are kept.
const ROOM: usize = 200_000;

struct Ear {
    shown: env_logger::Logger,
    heard: Mutex<Vec<String>>,
}

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // A mail in the log is a delivered mail; it is asked for by settings.
        if record.target() != "openprm::mail" {
            let mut heard = self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if heard.len() < ROOM {
                heard.push(format!("{} {}", record.target(), record.args()));
            }
        }
        self.shown.log(record);
    }

    fn flush(&self) {}
}

fn ear() -> &'static Ear {
    static EAR: OnceLock<Ear> = OnceLock::new();
    EAR.get_or_init(|| Ear {
        shown: env_logger::Builder::from_default_env().is_test(true).build(),
        heard: Mutex::default(),
    })
}

/// Begins to listen.
pub fn listen() {
    if log::set_logger(ear()).is_ok() {
        log::set_max_level(log::LevelFilter::Debug);
    }
}

/// All that was logged by every test of the process so far.
pub fn logged() -> Vec<String> {
    ear()
        .heard
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone()
}
