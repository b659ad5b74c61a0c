//! Modules: what of the program a deployment offers.
//!
//! A vendor that needs deals and content should not see an API for everything else. A module that is switched off
//! (`OPENPRM_MODULES_OFF`) is not there: its addresses are unknown, its operations are neither in the contract nor among
//! those that a caller may call, and no menu names it. What was stored stays, and is there again when it is switched on.
//!
//! The work that a module does by itself rests while it is off: nothing lapses, begins, or is told or sent, of which nobody could
//! ask. What deletes goes on, so that nothing is kept for longer than was promised. Events that nobody was told of because notices
//! were off are told to nobody later; webhooks, and an import that was under way, go on where they stood.
//!
//! One table says which addresses a module has, and which other module it cannot do without: deals take files, for what is shown
//! as evidence, as imports do for what they read; so files go only with both. Whatever is in no module is the core, which cannot be
//! switched off: people, sign-in, partners, the catalogue, the feed of events, settings, forms and the portal itself, and what
//! decisions of every module are made by (policies, approvals, delegations). Without calendars clocks run by those that are
//! stored, or by weekdays.

use std::sync::Arc;

use serde_json::Value;

use crate::words;

words! {
    /// A part of the program that a deployment can do without.
    pub Module {
        /// Deal registrations with their review, conflict checks and protections.
        Deals = "deals",
        /// Disputes over a scope, and how they were settled.
        ConflictCases = "conflict_cases",
        /// End customers: accounts, merges and splits.
        Customers = "customers",
        /// What the vendor itself holds on customers: its own opportunities, named accounts, the installed base.
        Holdings = "holdings",
        /// Programs, tiers, memberships, evaluations, benefits and specialisations.
        Programs = "programs",
        /// Handovers of partners between account managers.
        Handovers = "handovers",
        /// Applications of firms that want to become partners.
        Applications = "applications",
        /// Figures over the channel.
        Reports = "reports",
        /// Links with other systems: who is who there, conflicts, field maps, first loads.
        Sync = "sync",
        /// The daily work: what waits for each person, tasks, notes, interactions, saved views.
        Work = "work",
        /// The store of files.
        Files = "files",
        /// What people are told, in the app and by mail, and how each wants to be told.
        Notices = "notices",
        /// Events sent to addresses that the vendor and its partners name.
        Webhooks = "webhooks",
        /// Records taken in from files, over the API.
        Imports = "imports",
        /// When the vendor is at work, by territory.
        Calendars = "calendars",
    }
}

/// One row of the table of modules.
struct Row {
    module: Module,
    /// What it cannot do without.
    needs: &'static [Module],
    /// Where its addresses begin.
    prefixes: &'static [&'static str],
    /// What people call it, in English and in German.
    label: [&'static str; 2],
}

/// The table.
const TABLE: &[Row] = &[
    Row {
        module: Module::Deals,
        needs: &[Module::Customers, Module::Files],
        prefixes: &[
            "/v1/deals",
            "/v1/deal-amendments",
            "/v1/deal-appeals",
            "/v1/deal-comments",
            "/v1/deal-evidence",
            "/v1/deal-extensions",
            "/v1/deal-reopenings",
            "/v1/deal-transfers",
            "/v1/conflict-checks",
            "/v1/conflict-probes",
            "/v1/protections",
            "/v1/attachments",
        ],
        label: ["Deals", "Projekte"],
    },
    Row {
        module: Module::ConflictCases,
        needs: &[Module::Deals],
        prefixes: &["/v1/conflict-cases"],
        label: ["Conflict cases", "Konfliktfälle"],
    },
    Row {
        module: Module::Customers,
        needs: &[],
        prefixes: &["/v1/customer-accounts", "/v1/account-merges"],
        label: ["Customers", "Kunden"],
    },
    Row {
        module: Module::Holdings,
        needs: &[Module::Customers],
        prefixes: &["/v1/direct-opportunities", "/v1/named-accounts", "/v1/installed-base"],
        label: ["Own business", "Eigengeschäft"],
    },
    Row {
        module: Module::Programs,
        needs: &[],
        prefixes: &[
            "/v1/programs",
            "/v1/benefit-grants",
            "/v1/benefit-uses",
            "/v1/specialisations",
            "/v1/specialisation-awards",
            "/v1/partners/{id}/benefits",
            "/v1/partners/{id}/specialisations",
            "/v1/reports/benefits",
        ],
        label: ["Programs", "Programme"],
    },
    Row {
        module: Module::Handovers,
        needs: &[],
        prefixes: &["/v1/handovers"],
        label: ["Handovers", "Übergaben"],
    },
    Row {
        module: Module::Applications,
        needs: &[],
        prefixes: &["/v1/partner-applications"],
        label: ["Applications", "Bewerbungen"],
    },
    Row {
        module: Module::Reports,
        needs: &[Module::Deals],
        prefixes: &["/v1/reports"],
        label: ["Reports", "Auswertungen"],
    },
    Row {
        module: Module::Sync,
        needs: &[],
        prefixes: &[
            "/v1/external-systems",
            "/v1/sync-links",
            "/v1/sync-conflicts",
            "/v1/sync-reviews",
            "/v1/field-maps",
        ],
        label: ["Synchronisation", "Synchronisation"],
    },
    Row {
        module: Module::Work,
        needs: &[],
        prefixes: &[
            "/v1/work-items",
            "/v1/tasks",
            "/v1/notes",
            "/v1/interactions",
            "/v1/saved-views",
        ],
        label: ["Work", "Arbeit"],
    },
    Row {
        module: Module::Files,
        needs: &[],
        prefixes: &["/v1/files"],
        label: ["Files", "Dateien"],
    },
    Row {
        module: Module::Notices,
        needs: &[],
        prefixes: &[
            "/v1/notices",
            "/v1/notice-reminders",
            "/v1/notice-templates",
            "/v1/notice-topics",
            "/v1/me/notice-preferences",
        ],
        label: ["Notices", "Mitteilungen"],
    },
    Row {
        module: Module::Webhooks,
        needs: &[],
        prefixes: &["/v1/webhook-endpoints", "/v1/webhook-deliveries"],
        label: ["Webhooks", "Webhooks"],
    },
    Row {
        module: Module::Imports,
        needs: &[Module::Files],
        prefixes: &["/v1/imports"],
        label: ["Imports", "Importe"],
    },
    Row {
        module: Module::Calendars,
        needs: &[],
        prefixes: &["/v1/calendars"],
        label: ["Calendars", "Kalender"],
    },
];

/// Where the addresses of the core begin.
const CORE: &[&str] = &[
    "/.well-known",
    "/oauth",
    "/v1/api-keys",
    "/v1/approvals",
    "/v1/auth",
    "/v1/custom-fields",
    "/v1/delegations",
    "/v1/employments",
    "/v1/events",
    "/v1/identity-links",
    "/v1/identity-providers",
    "/v1/jobs",
    "/v1/me",
    "/v1/partner-users",
    "/v1/partners",
    "/v1/partners-by-external-id",
    "/v1/people",
    "/v1/portal",
    "/v1/products",
    "/v1/policies",
    "/v1/policy-simulations",
    "/v1/schema",
    "/v1/service-clients",
    "/v1/teams",
    "/v1/territories",
    "/v1/users",
];

fn begins(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Every place in the table that has the address: a module, or `None` for the core. The longest beginning counts: what a
/// module adds to another's record is that module's. A sound table has one.
pub fn places(path: &str) -> Vec<Option<Module>> {
    let of_modules = TABLE
        .iter()
        .flat_map(|row| row.prefixes.iter().map(|prefix| (*prefix, Some(row.module))));
    let of_core = CORE.iter().map(|prefix| (*prefix, None));
    let found: Vec<(usize, Option<Module>)> = of_modules
        .chain(of_core)
        .filter(|(prefix, _)| begins(path, prefix))
        .map(|(prefix, place)| (prefix.len(), place))
        .collect();
    let longest = found.iter().map(|(length, _)| *length).max();
    found
        .into_iter()
        .filter(|(length, _)| Some(*length) == longest)
        .map(|(_, place)| place)
        .collect()
}

/// Where the address begins, as the tables of modules and of the core have it; none of one that is in neither.
pub fn prefix(path: &str) -> Option<&'static str> {
    let prefixes = TABLE.iter().flat_map(|row| row.prefixes).chain(CORE);
    prefixes.copied().find(|prefix| begins(path, prefix))
}

impl Module {
    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.module == self)
    }

    /// What people call it, in English and in German.
    pub fn label(self) -> [&'static str; 2] {
        self.row().map_or([self.as_str(); 2], |row| row.label)
    }

    const fn bit(self) -> u32 {
        match self {
            Self::Deals => 1,
            Self::ConflictCases => 1 << 1,
            Self::Customers => 1 << 2,
            Self::Holdings => 1 << 3,
            Self::Programs => 1 << 4,
            Self::Handovers => 1 << 5,
            Self::Applications => 1 << 6,
            Self::Reports => 1 << 7,
            Self::Sync => 1 << 8,
            Self::Work => 1 << 9,
            Self::Files => 1 << 10,
            Self::Notices => 1 << 11,
            Self::Webhooks => 1 << 12,
            Self::Imports => 1 << 13,
            Self::Calendars => 1 << 14,
        }
    }
}

/// Which modules a deployment offers; all of them by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modules {
    off: u32,
}

impl Modules {
    /// All of them.
    pub const ALL: Self = Self { off: 0 };

    /// All but those.
    ///
    /// # Errors
    /// A sentence that names the word that is no module, or the module that one of those is needed by.
    pub fn without<S: AsRef<str>>(names: &[S]) -> Result<Self, String> {
        let mut modules = Self::ALL;
        for name in names {
            let module: Module = name.as_ref().parse().map_err(|unknown| format!("{unknown}"))?;
            modules.off |= module.bit();
        }
        for row in TABLE.iter().filter(|row| modules.has(row.module)) {
            if let Some(lacking) = row.needs.iter().find(|needed| !modules.has(**needed)) {
                return Err(format!(
                    "`{lacking}` cannot be switched off alone, because `{}` needs it; switch that off too",
                    row.module
                ));
            }
        }
        Ok(modules)
    }

    /// Whether the module is offered.
    pub const fn has(self, module: Module) -> bool {
        self.off & module.bit() == 0
    }

    /// Those that are offered, in the order of declaration.
    pub fn list(self) -> Vec<Module> {
        Module::ALL.iter().copied().filter(|module| self.has(*module)).collect()
    }

    /// Whether an address is of a module that is not offered.
    fn hides(self, path: &str) -> bool {
        places(path).into_iter().flatten().any(|module| !self.has(module))
    }

    /// Takes the operations of modules that are off out of a raw document; their handlers' names as the permission table
    /// writes them, without underscores and in small letters.
    pub fn cut(self, document: &mut Value) -> Vec<String> {
        let mut gone = Vec::new();
        if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
            paths.retain(|path, item| {
                let hidden = self.hides(path);
                if hidden {
                    let operations = item.as_object().into_iter().flat_map(|item| item.values());
                    gone.extend(
                        operations
                            .filter_map(|operation| operation.get("operationId")?.as_str())
                            .map(plain),
                    );
                }
                !hidden
            });
        }
        gone
    }
}

/// An operation's name without what handlers and the contract write differently.
pub fn plain(operation: &str) -> String {
    operation.replace('_', "").to_lowercase()
}

/// What is off at a server: part of every request, so that whoever asks what a caller may call gets the same answer.
#[derive(Debug, Clone)]
pub struct Switches {
    modules: Modules,
    off: Arc<[&'static str]>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            modules: Modules::ALL,
            off: Arc::from([]),
        }
    }
}

impl Switches {
    /// The switches of a server whose operations those are not.
    pub fn new(modules: Modules, off: Vec<&'static str>) -> Self {
        Self {
            modules,
            off: off.into(),
        }
    }

    /// The modules.
    pub const fn modules(&self) -> Modules {
        self.modules
    }

    /// Whether there is no such operation at this server.
    pub fn is_off(&self, operation: &str) -> bool {
        self.off.contains(&operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_module_and_needs_no_circle() {
        for module in Module::ALL {
            assert_eq!(TABLE.iter().filter(|row| row.module == *module).count(), 1, "{module}");
            assert!(
                Modules::without(&[module.as_str()]).map_or_else(|why| why.contains("needs it"), |on| !on.has(*module))
            );
        }
        let every: Vec<&str> = Module::ALL.iter().map(|module| module.as_str()).collect();
        assert!(Modules::without(&every).is_ok_and(|none| none.list().is_empty()));
    }

    #[test]
    fn a_wrong_word_and_a_module_that_is_needed_are_named() {
        let refusal = Modules::without(&["dealz"]).unwrap_err();
        assert!(
            refusal.contains("`dealz`") && refusal.contains("conflict_cases"),
            "{refusal}"
        );
        let refusal = Modules::without(&["customers"]).unwrap_err();
        assert!(
            refusal.contains("`customers`") && refusal.contains("`deals` needs it"),
            "{refusal}"
        );
        let refusal = Modules::without(&["files", "imports"]).unwrap_err();
        assert!(
            refusal.contains("`files`") && refusal.contains("`deals` needs it"),
            "{refusal}"
        );
        let few = Modules::without(&["deals", "conflict_cases", "reports"]).unwrap();
        assert!(few.has(Module::Customers) && !few.has(Module::Deals));
    }

    #[test]
    fn an_address_is_of_a_module_by_its_whole_first_words() {
        assert_eq!(places("/v1/deals/{id}/submit"), [Some(Module::Deals)]);
        assert_eq!(places("/v1/deals-of-others"), []);
        assert_eq!(places("/v1/partners/{id}"), [None]);
        assert_eq!(places("/v1/partners/{id}/benefits"), [Some(Module::Programs)]);
        assert_eq!(places("/v1/me"), [None]);
        assert_eq!(places("/v1/me/notice-preferences"), [Some(Module::Notices)]);
    }
}
