//! How many exports are under way for each caller.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    auth::Caller,
    error::{Error, Result, codes},
    http::limits::principal,
};

/// Most exports of one caller at once, in each server.
pub const AT_ONCE: u32 = 3;

/// The exports that are under way, by caller.
#[derive(Debug, Default)]
pub struct Running(Mutex<HashMap<u64, u32>>);

/// An export that is under way, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    running: Arc<Running>,
    caller: u64,
}

impl Running {
    fn callers(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        // A count is changed by one step, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an export.
    ///
    /// # Errors
    /// 429 `rate_limited` if the caller has [`AT_ONCE`] of them.
    pub fn begin(self: &Arc<Self>, caller: &Caller) -> Result<Turn> {
        let caller = principal(caller);
        let mut callers = self.callers();
        let count = callers.entry(caller).or_default();
        if *count >= AT_ONCE {
            return Err(Error::new(&codes::RATE_LIMITED)
                .detail(format!(
                    "You have {AT_ONCE} exports under way; wait until one of them has ended."
                ))
                .retry_after(10));
        }
        *count += 1;
        Ok(Turn {
            running: Arc::clone(self),
            caller,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut callers = self.running.callers();
        if let Some(count) = callers.get_mut(&self.caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_so_many_at_once_and_others_have_theirs() {
        let running = Arc::new(Running::default());
        let (one, other) = (Caller::system("one"), Caller::system("other"));
        let turns: Vec<Turn> = (0..AT_ONCE).map(|_| running.begin(&one).unwrap()).collect();
        assert!(running.begin(&one).unwrap_err().is(&codes::RATE_LIMITED));
        assert!(running.begin(&other).is_ok());
        drop(turns);
        assert!(running.begin(&one).is_ok() && running.callers().is_empty());
    }
}
