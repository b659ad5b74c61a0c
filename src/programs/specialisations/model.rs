//! The shapes of specialisations.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    kernel::{
        Currency, Patch, Stored, Time,
        ids::{PartnerId, ProgramId, SpecialisationAwardId, SpecialisationId},
        states::Action,
    },
    ordered,
    programs::{
        evaluations::CriterionResult,
        tiers::{Criterion, NewCriterion},
    },
    resource,
    schema::{specialisation_awards, specialisations},
    words,
};

words! {
    /// Whether a specialisation is awarded.
    pub SpecialisationStatus {
        /// It is.
        Active = "active",
        /// It is not any more; what was awarded stays.
        Retired = "retired",
    }

    /// What an award rests on.
    pub AwardBasis {
        /// Somebody's word, with a reason.
        Manual = "manual",
        /// The criteria, which were met.
        Evaluation = "evaluation",
    }

    /// Where an award stands at a moment.
    pub AwardStatus {
        /// It begins later.
        Upcoming = "upcoming",
        /// It holds.
        Valid = "valid",
        /// Its time is over.
        Expired = "expired",
        /// It was taken back.
        Withdrawn = "withdrawn",
    }

    /// The order of specialisations.
    pub SpecialisationSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }

    /// The order of awards.
    pub SpecialisationAwardSort {
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
    }
}

bindable!(SpecialisationStatus, AwardBasis);

ordered!(SpecialisationSort of "specialisations" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
});

ordered!(SpecialisationAwardSort of "specialisation_awards" {
    Created | CreatedDescending => "created_at",
});

/// A specialisation that a program awards.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = specialisations, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Specialisation {
    /// Its id.
    pub id: SpecialisationId,
    /// The program.
    pub program_id: ProgramId,
    /// Its code, unique.
    #[schema(example = "EDGE-EXPERT", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Edge security expert", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for search and order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// What it stands for.
    #[schema(
        required = true,
        example = "Designs and runs firewalls for several sites.",
        max_length = 4000
    )]
    pub description: Option<String>,
    /// What a partner must meet, all of it.
    #[schema(value_type = Vec<Criterion>, max_items = 20)]
    pub criteria: Stored<Vec<Criterion>>,
    /// The currency that amounts are measured in, where a criterion names no other.
    pub currency: Currency,
    /// For how many days it is awarded; null without end.
    #[schema(required = true, example = 365, minimum = 1, maximum = 3660)]
    pub validity_days: Option<i64>,
    /// Whether it is awarded.
    pub status: SpecialisationStatus,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Specialisation, "specialisation", "/v1/specialisations");

/// A specialisation to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSpecialisation {
    /// The program.
    pub program_id: ProgramId,
    /// Its code, unique.
    #[schema(example = "CLOUD-EXPERT", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Cloud protection expert", min_length = 1, max_length = 200)]
    pub name: String,
    /// What it stands for.
    #[schema(max_length = 4000)]
    pub description: Option<String>,
    /// What a partner must meet, all of it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub criteria: Vec<NewCriterion>,
    /// The currency that amounts are measured in, where a criterion names no other.
    pub currency: Currency,
    /// For how many days it is awarded; without end, if it is not said.
    #[schema(example = 365, minimum = 1, maximum = 3660)]
    pub validity_days: Option<i64>,
}

/// Changes of a specialisation. What is left out stays, and so does what was awarded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialisationPatch {
    /// A new name.
    #[schema(example = "Edge security expert", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// What it stands for; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub description: Patch<String>,
    /// What a partner must meet, in place of what it is now.
    #[schema(max_items = 20, nullable = false)]
    pub criteria: Option<Vec<NewCriterion>>,
    /// The currency that amounts are measured in, where a criterion names no other.
    #[schema(nullable = false)]
    pub currency: Option<Currency>,
    /// For how many days it is awarded from now on; null without end.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 365, minimum = 1, maximum = 3660)]
    pub validity_days: Patch<i64>,
    /// Whether it is awarded.
    #[schema(nullable = false)]
    pub status: Option<SpecialisationStatus>,
}

/// What a list of specialisations is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SpecialisationFilter {
    /// Only those of this program.
    #[param(nullable = false)]
    pub program_id: Option<ProgramId>,
    /// Only those that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<SpecialisationStatus>>,
    /// Only those with these codes.
    #[param(style = Form, explode = false, nullable = false, example = json!(["EDGE-EXPERT"]))]
    pub code: Option<Vec<String>>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<SpecialisationSort>,
}

/// An award as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = specialisation_awards, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct AwardRow {
    pub id: SpecialisationAwardId,
    pub specialisation_id: SpecialisationId,
    pub partner_id: PartnerId,
    pub basis: AwardBasis,
    pub reason: Option<String>,
    pub findings: Stored<Vec<CriterionResult>>,
    pub valid_from: Time,
    pub valid_until: Option<Time>,
    pub renewals: i64,
    pub renewed_at: Option<Time>,
    pub withdrawn_at: Option<Time>,
    pub withdrawal_reason: Option<String>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A specialisation that was awarded to a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpecialisationAward {
    /// Its id.
    pub id: SpecialisationAwardId,
    /// The specialisation.
    pub specialisation_id: SpecialisationId,
    /// The partner.
    pub partner_id: PartnerId,
    /// Where it stands.
    pub status: AwardStatus,
    /// What the award, or its latest renewal, rests on.
    pub basis: AwardBasis,
    /// Why it was awarded or renewed by hand.
    #[schema(required = true, example = "Ran the pilot of the new release.", max_length = 2000)]
    pub reason: Option<String>,
    /// How the criteria came out then.
    #[schema(max_items = 20)]
    pub findings: Vec<CriterionResult>,
    /// From when it holds.
    pub valid_from: Time,
    /// When its time is over; null for never.
    #[schema(required = true)]
    pub valid_until: Option<Time>,
    /// How often it was renewed.
    #[schema(example = 0, minimum = 0)]
    pub renewals: i64,
    /// When it was last renewed.
    #[schema(required = true)]
    pub renewed_at: Option<Time>,
    /// When it was taken back.
    #[schema(required = true)]
    pub withdrawn_at: Option<Time>,
    /// Why it was taken back.
    #[schema(required = true, max_length = 2000)]
    pub withdrawal_reason: Option<String>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was recorded.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(
    SpecialisationAward,
    "specialisation_award",
    "/v1/specialisation-awards",
    told = |record| vec![record.partner_id]
);

/// A specialisation to be awarded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSpecialisationAward {
    /// The specialisation.
    pub specialisation_id: SpecialisationId,
    /// The partner, a member of the specialisation's program.
    pub partner_id: PartnerId,
    /// Whether the criteria must be met, or a reason is given in their place.
    pub basis: AwardBasis,
    /// Why, for the partner to read; needed by hand.
    #[schema(example = "Ran the pilot of the new release.", min_length = 1, max_length = 2000)]
    pub reason: Option<String>,
    /// From when it holds: now, if it is not said.
    pub valid_from: Option<Time>,
}

/// More time for an award.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialisationRenewal {
    /// Whether the criteria must be met, or a reason is given in their place.
    pub basis: AwardBasis,
    /// Why, for the partner to read; needed by hand.
    #[schema(example = "Ran the pilot of the new release.", min_length = 1, max_length = 2000)]
    pub reason: Option<String>,
}

/// Why an award is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialisationWithdrawal {
    /// The reason, for the partner to read.
    #[schema(example = "Both certified engineers have left.", min_length = 1, max_length = 2000)]
    pub reason: String,
}

/// What a list of awards is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SpecialisationAwardFilter {
    /// Only awards to this partner.
    #[param(nullable = false)]
    pub partner_id: Option<PartnerId>,
    /// Only awards of this specialisation.
    #[param(nullable = false)]
    pub specialisation_id: Option<SpecialisationId>,
    /// Only awards that stand there at the moment that is read.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<AwardStatus>>,
    /// Only awards that end before this moment.
    #[param(nullable = false)]
    pub ends_before: Option<Time>,
    /// The moment that is read: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<SpecialisationAwardSort>,
}

/// The moment that is read.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SpecialisationMoment {
    /// The moment that is read: now, if it is not said.
    #[param(nullable = false)]
    pub as_of: Option<Time>,
}

/// What can be done with an award now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecialisationAwardActions {
    /// Each action that its status allows.
    #[schema(max_items = 20)]
    pub data: Vec<Action>,
}

/// How a partner stands to a specialisation at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerSpecialisation {
    /// The specialisation.
    pub specialisation_id: SpecialisationId,
    /// The program.
    pub program_id: ProgramId,
    /// Its code.
    #[schema(example = "EDGE-EXPERT", max_length = 32)]
    pub code: String,
    /// Its name.
    #[schema(example = "Edge security expert", max_length = 200)]
    pub name: String,
    /// Whether the partner holds it.
    pub held: bool,
    /// The award that holds, or else the latest that began; null if there is none.
    #[schema(required = true)]
    pub award: Option<SpecialisationAward>,
    /// Whether all criteria are met.
    pub met: bool,
    /// Each criterion with the partner's figure, the threshold and what is missing.
    #[schema(max_items = 20)]
    pub criteria: Vec<CriterionResult>,
}

/// How a partner stands to specialisations at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartnerSpecialisations {
    /// The partner.
    pub partner_id: PartnerId,
    /// The moment that was read.
    pub as_of: Time,
    /// Those that its programs award, and those that it was awarded.
    #[schema(max_items = 1000)]
    pub data: Vec<PartnerSpecialisation>,
}
