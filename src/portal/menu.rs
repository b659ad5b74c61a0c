//! The menu: one table, from which each caller gets the entries that lead somewhere for them.

use super::model::PortalMenuEntry;
use crate::{
    auth::{Caller, permissions},
    forms::FormResource,
    kernel::Language,
};

/// One entry: name, labels in English and German, operation, path, type of record of its form.
type Entry = (
    &'static str,
    [&'static str; 2],
    &'static str,
    &'static str,
    Option<FormResource>,
);

const ENTRIES: &[Entry] = &[
    (
        "work",
        ["Open work", "Offene Arbeit"],
        "listWorkItems",
        "/v1/work-items",
        None,
    ),
    ("tasks", ["Tasks", "Aufgaben"], "listTasks", "/v1/tasks", None),
    (
        "interactions",
        ["Interactions", "Kontakte"],
        "listInteractions",
        "/v1/interactions",
        None,
    ),
    (
        "notices",
        ["Notices", "Mitteilungen"],
        "listNotices",
        "/v1/notices",
        None,
    ),
    (
        "approvals",
        ["Approvals", "Freigaben"],
        "listApprovals",
        "/v1/approvals",
        None,
    ),
    (
        "deals",
        ["Deals", "Projekte"],
        "listDeals",
        "/v1/deals",
        Some(FormResource::Deals),
    ),
    (
        "protections",
        ["Protections", "Projektschutz"],
        "listProtections",
        "/v1/protections",
        None,
    ),
    (
        "conflict_checks",
        ["Conflict checks", "Konfliktprüfungen"],
        "listConflictChecks",
        "/v1/conflict-checks",
        None,
    ),
    (
        "conflict_cases",
        ["Conflict cases", "Konfliktfälle"],
        "listConflictCases",
        "/v1/conflict-cases",
        None,
    ),
    (
        "transfers",
        ["Transfers", "Übertragungen"],
        "listTransfers",
        "/v1/deal-transfers",
        None,
    ),
    (
        "partners",
        ["Partners", "Partner"],
        "listPartners",
        "/v1/partners",
        Some(FormResource::Partners),
    ),
    (
        "people",
        ["People", "Personen"],
        "listPeople",
        "/v1/people",
        Some(FormResource::People),
    ),
    (
        "customers",
        ["Customers", "Kunden"],
        "listCustomerAccounts",
        "/v1/customer-accounts",
        Some(FormResource::CustomerAccounts),
    ),
    (
        "opportunities",
        ["Own opportunities", "Eigene Projekte"],
        "listDirectOpportunities",
        "/v1/direct-opportunities",
        Some(FormResource::DirectOpportunities),
    ),
    (
        "named_accounts",
        ["Named accounts", "Hauskunden"],
        "listNamedAccounts",
        "/v1/named-accounts",
        Some(FormResource::NamedAccounts),
    ),
    (
        "installed_base",
        ["Installed base", "Bestand"],
        "listInstalledBase",
        "/v1/installed-base",
        Some(FormResource::InstalledBase),
    ),
    (
        "programs",
        ["Programs", "Programme"],
        "listPrograms",
        "/v1/programs",
        Some(FormResource::Programs),
    ),
    (
        "benefits",
        ["Benefits", "Leistungen"],
        "listBenefitGrants",
        "/v1/benefit-grants",
        None,
    ),
    (
        "specialisations",
        ["Specialisations", "Spezialisierungen"],
        "listSpecialisations",
        "/v1/specialisations",
        None,
    ),
    (
        "handovers",
        ["Handovers", "Übergaben"],
        "listHandovers",
        "/v1/handovers",
        None,
    ),
    (
        "win_rates",
        ["Win rates", "Erfolgsquoten"],
        "listWinRates",
        "/v1/reports/win-rates",
        None,
    ),
    (
        "products",
        ["Products", "Produkte"],
        "listProducts",
        "/v1/products",
        Some(FormResource::Products),
    ),
    (
        "territories",
        ["Territories", "Gebiete"],
        "listTerritories",
        "/v1/territories",
        Some(FormResource::Territories),
    ),
    (
        "partner_users",
        ["Our people", "Unsere Zugänge"],
        "listPartnerUsers",
        "/v1/partner-users",
        None,
    ),
    ("users", ["Users", "Benutzer"], "listUsers", "/v1/users", None),
    (
        "service_clients",
        ["Service clients", "Dienstzugänge"],
        "listServiceClients",
        "/v1/service-clients",
        None,
    ),
    (
        "custom_fields",
        ["Custom fields", "Eigene Felder"],
        "createCustomField",
        "/v1/custom-fields",
        None,
    ),
    (
        "policies",
        ["Policies", "Regelwerk"],
        "listPolicies",
        "/v1/policies",
        None,
    ),
    (
        "calendars",
        ["Calendars", "Kalender"],
        "listCalendars",
        "/v1/calendars",
        None,
    ),
    (
        "branding",
        ["Appearance", "Erscheinungsbild"],
        "updatePortalBranding",
        "/v1/portal/branding",
        None,
    ),
];

/// The caller's menu, in order.
pub fn of(caller: &Caller, language: Language) -> Vec<PortalMenuEntry> {
    ENTRIES
        .iter()
        .filter(|(_, _, operation, ..)| permissions::may_call(caller, operation))
        .map(|(name, label, operation, path, form)| PortalMenuEntry {
            name: (*name).to_owned(),
            label: language.of(*label).to_owned(),
            operation: (*operation).to_owned(),
            path: (*path).to_owned(),
            form: form.map(|form| form.to_string()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_leads_to_an_operation_at_its_path() {
        let document = crate::app::document().unwrap();
        for (name, _, operation, path, _) in ENTRIES {
            let item = &document["paths"][*path];
            let found = item
                .as_object()
                .into_iter()
                .flatten()
                .any(|(_, one)| one["operationId"] == *operation);
            assert!(found, "{name}: {operation} is not at {path}");
        }
    }
}
