//! The shape of the settings.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    auto_approval::{AutoApproval, major},
    code::PolicyCode,
    notices::NoticePolicy,
    partners::PartnerPolicy,
    pipeline::PipelinePolicy,
    reasons::{PolicyReason, ReasonPolicy},
};
use crate::{
    approvals::{ApprovalStepRule, ApproverRole, SegregationPolicy},
    calendars::ClockBasis,
    deals::{conflict::ConflictPolicy, outcomes::DealEvidenceKind, registrations::DealType},
    kernel::Date,
    words,
};

words! {
    /// Which of several registrations of one scope comes first while none of them is decided.
    pub FirstInTime {
        /// The one that was received first. Whoever approves a later one passes the earlier over, with a reason.
        FirstValid = "first_valid",
        /// The one that is approved first: the order of arrival is told and binds nobody.
        FirstApproved = "first_approved",
        /// The one whose partner has shown more of its work, by the weights of the evidence; of equal ones the one that was
        /// received first. Whoever approves against that order passes the others over, with a reason.
        EvidenceWeighted = "evidence_weighted",
    }

    /// A field of a registration that the program can ask for, as the pointer to it.
    pub RegistrationField {
        /// The customer's need.
        Description = "#/description",
        /// What happens next.
        NextStep = "#/next_step",
        /// Who else the customer looks at.
        Competitor = "#/competitor",
        /// At least one kind of help of the vendor's.
        CoSellNeeds = "#/co_sell_needs",
        /// That the customer agreed that the partner names it.
        CustomerConsent = "#/customer_consent",
        /// The distributor through which it is sold.
        Distributor = "#/distributor_id",
        /// At least one person at the customer.
        Contacts = "#/contacts",
        /// A mail address of at least one person at the customer.
        ContactEmail = "#/contacts/0/email",
        /// At least one place of the customer.
        Sites = "#/sites",
        /// The price of each product.
        UnitPrices = "#/lines/0/unit_price",
        /// The customer's website.
        CustomerWebsite = "#/customer/website",
        /// The customer's number in a register of companies.
        CustomerRegistrationNumber = "#/customer/registration_number",
        /// The customer's telephone number.
        CustomerPhone = "#/customer/phone",
        /// A mail address of the customer.
        CustomerEmail = "#/customer/email",
        /// The customer's street.
        CustomerStreet = "#/customer/street",
        /// The customer's city.
        CustomerCity = "#/customer/city",
        /// The customer's postal code.
        CustomerPostalCode = "#/customer/postal_code",
        /// The customer's country.
        CustomerCountry = "#/customer/country",
    }
}

/// The policy of the program that holds at a moment, with its version; version 0 are the built-in defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramSettings {
    /// Its version; 0 are the built-in defaults.
    pub version: i64,
    /// How registrations are taken in, reviewed and protected.
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    pub partners: PartnerPolicy,
    /// The reasons that people may give.
    pub reasons: ReasonPolicy,
    /// The stages that a sale goes through.
    pub pipeline: PipelinePolicy,
    /// How people are told.
    pub notices: NoticePolicy,
}

impl ProgramSettings {
    /// The settings of a document that has, or would have, that version.
    pub fn of(version: i64, document: Document) -> Self {
        let Document {
            registration,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
        } = document;
        Self {
            version,
            registration,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
        }
    }
}

/// The document as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredDocument")]
pub struct Document {
    /// How registrations are taken in, reviewed and protected.
    pub registration: RegistrationPolicy,
    /// How much each kind of claim weighs in a conflict check.
    pub conflict: ConflictPolicy,
    /// How partners are taken in, looked after and let go.
    pub partners: PartnerPolicy,
    /// The reasons that people may give.
    pub reasons: ReasonPolicy,
    /// The stages that a sale goes through.
    pub pipeline: PipelinePolicy,
    /// How people are told.
    pub notices: NoticePolicy,
}

/// A document as it may have been stored: before reasons had a part of their own, some stood as bare codes among the rules of
/// registrations. What was published is never rewritten.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredDocument {
    registration: serde_json::Map<String, serde_json::Value>,
    conflict: ConflictPolicy,
    partners: PartnerPolicy,
    reasons: ReasonPolicy,
    pipeline: PipelinePolicy,
    notices: NoticePolicy,
}

impl TryFrom<StoredDocument> for Document {
    type Error = serde_json::Error;

    fn try_from(stored: StoredDocument) -> Result<Self, Self::Error> {
        let StoredDocument {
            mut registration,
            conflict,
            partners,
            mut reasons,
            pipeline,
            notices,
        } = stored;
        for (name, list) in [
            ("rejection_reasons", &mut reasons.rejection),
            ("revocation_reasons", &mut reasons.revocation),
            ("loss_reasons", &mut reasons.loss),
        ] {
            if let Some(codes) = registration.remove(name) {
                let codes: Vec<PolicyCode> = serde_json::from_value(codes)?;
                list.extend(codes.into_iter().map(PolicyReason::of));
            }
        }
        Ok(Self {
            registration: serde_json::from_value(registration.into())?,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
        })
    }
}

/// How registrations are taken in, reviewed and protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationPolicy {
    /// Business days within which the vendor owes a decision, by the calendar of the deal's territory.
    #[schema(example = 2, minimum = 1, maximum = 60)]
    pub review_business_days: i64,
    /// The most business days that a partner is given to answer questions.
    #[schema(example = 5, minimum = 1, maximum = 60)]
    pub info_business_days: i64,
    /// Days that are no business days, besides Saturdays and Sundays, where no calendar is set; a calendar has its own.
    #[schema(max_items = 400, example = json!(["2026-12-25"]))]
    pub holidays: Vec<Date>,
    /// How many months ahead the expected close may lie at most.
    #[schema(example = 18, minimum = 1, maximum = 120)]
    pub horizon_months: i64,
    /// How many open registrations one partner may have.
    #[schema(example = 200, minimum = 1, maximum = 100_000)]
    pub open_registrations: i64,
    /// Other limits of open registrations by tier: the one of the highest rank that the partner's tier reaches counts, in
    /// place of `open_registrations`.
    #[schema(max_items = 50)]
    pub open_registrations_by_tier: Vec<TierCapacity>,
    /// What a registration must say before it is sent in, besides customer, territory, products, amount and expected close.
    #[schema(max_items = 20)]
    pub required_fields: Vec<RequiredFields>,
    /// Which of several undecided registrations of one scope comes first.
    pub first_in_time: FirstInTime,
    /// What each kind of evidence weighs where work that was shown decides who comes first; other kinds weigh nothing.
    #[schema(max_items = 20)]
    pub evidence_weights: Vec<EvidenceWeight>,
    /// When a registration is granted without a person.
    pub auto_approval: AutoApproval,
    /// Who must agree, in this order; each step where its conditions are met.
    #[schema(min_items = 1, max_items = 10)]
    pub approval_chain: Vec<ApprovalStepRule>,
    /// By which clock the hours run for which a step of a chain may wait.
    pub escalation_clock: ClockBasis,
    /// Who must agree to more time for a protection, in this order; without any step one reviewer does.
    #[schema(max_items = 10, example = json!([]))]
    pub extension_chain: Vec<ApprovalStepRule>,
    /// Who must agree that a decision is undone, in this order; without any step one who runs the program does.
    #[schema(max_items = 10, example = json!([]))]
    pub reopening_chain: Vec<ApprovalStepRule>,
    /// Who may not decide on a registration, whatever their role.
    pub segregation: SegregationPolicy,
    /// Days for which an approved registration is protected.
    #[schema(example = 90, minimum = 1, maximum = 1095)]
    pub protection_days: i64,
    /// Other days of protection by kind of business. A tier's own days come before both.
    #[schema(max_items = 10)]
    pub protection_days_by_type: Vec<TypedProtection>,
    /// The discount for registered deals, in hundredths of a percent, noted with each approval.
    #[schema(example = 500, minimum = 0, maximum = 10000)]
    pub discount_basis_points: i64,
    /// How often a protection may be extended.
    #[schema(example = 2, minimum = 0, maximum = 20)]
    pub extensions: i64,
    /// Days by which one extension moves the end at most.
    #[schema(example = 60, minimum = 1, maximum = 1095)]
    pub extension_days: i64,
    /// Days for which a protection outlasts its end while an extension is decided.
    #[schema(example = 10, minimum = 0, maximum = 90)]
    pub grace_days: i64,
    /// An extension needs a sign of work within so many days.
    #[schema(example = 30, minimum = 1, maximum = 365)]
    pub activity_days: i64,
    /// The kinds of evidence that are a sign of work; work on the registration itself always is one.
    #[schema(max_items = 10)]
    pub extension_evidence: Vec<DealEvidenceKind>,
    /// A rise of the amount by more than so many percent is reviewed again.
    #[schema(example = 20, minimum = 0, maximum = 1000)]
    pub amendment_percent: i64,
    /// Days within which a partner may appeal against a decision.
    #[schema(example = 10, minimum = 0, maximum = 365)]
    pub appeal_days: i64,
    /// Business days within which the vendor owes a decision on an appeal.
    #[schema(example = 5, minimum = 1, maximum = 60)]
    pub appeal_decision_business_days: i64,
    /// Hours that must lie between receiving a registration and winning it.
    #[schema(example = 72, minimum = 0, maximum = 8760)]
    pub won_after_hours: i64,
}

impl Default for RegistrationPolicy {
    fn default() -> Self {
        Self {
            review_business_days: 2,
            info_business_days: 5,
            holidays: Vec::new(),
            horizon_months: 18,
            open_registrations: 200,
            open_registrations_by_tier: Vec::new(),
            required_fields: Vec::new(),
            first_in_time: FirstInTime::FirstValid,
            evidence_weights: vec![
                EvidenceWeight {
                    kind: DealEvidenceKind::CustomerLetter,
                    weight: 5,
                },
                EvidenceWeight {
                    kind: DealEvidenceKind::Meeting,
                    weight: 3,
                },
                EvidenceWeight {
                    kind: DealEvidenceKind::Activity,
                    weight: 1,
                },
            ],
            auto_approval: AutoApproval::default(),
            approval_chain: vec![
                ApprovalStepRule::of("Channel approval", ApproverRole::Approver),
                ApprovalStepRule {
                    from: major(250_000),
                    ..ApprovalStepRule::of("Program approval of large deals", ApproverRole::ChannelOps)
                },
            ],
            escalation_clock: ClockBasis::RoundTheClock,
            extension_chain: Vec::new(),
            reopening_chain: Vec::new(),
            segregation: SegregationPolicy::default(),
            protection_days: 90,
            protection_days_by_type: Vec::new(),
            discount_basis_points: 500,
            extensions: 2,
            extension_days: 60,
            grace_days: 10,
            activity_days: 30,
            extension_evidence: vec![DealEvidenceKind::Meeting, DealEvidenceKind::Activity],
            amendment_percent: 20,
            appeal_days: 10,
            appeal_decision_business_days: 5,
            won_after_hours: 72,
        }
    }
}

impl RegistrationPolicy {
    /// Days for which an approved registration of that kind is protected, where the tier leaves it open.
    pub fn days_of(&self, deal_type: DealType) -> i64 {
        self.protection_days_by_type
            .iter()
            .find(|other| other.deal_type == deal_type)
            .map_or(self.protection_days, |other| other.days)
    }

    /// How many open registrations a partner of that rank of tier may have.
    pub fn capacity_of(&self, tier_rank: Option<i64>) -> i64 {
        self.open_registrations_by_tier
            .iter()
            .filter(|other| tier_rank.is_some_and(|rank| rank >= other.tier_rank))
            .max_by_key(|other| other.tier_rank)
            .map_or(self.open_registrations, |other| other.limit)
    }

    /// What a registration of that kind must say, each field once.
    pub fn required_of(&self, deal_type: DealType) -> BTreeSet<RegistrationField> {
        self.required_fields
            .iter()
            .filter(|required| required.deal_type.is_none_or(|only| only == deal_type))
            .flat_map(|required| required.fields.iter().copied())
            .collect()
    }

    /// What pieces of evidence of those kinds weigh together.
    pub fn weight_of(&self, evidence: &[DealEvidenceKind]) -> i64 {
        let weight = |kind: &DealEvidenceKind| {
            self.evidence_weights
                .iter()
                .find(|one| one.kind == *kind)
                .map_or(0, |one| one.weight)
        };
        evidence.iter().map(weight).sum()
    }
}

/// How many open registrations partners from a rank of tier on may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierCapacity {
    /// From this rank on, 1 being the entry tier.
    #[schema(example = 2, minimum = 1, maximum = 100)]
    pub tier_rank: i64,
    /// How many.
    #[schema(example = 500, minimum = 1, maximum = 100_000)]
    pub limit: i64,
}

/// What registrations must say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredFields {
    /// For this kind of business alone; for every kind, if none is named.
    #[serde(default)]
    pub deal_type: Option<DealType>,
    /// The fields.
    #[schema(min_items = 1, max_items = 20)]
    pub fields: Vec<RegistrationField>,
}

/// Days of protection of one kind of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedProtection {
    /// The kind of business.
    pub deal_type: DealType,
    /// Days for which it is protected.
    #[schema(example = 120, minimum = 1, maximum = 1095)]
    pub days: i64,
}

/// What a piece of evidence of one kind weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceWeight {
    /// The kind.
    pub kind: DealEvidenceKind,
    /// What one piece weighs.
    #[schema(example = 3, minimum = 0, maximum = 1000)]
    pub weight: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_the_highest_rank_that_is_reached_counts() {
        let policy = RegistrationPolicy {
            open_registrations_by_tier: vec![
                TierCapacity {
                    tier_rank: 3,
                    limit: 900,
                },
                TierCapacity {
                    tier_rank: 2,
                    limit: 20,
                },
            ],
            ..RegistrationPolicy::default()
        };
        let limits: Vec<i64> = [None, Some(1), Some(2), Some(3), Some(7)]
            .into_iter()
            .map(|rank| policy.capacity_of(rank))
            .collect();
        assert_eq!(limits, [200, 200, 20, 900, 900]);
    }

    #[test]
    fn a_document_as_it_was_stored_before_reasons_had_their_own_part_can_be_read() {
        let stored = r#"{"registration": {"protection_days": 60, "rejection_reasons": ["other"], "loss_reasons": []}}"#;
        let document: Document = serde_json::from_str(stored).unwrap();
        assert_eq!(document.registration.protection_days, 60);
        assert_eq!(document.reasons.rejection, [PolicyReason::of("other".parse().unwrap())]);
        let again: Document = serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
        assert_eq!(again, document);
    }

    #[test]
    fn days_and_fields_may_differ_by_kind_of_business() {
        let policy = RegistrationPolicy {
            protection_days_by_type: vec![TypedProtection {
                deal_type: DealType::Renewal,
                days: 30,
            }],
            required_fields: vec![
                RequiredFields {
                    deal_type: None,
                    fields: vec![RegistrationField::NextStep],
                },
                RequiredFields {
                    deal_type: Some(DealType::NetNew),
                    fields: vec![RegistrationField::Contacts, RegistrationField::NextStep],
                },
            ],
            ..RegistrationPolicy::default()
        };
        assert_eq!(
            (policy.days_of(DealType::NetNew), policy.days_of(DealType::Renewal)),
            (90, 30)
        );
        assert_eq!(policy.required_of(DealType::NetNew).len(), 2);
        assert_eq!(
            policy.required_of(DealType::Renewal),
            BTreeSet::from([RegistrationField::NextStep])
        );
    }
}
