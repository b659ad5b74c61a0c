//! OpenPRM: open-source, API-first partner relationship management.
//!
//! ARCHITECTURE.md says how the house is built; each module's documentation says what its things are.

// The list of all tables that may meet in a query is worked through one by one.
#![recursion_limit = "256"]

pub mod app;
pub mod approvals;
pub mod audit;
pub mod auth;
pub mod calendars;
pub mod capabilities;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod custom_fields;
pub mod customers;
pub mod db;
pub mod deals;
pub mod demo;
pub mod error;
pub mod events;
pub mod files;
pub mod forms;
pub mod http;
pub mod identity;
pub mod imports;
pub mod jobs;
pub mod kernel;
pub mod mail;
pub mod modules;
pub mod notices;
pub mod numbers;
pub mod partners;
pub mod policies;
pub mod portal;
pub mod programs;
pub mod references;
pub mod reports;
#[rustfmt::skip]
pub mod schema;
pub mod server;
pub mod sync;
pub mod tags;
pub mod usage;
pub mod verify;
pub mod webhooks;
pub mod work;
