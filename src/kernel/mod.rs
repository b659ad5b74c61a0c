//! Value types that everything else is made of. No input or output, no clock, no database connection.

pub mod address;
pub mod country;
pub mod differences;
pub mod hex;
pub mod ids;
pub mod json;
pub mod language;
pub mod local;
pub mod money;
pub mod page;
pub mod patch;
pub mod schemas;
pub mod states;
pub mod time;
pub mod words;
pub mod zone;

pub use address::{Address, AddressPatch};
pub use json::Stored;
pub use language::Language;
pub use local::LocalClock;
pub use money::{Currency, Money};
pub use patch::Patch;
pub use time::{Date, Time};
pub use zone::TimeZone;
