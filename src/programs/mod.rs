//! Partner programs: ranked tiers in versions, who stands where since when, and the evaluation that proposes who moves.
//!
//! # Rules
//!
//! - A program's rules are its **versions**. A draft is worked out, published from a moment on, and then never changes;
//!   it holds until the next published version begins. Ranks are unique in a version; rank 1 is the entry tier.
//! - A **membership** has exactly one tier at each instant from its first to its last: the tiers are a chain of starts,
//!   each of which holds until the next. When a new version begins, each member goes on in the tier of the same name, or
//!   else in the highest tier that is not above its rank ([`memberships::chain`]).
//! - An **override** sets a tier by hand, with a reason and maybe an end. It is two links of the chain: its start, and the
//!   return to the tier that the member would otherwise hold. While it lasts, evaluations change nothing.
//! - An **evaluation** compares figures as they were at a moment ([`metrics`]) with the criteria of one version, so that it
//!   can be repeated from (`as_of`, `rule_version`). A member is due the highest tier whose criteria it all meets, and
//!   never less than the entry tier. A preview only shows what would follow, also of a draft.
//! - A committed evaluation promotes at once where the version says so, and otherwise proposes. It **never demotes**: it
//!   puts the member at risk, names the criteria that fail, and gives notice. When the notice has run out, somebody
//!   confirms the demotion, unless the member meets the criteria again, appealed, or holds its tier by an override.
//!
//! # What a lower tier means
//!
//! | what | effect of a demotion |
//! | --- | --- |
//! | approved deal registrations | none: discount, protection window and tier were copied at the decision |
//! | registrations that wait for a decision | decided under the tier in force at the decision ([`tier_at`]) |
//! | extensions of protections | under the policy in force; the window that was granted stays |
//! | automatic approval | the new tier's limit from the next submission on |
//! | weight in the routing of leads | at once |
//! | response class, named manager | kept for the `tail_days` of the tier that was left ([`benefits`]) |
//! | licences and other allowances | kept for that tail, then ended; the new tier's own begin when it is over |
//! | content that needs the former tier | ends after the tail that the content's own rule grants |
//! | approved funds | the approved amount and rate stay; what is not yet reserved is worked out anew |
//! | rebates | the tier at the date of the transaction counts, not the one at payout |
//!
//! Beside the tier a program awards [`specialisations`], with criteria of the same kind.
//!
//! What stands in later modules reads the tier by [`tier_at`] with the moment that its own rule names.

pub mod benefits;
pub mod evaluations;
mod figure;
mod handlers;
pub mod memberships;
pub mod metrics;
mod model;
mod queries;
pub mod rules;
pub mod specialisations;
pub mod tiers;

pub use benefits::renew_due as renew_benefits;
pub use figure::Figure;
pub use memberships::{
    ImportedMembership, ImportedTier, TierTerms, TiersHeld, insert_membership_imported, join_all, leave_all,
    tell_override_ends, tier_at, tiers_held,
};
pub use model::{NewProgram, Program, ProgramStatus};
pub use queries::{by_code, find, insert};
pub use tiers::{NewCriterion, NewTier, NewTierBenefits, NewVersion, Tier, publish_new, tier_named};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/programs")
            .service(handlers::list_programs)
            .service(handlers::create_program)
            .service(handlers::list_program_metrics)
            .service(handlers::get_program)
            .service(handlers::update_program)
            .service(handlers::retire_program)
            .service(tiers::handlers::list_program_versions)
            .service(tiers::handlers::create_program_version)
            .service(tiers::handlers::get_program_version)
            .service(tiers::handlers::update_program_version)
            .service(tiers::handlers::delete_program_version)
            .service(tiers::handlers::publish_program_version)
            .service(tiers::handlers::list_tiers)
            .service(tiers::handlers::create_tier)
            .service(tiers::handlers::get_tier)
            .service(tiers::handlers::update_tier)
            .service(tiers::handlers::delete_tier)
            .service(memberships::handlers::list_program_memberships)
            .service(memberships::handlers::enrol_partner)
            .service(memberships::handlers::get_program_membership)
            .service(memberships::handlers::list_membership_tiers)
            .service(memberships::handlers::get_membership_actions)
            .service(memberships::handlers::leave_program)
            .service(memberships::handlers::override_tier)
            .service(memberships::handlers::end_tier_override)
            .service(memberships::handlers::promote_member)
            .service(memberships::handlers::appeal_demotion)
            .service(memberships::handlers::decide_appeal)
            .service(memberships::handlers::confirm_demotion)
            .service(evaluations::handlers::get_tier_gap)
            .service(evaluations::handlers::list_evaluations)
            .service(evaluations::handlers::create_evaluation)
            .service(evaluations::handlers::get_evaluation)
            .service(evaluations::handlers::list_evaluation_results),
    );
    config.service(
        scope("/v1/benefit-grants")
            .service(benefits::handlers::list_benefit_grants)
            .service(benefits::handlers::get_benefit_grant)
            .service(benefits::handlers::list_benefit_uses)
            .service(benefits::handlers::consume_benefit),
    );
    config.service(
        scope("/v1/benefit-uses")
            .service(benefits::handlers::get_benefit_use)
            .service(benefits::handlers::return_benefit_use),
    );
    config.service(
        scope("/v1/specialisations")
            .service(specialisations::handlers::list_specialisations)
            .service(specialisations::handlers::create_specialisation)
            .service(specialisations::handlers::get_specialisation)
            .service(specialisations::handlers::update_specialisation),
    );
    config.service(
        scope("/v1/specialisation-awards")
            .service(specialisations::handlers::list_specialisation_awards)
            .service(specialisations::handlers::award_specialisation)
            .service(specialisations::handlers::get_specialisation_award)
            .service(specialisations::handlers::get_specialisation_award_actions)
            .service(specialisations::handlers::renew_specialisation_award)
            .service(specialisations::handlers::withdraw_specialisation_award),
    );
}

/// The routes within `/v1/partners`.
pub fn partner_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(benefits::handlers::get_partner_benefits)
        .service(specialisations::handlers::list_partner_specialisations);
}

/// The routes within `/v1/reports`.
pub fn report_routes(config: &mut ServiceConfig<'_>) {
    config.service(benefits::handlers::list_benefit_usage);
}
