//! Which fields of a registration are open in which state, and what locks the others.
//!
//! A draft is open. What was sent in is what the vendor decides on, so it stays as it was sent; while questions are open
//! the fields that can answer them are open again (the list follows AWS Partner Central's "action required": address,
//! website, close date, amount, need). After approval the scope and the terms are what was granted: they change by an
//! amendment, which is reviewed. What other systems call it is open always.

use super::{
    requests::{DealCustomerPatch, DealPatch},
    states::{DealStage, ReviewStatus},
};
use crate::{
    error::{Error, Fault, Result, codes},
    kernel::Patch,
};

/// What a field is, as far as locks are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Part of what is protected.
    Scope,
    /// What the decision rests on.
    Terms,
    /// What tells more of the customer and its need.
    Evidence,
    /// The partner's own work on it.
    Work,
    /// Links to other systems.
    Link,
}

use Group::{Evidence, Link, Scope, Terms, Work};

/// The groups that are open in a state.
const fn open(status: ReviewStatus, stage: DealStage) -> &'static [Group] {
    if stage.is_closed() {
        return &[Link];
    }
    match status {
        ReviewStatus::Draft | ReviewStatus::NotRegistered => &[Scope, Terms, Evidence, Work, Link],
        ReviewStatus::InfoRequested => &[Terms, Evidence, Link],
        ReviewStatus::Approved => &[Work, Link],
        ReviewStatus::Submitted
        | ReviewStatus::InReview
        | ReviewStatus::Rejected
        | ReviewStatus::Withdrawn
        | ReviewStatus::Lapsed
        | ReviewStatus::Revoked
        | ReviewStatus::Superseded => &[Link],
    }
}

/// What an amendment can change after approval.
const AMENDED: [&str; 3] = ["#/amount", "#/lines", "#/expected_close_on"];

/// What locks a field that is not open, and what to do about it.
fn lock(pointer: &str, status: ReviewStatus, stage: DealStage) -> &'static str {
    if stage.is_closed() {
        return "the deal is closed, and its record stays as it was";
    }
    match status {
        ReviewStatus::Submitted => "the registration was submitted; withdraw it, or wait for the review to ask",
        ReviewStatus::InReview => "the registration is in review; answer when the reviewer asks",
        ReviewStatus::InfoRequested => {
            "while questions are open only the fields that answer them may change; withdraw the registration to change its scope"
        }
        ReviewStatus::Approved if AMENDED.contains(&pointer) => {
            "it is part of what was approved; amend it with POST /v1/deals/{id}/amendments"
        }
        ReviewStatus::Approved => {
            "it is part of what was approved, and no amendment changes it; register another deal for another scope"
        }
        ReviewStatus::Rejected => "the registration was rejected; register the deal anew",
        ReviewStatus::Withdrawn => "the registration was withdrawn; register the deal anew",
        ReviewStatus::Lapsed => "the registration lapsed; register the deal anew",
        ReviewStatus::Revoked => "the registration was revoked; register the deal anew",
        ReviewStatus::Superseded => "another registration took its place; change that one",
        ReviewStatus::Draft | ReviewStatus::NotRegistered => "nothing",
    }
}

/// A field of a patch, as a pointer, with its group and whether a patch sends it.
type Field = (&'static str, Group, fn(&DealPatch) -> bool);

/// Every field of a patch. One that is not named here would be open always, so a test goes through all.
const FIELDS: [Field; 29] = [
    ("#/title", Work, |patch| patch.title.is_some()),
    ("#/description", Evidence, |patch| patch.description.is_sent()),
    ("#/deal_type", Scope, |patch| patch.deal_type.is_some()),
    ("#/source", Scope, |patch| patch.source.is_some()),
    ("#/customer", Scope, |patch| patch.customer == Patch::Clear),
    ("#/territory", Scope, |patch| patch.territory.is_sent()),
    ("#/lines", Scope, |patch| patch.lines.is_some()),
    ("#/amount", Terms, |patch| patch.amount.is_sent()),
    ("#/expected_close_on", Terms, |patch| patch.expected_close_on.is_sent()),
    ("#/next_step", Work, |patch| patch.next_step.is_sent()),
    ("#/competitor", Work, |patch| patch.competitor.is_sent()),
    ("#/co_sell_needs", Work, |patch| patch.co_sell_needs.is_some()),
    ("#/visibility", Work, |patch| patch.visibility.is_some()),
    ("#/customer_consent", Work, |patch| patch.customer_consent.is_some()),
    ("#/contacts", Work, |patch| patch.contacts.is_some()),
    ("#/sites", Work, |patch| patch.sites.is_some()),
    ("#/custom", Link, |patch| patch.custom.is_some()),
    ("#/external_refs", Link, |patch| patch.external_refs.is_some()),
    ("#/customer/name", Scope, |patch| {
        of_customer(patch, |customer| customer.name.is_some())
    }),
    ("#/customer/website", Evidence, |patch| {
        of_customer(patch, |customer| customer.website.is_sent())
    }),
    ("#/customer/registration_number", Scope, |patch| {
        of_customer(patch, |customer| customer.registration_number.is_sent())
    }),
    ("#/customer/registration_authority", Scope, |patch| {
        of_customer(patch, |customer| customer.registration_authority.is_sent())
    }),
    ("#/customer/phone", Evidence, |patch| {
        of_customer(patch, |customer| customer.phone.is_sent())
    }),
    ("#/customer/email", Evidence, |patch| {
        of_customer(patch, |customer| customer.email.is_sent())
    }),
    ("#/customer/street", Evidence, |patch| {
        of_customer(patch, |customer| customer.street.is_sent())
    }),
    ("#/customer/city", Evidence, |patch| {
        of_customer(patch, |customer| customer.city.is_sent())
    }),
    ("#/customer/region", Evidence, |patch| {
        of_customer(patch, |customer| customer.region.is_sent())
    }),
    ("#/customer/postal_code", Evidence, |patch| {
        of_customer(patch, |customer| customer.postal_code.is_sent())
    }),
    ("#/customer/country", Evidence, |patch| {
        of_customer(patch, |customer| customer.country.is_sent())
    }),
];

fn of_customer(patch: &DealPatch, is_sent: fn(&DealCustomerPatch) -> bool) -> bool {
    patch.customer.value().is_some_and(is_sent)
}

/// What a locked field is told with.
fn told(pointer: &str, status: ReviewStatus, stage: DealStage) -> String {
    format!(
        "`{}` is locked: {}.",
        pointer.trim_start_matches("#/"),
        lock(pointer, status, stage)
    )
}

/// The fields that a patch may not send where the review and the sale stand there, each with what locks it. The customer as
/// a whole is among them only if nothing of it is open.
pub fn locks(status: ReviewStatus, stage: DealStage) -> Vec<(&'static str, String)> {
    let open = open(status, stage);
    let part_open = FIELDS
        .iter()
        .any(|(pointer, group, _)| pointer.starts_with("#/customer/") && open.contains(group));
    FIELDS
        .iter()
        .filter(|(pointer, group, _)| !open.contains(group) && (!part_open || *pointer != "#/customer"))
        .map(|(pointer, ..)| (*pointer, told(pointer, status, stage)))
        .collect()
}

/// Checks that every field of the patch is open.
///
/// # Errors
/// 422 `field_locked` naming each field that is not, and what locks it.
pub fn check(patch: &DealPatch, status: ReviewStatus, stage: DealStage) -> Result<()> {
    let open = open(status, stage);
    let locked: Vec<Fault> = FIELDS
        .iter()
        .filter(|(_, group, is_sent)| !open.contains(group) && is_sent(patch))
        .map(|(pointer, ..)| Fault {
            pointer: (*pointer).to_owned(),
            code: "locked".into(),
            detail: told(pointer, status, stage),
        })
        .collect();
    if locked.is_empty() {
        return Ok(());
    }
    let fields = if locked.len() == 1 {
        "1 field is".to_owned()
    } else {
        format!("{} fields are", locked.len())
    };
    Err(Error::new(&codes::FIELD_LOCKED)
        .detail(format!("{fields} locked while the registration is `{status}`."))
        .faults(locked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> DealPatch {
        serde_json::from_value(serde_json::json!({
            "title": "a", "description": "b", "deal_type": "renewal", "source": "referral", "territory": "DE", "lines": [],
            "customer": {"name": "c", "website": "w", "street": "s"}, "amount": null, "expected_close_on": null, "next_step": "n",
            "external_refs": []
        }))
        .unwrap()
    }

    fn locked(status: ReviewStatus, stage: DealStage) -> Vec<String> {
        check(&everything(), status, stage)
            .err()
            .map(|error| error.all_faults().iter().map(|fault| fault.pointer.clone()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn every_field_of_a_patch_has_its_lock() {
        let text = include_str!("requests.rs");
        let of = |name: &str| -> Vec<String> {
            let body = text.split(&format!("pub struct {name} {{")).nth(1).unwrap();
            let body = body.split("\n}").next().unwrap();
            body.lines()
                .filter_map(|line| Some(line.trim().strip_prefix("pub ")?.split_once(':')?.0.to_owned()))
                .collect()
        };
        let mut fields: Vec<String> = of("DealPatch").iter().map(|name| format!("#/{name}")).collect();
        fields.extend(of("DealCustomerPatch").iter().map(|name| format!("#/customer/{name}")));
        let known: Vec<&str> = FIELDS.iter().map(|(pointer, ..)| *pointer).collect();
        assert_eq!(fields, known);
        let closed = locks(ReviewStatus::Approved, DealStage::WON);
        assert_eq!(
            closed.len(),
            27,
            "all but what other systems call it, and the vendor's own fields"
        );
        let asked = locks(ReviewStatus::InfoRequested, DealStage::PROSPECT);
        assert!(
            asked
                .iter()
                .all(|(pointer, _)| *pointer != "#/customer" && *pointer != "#/customer/website")
        );
        assert!(locks(ReviewStatus::Draft, DealStage::PROSPECT).is_empty());
    }

    #[test]
    fn a_draft_is_open_and_what_was_sent_in_is_not() {
        assert_eq!(locked(ReviewStatus::Draft, DealStage::PROSPECT), Vec::<String>::new());
        let submitted = locked(ReviewStatus::Submitted, DealStage::PROSPECT);
        assert_eq!(submitted.len(), 12);
        assert!(!submitted.contains(&"#/external_refs".to_owned()));
    }

    #[test]
    fn open_questions_open_the_fields_that_answer_them() {
        let locked = locked(ReviewStatus::InfoRequested, DealStage::PROSPECT);
        assert_eq!(
            locked,
            [
                "#/title",
                "#/deal_type",
                "#/source",
                "#/territory",
                "#/lines",
                "#/next_step",
                "#/customer/name"
            ]
        );
    }

    #[test]
    fn after_approval_the_scope_is_locked_by_the_decision_and_a_closed_deal_is_locked_whole() {
        let approved = locked(ReviewStatus::Approved, DealStage::QUALIFIED);
        assert!(approved.contains(&"#/amount".to_owned()) && !approved.contains(&"#/next_step".to_owned()));
        assert_eq!(locked(ReviewStatus::Approved, DealStage::WON).len(), 12);
        let error = check(&everything(), ReviewStatus::Approved, DealStage::QUALIFIED).unwrap_err();
        let amended: Vec<&str> = error
            .all_faults()
            .iter()
            .filter(|fault| fault.detail.contains("POST /v1/deals/{id}/amendments"))
            .map(|fault| fault.pointer.as_str())
            .collect();
        assert_eq!(amended, ["#/lines", "#/amount", "#/expected_close_on"]);
    }
}
