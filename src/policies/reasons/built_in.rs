//! The reasons that a program has as long as it names none of its own.

use super::{Reason, ReasonKind};
use crate::policies::labels::PolicyLabels;

/// A code, whether it rests on something that must be named, and what it is called in English and in German.
type Row = (&'static str, bool, [&'static str; 2]);

const OTHER: Row = ("other", false, ["Other", "Anderes"]);
const INSUFFICIENT: Row = (
    "insufficient_information",
    false,
    ["Too little is known", "Zu wenig bekannt"],
);
const UNABLE: Row = (
    "unable_to_support",
    false,
    ["The partner cannot deliver it", "Der Partner kann es nicht leisten"],
);
const OUT_OF_SCOPE: Row = (
    "out_of_scope",
    false,
    ["Outside the program", "Nicht Teil des Programms"],
);

const REJECTION: &[Row] = &[
    (
        "duplicate_registration",
        true,
        [
            "Another registration came first",
            "Eine andere Registrierung war früher",
        ],
    ),
    (
        "protected_for_another",
        true,
        ["Protected for another partner", "Für einen anderen Partner geschützt"],
    ),
    (
        "direct_opportunity",
        true,
        ["The vendor works it itself", "Der Hersteller arbeitet selbst daran"],
    ),
    (
        "named_account",
        true,
        ["A named account of the vendor", "Ein Stammkunde des Herstellers"],
    ),
    (
        "existing_customer",
        true,
        ["The customer has the product", "Der Kunde hat das Produkt"],
    ),
    (
        "not_qualified",
        false,
        ["Not far enough, or not real", "Nicht weit genug oder nicht echt"],
    ),
    INSUFFICIENT,
    UNABLE,
    OUT_OF_SCOPE,
    OTHER,
];

const REVOCATION: &[Row] = &[
    (
        "misrepresentation",
        true,
        ["What was said is not so", "Die Angaben stimmen nicht"],
    ),
    (
        "customer_objection",
        true,
        ["The customer objects", "Der Kunde widerspricht"],
    ),
    ("inactivity", false, ["Nobody works on it", "Niemand arbeitet daran"]),
    (
        "partner_suspended",
        false,
        ["The partner is suspended", "Der Partner ist gesperrt"],
    ),
    (
        "duplicate_found",
        true,
        [
            "Another should have been granted",
            "Eine andere hätte den Zuschlag bekommen müssen",
        ],
    ),
    (
        "terms_broken",
        false,
        ["The program's terms were broken", "Gegen die Bedingungen des Programms"],
    ),
    OTHER,
];

const WITHDRAWAL: &[Row] = &[
    (
        "customer_postponed",
        false,
        ["The customer postponed it", "Der Kunde hat es verschoben"],
    ),
    (
        "no_longer_pursued",
        false,
        ["No longer pursued", "Nicht weiter verfolgt"],
    ),
    (
        "registered_by_mistake",
        false,
        ["Registered by mistake", "Versehentlich registriert"],
    ),
    ("registered_twice", false, ["Registered twice", "Doppelt registriert"]),
    OTHER,
];

const INFO_REQUEST: &[Row] = &[
    (
        "customer_unclear",
        false,
        ["It is not clear who the customer is", "Der Kunde ist nicht eindeutig"],
    ),
    (
        "scope_unclear",
        false,
        ["It is not clear what is sold", "Der Umfang ist nicht eindeutig"],
    ),
    ("evidence_needed", false, ["Evidence is needed", "Belege fehlen"]),
    ("details_missing", false, ["Details are missing", "Angaben fehlen"]),
    OTHER,
];

const OVERRIDE: &[Row] = &[
    (
        "customer_choice",
        false,
        ["The customer chose, in writing", "Der Kunde hat schriftlich gewählt"],
    ),
    (
        "incumbent",
        false,
        [
            "The partner has the customer already",
            "Der Partner betreut den Kunden schon",
        ],
    ),
    (
        "inactive_claimant",
        false,
        [
            "The earlier claimant does not work it",
            "Der frühere Anmelder arbeitet nicht daran",
        ],
    ),
    (
        "stronger_evidence",
        false,
        ["Its evidence weighs more", "Seine Belege wiegen mehr"],
    ),
    (
        "case_decision",
        false,
        ["A conflict case decided so", "In einem Konfliktfall entschieden"],
    ),
];

const LOSS: &[Row] = &[
    ("price", false, ["Price", "Preis"]),
    (
        "competitor",
        false,
        ["Another maker's product", "Produkt eines anderen Herstellers"],
    ),
    (
        "other_partner",
        false,
        ["Bought from another partner", "Bei einem anderen Partner gekauft"],
    ),
    (
        "vendor_direct",
        false,
        ["Bought from the vendor", "Beim Hersteller gekauft"],
    ),
    ("no_budget", false, ["No budget", "Kein Budget"]),
    ("no_decision", false, ["No decision", "Keine Entscheidung"]),
    ("timing", false, ["Not now", "Nicht jetzt"]),
    (
        "product_fit",
        false,
        ["The product does not fit", "Das Produkt passt nicht"],
    ),
    (
        "no_contact",
        false,
        ["The customer answers no more", "Der Kunde antwortet nicht mehr"],
    ),
    OTHER,
];

const WIN_REJECTION: &[Row] = &[
    (
        "order_not_found",
        false,
        ["No such order is known", "Kein solcher Auftrag bekannt"],
    ),
    (
        "order_does_not_match",
        false,
        ["The order is another one", "Der Auftrag ist ein anderer"],
    ),
    (
        "order_used_before",
        false,
        ["The order was shown before", "Der Auftrag wurde schon vorgelegt"],
    ),
    (
        "order_cancelled",
        false,
        ["The order was cancelled", "Der Auftrag wurde storniert"],
    ),
    (
        "evidence_insufficient",
        false,
        ["The evidence says too little", "Der Beleg sagt zu wenig"],
    ),
    OTHER,
];

const AMENDMENT_REJECTION: &[Row] = &[
    (
        "protected_for_another",
        false,
        ["Protected for another partner", "Für einen anderen Partner geschützt"],
    ),
    (
        "amount_not_agreed",
        false,
        ["The amount is not agreed", "Der Betrag wird nicht anerkannt"],
    ),
    ("register_anew", false, ["A deal of its own", "Ein eigenes Projekt"]),
    INSUFFICIENT,
    UNABLE,
    OUT_OF_SCOPE,
    OTHER,
];

const EXTENSION_DENIAL: &[Row] = &[
    (
        "no_progress",
        false,
        ["The deal does not move", "Das Projekt kommt nicht voran"],
    ),
    (
        "unconvincing_evidence",
        false,
        ["The evidence shows no work", "Die Belege zeigen keine Arbeit"],
    ),
    (
        "customer_objects",
        false,
        ["The customer objects", "Der Kunde widerspricht"],
    ),
    (
        "time_used_up",
        false,
        ["The time is used up", "Die Zeit ist aufgebraucht"],
    ),
    OTHER,
];

const REOPENING: &[Row] = &[
    (
        "wrong_decision",
        false,
        ["Wrong by the program's rules", "Nach den Regeln falsch entschieden"],
    ),
    ("new_evidence", false, ["New evidence", "Neue Belege"]),
    (
        "wrong_data",
        false,
        ["Made on wrong data", "Auf falschen Daten entschieden"],
    ),
    (
        "wrong_record",
        false,
        ["Made on the wrong record", "Am falschen Datensatz entschieden"],
    ),
    (
        "appeal_upheld",
        false,
        ["An appeal was upheld", "Einem Einspruch wurde stattgegeben"],
    ),
    OTHER,
];

/// The built-in reasons of a kind, in their order.
pub fn of(kind: ReasonKind) -> Vec<Reason> {
    let rows = match kind {
        ReasonKind::Rejection => REJECTION,
        ReasonKind::Revocation => REVOCATION,
        ReasonKind::Withdrawal => WITHDRAWAL,
        ReasonKind::InfoRequest => INFO_REQUEST,
        ReasonKind::Override => OVERRIDE,
        ReasonKind::Loss => LOSS,
        ReasonKind::WinRejection => WIN_REJECTION,
        ReasonKind::AmendmentRejection => AMENDMENT_REJECTION,
        ReasonKind::ExtensionDenial => EXTENSION_DENIAL,
        ReasonKind::Reopening => REOPENING,
    };
    rows.iter()
        .filter_map(|(code, needs_evidence, texts)| {
            Some(Reason {
                code: code.parse().ok()?,
                labels: PolicyLabels::of(*texts),
                for_partner: true,
                needs_evidence: *needs_evidence,
            })
        })
        .collect()
}
