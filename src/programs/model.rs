//! The shapes of programs.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bindable,
    custom_fields::{CustomFields, CustomFieldsPatch, CustomTerm},
    kernel::{Patch, Stored, Time, ids::ProgramId},
    ordered, resource,
    schema::programs,
    words,
};

words! {
    /// Where a program stands.
    pub ProgramStatus {
        /// Its first version is being worked out; partners do not see it.
        Draft = "draft",
        /// Partners may be enrolled.
        Active = "active",
        /// Nobody joins any more; who is in it stays until they leave.
        Retired = "retired",
    }

    /// The order of programs.
    pub ProgramSort {
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDescending = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        CreatedDescending = "-created_at",
        /// Least recently changed first.
        Updated = "updated_at",
        /// Most recently changed first.
        UpdatedDescending = "-updated_at",
    }

    /// What a criterion asks for.
    pub MetricKey {
        /// The amount of the deals that were won, in one currency.
        WonAmount = "won_amount",
        /// How many deals were won.
        WonCount = "won_count",
        /// How many different customers bought.
        WonCustomers = "won_customers",
        /// How many of the deals that ended were won, in percent.
        WinRate = "win_rate",
        /// How many registrations were submitted.
        SubmittedRegistrations = "submitted_registrations",
        /// How many registrations were approved.
        ApprovedRegistrations = "approved_registrations",
        /// How many people work there.
        ActivePeople = "active_people",
        /// How many products the partner is authorised to sell.
        ProductAuthorisations = "product_authorisations",
        /// How many days the partner was active.
        DaysActive = "days_active",
    }

    /// What a figure is measured in.
    pub MetricUnit {
        /// Whole units of a currency, with its digits after the point.
        Amount = "amount",
        /// A number of records.
        Count = "count",
        /// Days of 24 hours.
        Days = "days",
        /// Of a hundred.
        Percent = "percent",
    }
}

bindable!(ProgramStatus);

ordered!(ProgramSort of "programs" {
    Name | NameDescending => "name_key",
    Created | CreatedDescending => "created_at",
    Updated | UpdatedDescending => "updated_at",
});

/// A partner program.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = programs, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Program {
    /// Its id.
    pub id: ProgramId,
    /// Its code, unique.
    #[schema(example = "RESELL", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Reseller program", min_length = 1, max_length = 200)]
    pub name: String,
    /// The name folded for search and order.
    #[serde(skip)]
    #[schema(ignore)]
    pub name_key: String,
    /// Whom it is for and what it offers.
    #[schema(
        required = true,
        example = "For firms that sell our products under their own contracts.",
        max_length = 4000
    )]
    pub description: Option<String>,
    /// Where it stands.
    pub status: ProgramStatus,
    /// Whether a distributor in this program sees the records of its resellers.
    pub distributor_sees_resellers: bool,
    /// The fields that this deployment adds of its own.
    #[schema(value_type = CustomFields)]
    pub custom: Stored<CustomFields>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

resource!(Program, "program", "/v1/programs");

/// A program to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgram {
    /// Its code, unique.
    #[schema(example = "MSP", max_length = 32, pattern = "^[A-Z0-9][A-Z0-9_-]{0,31}$")]
    pub code: String,
    /// Its name.
    #[schema(example = "Managed services program", min_length = 1, max_length = 200)]
    pub name: String,
    /// Whom it is for and what it offers.
    #[schema(max_length = 4000)]
    pub description: Option<String>,
    /// Whether a distributor in this program sees the records of its resellers. No, if it is not said.
    #[serde(default)]
    pub distributor_sees_resellers: bool,
    /// The fields that this deployment adds of its own.
    #[serde(default)]
    pub custom: CustomFields,
}

/// Changes of a program. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramPatch {
    /// A new name.
    #[schema(example = "Reseller program", min_length = 1, max_length = 200, nullable = false)]
    pub name: Option<String>,
    /// Whom it is for and what it offers; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub description: Patch<String>,
    /// Whether a distributor in this program sees the records of its resellers.
    #[schema(nullable = false)]
    pub distributor_sees_resellers: Option<bool>,
    /// Changes of this deployment's own fields.
    #[serde(default)]
    #[schema(nullable = false)]
    pub custom: CustomFieldsPatch,
}

/// What a list of programs is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProgramFilter {
    /// Only programs that stand there.
    #[param(style = Form, explode = false, nullable = false)]
    pub status: Option<Vec<ProgramStatus>>,
    /// Only programs whose custom fields hold these values, each as `name:value`; several values of one field are
    /// alternatives. The first 120 characters count, and a value with a comma cannot be asked for. A field that you do not
    /// see, or that there is none of, holds nothing.
    #[param(style = Form, explode = false, nullable = false)]
    pub custom: Option<Vec<CustomTerm>>,
    /// Only programs whose name contains this text, in any case.
    #[param(min_length = 1, max_length = 100, example = "reseller", nullable = false)]
    pub q: Option<String>,
    /// The order.
    #[param(nullable = false)]
    pub sort: Option<ProgramSort>,
}

/// A metric that criteria can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Metric {
    /// Its key in a criterion.
    pub key: MetricKey,
    /// What it counts.
    #[schema(example = "Amount of the deals that were won.", max_length = 500)]
    pub description: String,
    /// What it is measured in.
    pub unit: MetricUnit,
    /// Whether a criterion can limit it to the days before the evaluation.
    pub takes_window: bool,
    /// Whether a criterion can limit it to a product and what lies in it.
    pub takes_product: bool,
    /// Whether a criterion can limit it to a territory and what lies in it.
    pub takes_territory: bool,
}

/// The dictionary of metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MetricDictionary {
    /// The version of the definitions; it is part of each evaluation's rule version.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// Every metric there is.
    #[schema(max_items = 100)]
    pub data: Vec<Metric>,
}
