//! The program: reads the settings, sets up the log, and runs a command.

use std::process::ExitCode;

use clap::Parser as _;
use openprm::{cli, config::Config};

/// Requests and searches live on small texts, which the allocator of the C library hands out one lock and one list at a time: batches
/// of deals are taken in by a tenth to a quarter faster with this one (`./scripts/bench --bench batch`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(
    clippy::print_stderr,
    reason = "a command that failed says why on standard error, even when nothing is logged"
)]
fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    let config = match Config::from_environment(arguments.is_demo()) {
        Ok(config) => config,
        Err(wrong) => {
            eprintln!("openprm: {wrong}");
            return ExitCode::from(2);
        }
    };
    env_logger::Builder::new().parse_filters(&config.log).init();
    match cli::run(arguments, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error
                .inner_cause()
                .map(|cause| format!(" ({cause})"))
                .unwrap_or_default();
            eprintln!("openprm: {}{cause}", error.message());
            ExitCode::FAILURE
        }
    }
}
