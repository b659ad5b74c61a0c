//! Registrations of deals (`domain.md` part 4). Three axes: the vendor's review (`review_status`), what protects the
//! registration at the moment of reading (`protection`, read off the protections' windows), and the sale (`stage`).
//!
//! Other modules find a registration with [`find`], change it on its aggregate [`Registration`], write it with [`save`],
//! and note the step with [`history::note`].

mod actions;
mod ahead;
mod approvals;
mod batches;
mod chains;
mod clock;
mod clock_queries;
mod closing;
mod contests;
mod decisions;
mod differences;
mod drafts;
mod endings;
mod expanded;
mod fields;
mod filter;
mod guards;
mod handlers;
pub mod history;
mod identity;
mod imports;
mod likeness_queries;
mod model;
mod naming;
pub mod partner_steps;
mod parts_queries;
pub mod past_queries;
mod queries;
mod questions;
mod queues;
mod requests;
mod review_handlers;
mod review_queries;
mod reviews;
mod revocations;
mod rows;
mod rules;
mod scopes;
mod segregation;
mod slot_queries;
mod stage;
mod states;
mod submission;
pub mod tier_terms;
mod upserts;
mod view;
mod wide_queries;

pub use actions::{action, chain as approval_chain, own_failing};
pub use ahead::Ahead;
pub use approvals::{grant_on_appeal, locked, tell_contenders};
pub use chains::{
    begin as begin_chain, clock as chain_clock, end as skip_steps, facts as chain_facts, granting_fails,
    pause as pause_chain, resume as resume_chain,
};
pub use clock::start as start_clock;
pub use clock_queries::of_territory as business_clock;
pub use closing::{close, open_again, slot_taken, taken_back};
pub use contests::{Dispute, open as open_case, settle as settle_case};
pub use decisions::{DealApproval, DealApprovalChain, DealOverride, DealRejection, DealWithdrawal};
pub use drafts::{change, may_write, update};
pub use endings::{Superseding, blank_decision, note_lapse, supersede, withdraw};
pub use expanded::{DealExpanded, DealPath};
pub use guards::{Facts as SubmissionFacts, close_date, submission as submission_guards};
pub use handlers::seen;
pub use identity::RECOGNISED_BY;
pub use imports::{ImportedDeal, insert_imported};
pub use likeness_queries::{Alike, of_account};
pub use model::{Deal, DealDecision, DecisionTerms, GrantedScope, SlaState};
pub use naming::{product, resolve as named, territory};
pub use queries::{
    by_ids, find, find_all, find_row, insert, lock, save, save_because, store, tell, tell_new, tell_vendor, write,
};
pub use requests::{NewDeal, NewDealContact, NewDealCustomer, NewDealLine, NewDealSite};
pub use review_queries::{
    all_decisions, contending, deciders, end_infos, insert_decision, insert_info, last_received, overdue, tie_check,
};
pub use reviews::REVIEWERS;
pub use rows::{CustomerRow, DealRow, DecisionRow, DetailsRow, InfoRow, Line, LineRow, Registration, ReviewRow};
pub use rules::{Named, SUBMISSION_NEEDS, status_at};
pub use segregation::{brought_in_by, failing as segregation_failing, interests};
pub use slot_queries::{free_slots, slot_holder, take_slots};
pub use states::{
    DealAxis, DealCustomerResolution, DealCustomerResolution as CustomerResolution, DealLineStatus, DealSource,
    DealStage, DealStanding, DealType, DealVisibility, DecisionOutcome, HistoryVisibility, InfoRequestStatus, OPEN,
    ProtectionState, REVIEW, ReviewStatus, STAGE, check_stage,
};
pub use submission::{failing as submission_failing, is_customer, new_round, placed};
use utoipa_actix_web::service_config::ServiceConfig;
pub use view::{Held, Reader};

use crate::kernel::Time;

/// The series of registrations' numbers: `DR-2026-000123`.
const NUMBERS: &str = "DR";

/// The fields of the registration that a change may not send now, each with what locks it.
pub fn locks(registration: &Registration, now: Time) -> Vec<(&'static str, String)> {
    fields::locks(status_at(registration, now), registration.deal.stage)
}

/// The routes within `/v1/deals`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::list_deals)
        .service(handlers::create_deal)
        .service(handlers::batch_deals)
        .service(handlers::upsert_deal)
        .service(handlers::get_deal_by_external_id)
        .service(handlers::get_deal)
        .service(handlers::update_deal)
        .service(review_handlers::submit_deal)
        .service(review_handlers::claim_deal_review)
        .service(review_handlers::assign_deal)
        .service(review_handlers::request_deal_info)
        .service(review_handlers::answer_deal_info)
        .service(review_handlers::approve_deal)
        .service(review_handlers::reject_deal)
        .service(review_handlers::withdraw_deal)
        .service(review_handlers::revoke_deal)
        .service(review_handlers::choose_deal_account)
        .service(review_handlers::move_deal_stage)
        .service(review_handlers::list_deal_actions)
        .service(review_handlers::get_deal_approval_chain)
        .service(review_handlers::list_deal_decisions)
        .service(review_handlers::list_deal_info_requests)
        .service(review_handlers::list_deal_history);
}
