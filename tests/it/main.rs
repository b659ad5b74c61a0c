//! Every test of the whole: one binary, a file for each resource, each test on a database of its own, on both engines.
#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    clippy::string_slice,
    clippy::map_unwrap_or,
    clippy::match_same_arms,
    clippy::unused_async,
    clippy::used_underscore_binding,
    dead_code,
    reason = "tests read the environment and open databases themselves, stop at the first surprise, and share support that not all use"
)]

#[macro_use]
mod support;

mod amendments;
mod appeals;
mod approvals;
mod attribution;
mod audit;
mod batch;
mod benefits;
mod breaking;
mod browser_sessions;
mod calendars;
mod catalog;
mod comments;
mod conflict;
mod connector;
mod consequences;
mod contract;
mod conventions;
mod crash;
mod customers;
mod deals;
mod delegations;
mod demo;
mod events;
mod example_pages;
mod expand;
mod exports;
mod extensions;
mod fields;
mod files;
mod forms;
mod gathering;
mod handovers;
mod headers;
mod holdings;
mod holiday;
mod identity;
mod identity_providers;
mod import_jobs;
mod imports;
mod jobs;
mod matching;
mod modules;
mod notes;
mod notices;
mod oauth;
mod outcomes;
mod partner_people;
mod partners;
mod people;
mod permissions;
mod policies;
mod portal;
mod program;
mod programs;
mod protections;
mod reasons;
mod reopenings;
mod requests;
mod scene;
mod schema;
mod second_factors;
mod segments;
mod service_clients;
mod simulations;
mod specialisations;
mod stages;
mod stories;
mod sync;
mod thresholds;
mod tidy;
mod tier_terms;
mod transfers;
mod usage;
mod webhooks;
mod work;
