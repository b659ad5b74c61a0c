//! Real data sets that are not part of the repository.

use std::path::PathBuf;

/// Their place, if the runner of the tests says where they are; else it is told that the test was not run.
#[expect(clippy::disallowed_methods, reason = "the runner of the tests says where they are")]
pub fn place(test: &str) -> Option<PathBuf> {
    let place = std::env::var_os("OPENPRM_SHARED")
        .filter(|place| !place.is_empty())
        .map(PathBuf::from);
    if place.is_none() {
        use std::io::Write as _;
        drop(writeln!(
            std::io::stderr(),
            "not run: {test} (OPENPRM_SHARED is not set)"
        ));
    }
    place
}
