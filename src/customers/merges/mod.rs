//! Merging customer accounts that are one customer, and splitting them again.
//!
//! A merge is planned first: the plan says what will move, what will collide and what somebody has to agree to, and it is
//! stored. Executing it looks again under the locks of both accounts and refuses if anything is not as it was shown. What
//! the account that goes was known by (names, domains, numbers, addresses, ids of other systems) goes over to the one that
//! stays, so whoever asks for it finds the customer.
//!
//! Two exclusive protections of one scope cannot stand on one account. The one whose registration was received first
//! stays in force; the other becomes contested, which shuts nobody out, and a conflict case is opened on the two. The same
//! with two open registrations of one partner for one thing: the earlier keeps its place. Nothing vanishes.
//!
//! Every effect is noted with the revision that the moved record had afterwards. As long as none of them has changed since,
//! the merge can be undone: that is the split. What was recorded on the account after the merge stays with it.

mod collisions;
mod handlers;
mod model;
mod moves;
mod plans;
mod queries;
mod rules;

pub use model::{AccountMerge, MergeStatus};
pub use queries::find;
pub use rules::STATES;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The type of merges in events.
pub const TYPE: &str = "account_merge";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/account-merges")
            .service(handlers::list_account_merges)
            .service(handlers::plan_account_merge)
            .service(handlers::get_account_merge)
            .service(handlers::list_account_merge_actions)
            .service(handlers::merge_accounts)
            .service(handlers::split_account)
            .service(handlers::cancel_account_merge),
    );
}
