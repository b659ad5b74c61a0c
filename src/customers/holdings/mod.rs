//! What the vendor holds on its customers: direct opportunities, named accounts, the installed base. Each is a resource of
//! its own, in the module of its name; here is what they have in common.

mod queries;

pub(super) use queries::holding_queries;
