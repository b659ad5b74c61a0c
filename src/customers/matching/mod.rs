//! Customer matching: whether two descriptions mean one customer, and why.
//!
//! Pure functions: no database, no clock. A customer as given ([`profile::RawProfile`]) is prepared
//! once ([`profile::Profile`]); its index keys ([`keys::keys`]) find candidates; [`score::assess_by`]
//! compares it with each and explains the result. Names have a comparator of their own
//! ([`compare::compare`] on [`names::NameKey`]).

pub mod address;
mod calling_codes;
pub mod compare;
pub mod domain;
pub mod fold;
pub mod keys;
pub mod legal_forms;
mod legal_forms_table;
pub mod names;
mod numerals;
mod pairing;
pub mod phone;
pub mod profile;
pub mod registration;
mod registration_schemes;
#[cfg(test)]
mod samples;
pub mod score;
#[cfg(test)]
mod score_tests;
mod shared_hosts;
mod signals;
pub mod spelling;
mod street;
mod weighing;
pub mod words;
mod words_places;
mod words_table;
