//! How many statements a piece of work sends to the database: to show that a page of many rows costs no more than one row.

use std::cell::Cell;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

thread_local! {
    static SENT: Cell<usize> = const { Cell::new(0) };
}

struct Counter;

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            SENT.set(SENT.get() + 1);
        }
    }
}

/// Counts on every connection that is opened from now on.
pub fn listen() {
    set_default_instrumentation(|| Some(Box::new(Counter))).unwrap();
}

/// How many statements this thread sends while `work` runs: for work that stays on its thread, as `Db::ask_now` does.
pub fn sent<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = SENT.get();
    let result = work();
    (SENT.get() - before, result)
}
