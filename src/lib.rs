//! OpenPRM: open-source, API-first partner relationship management.
//!
//! ARCHITECTURE.md says how the house is built; each module's documentation says what its things are.

pub mod app;
pub mod audit;
pub mod auth;
pub mod catalog;
pub mod config;
pub mod db;
pub mod error;
pub mod events;
pub mod http;
pub mod kernel;
#[rustfmt::skip]
pub mod schema;
