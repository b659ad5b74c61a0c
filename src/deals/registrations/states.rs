//! The three axes of a registration, and the machines of the two that actions move. Protection moves by time and by
//! its own windows, so it has no machine: it is read off the protections.

use crate::{
    bindable,
    error::{Error, Result},
    kernel::states::{Machine, Transition},
    words,
};

words! {
    /// Where the vendor's review of a registration stands.
    pub ReviewStatus {
        /// The partner still writes it; it has no place in any queue.
        Draft = "draft",
        /// Sent in, complete, and waiting for a reviewer.
        Submitted = "submitted",
        /// A reviewer works on it.
        InReview = "in_review",
        /// The partner owes answers; the place in the queue is kept until they are due.
        InfoRequested = "info_requested",
        /// Granted.
        Approved = "approved",
        /// Refused, with a reason.
        Rejected = "rejected",
        /// Taken back by the partner.
        Withdrawn = "withdrawn",
        /// The answers did not come in time; the place in the queue is lost.
        Lapsed = "lapsed",
        /// Granted once, then taken away by the vendor.
        Revoked = "revoked",
        /// Another registration took its place, by a merge or a transfer.
        Superseded = "superseded",
        /// Imported history that was never registered.
        NotRegistered = "not_registered",
    }

    /// What protects a registration at the moment it is read.
    pub ProtectionState {
        /// Nothing, and nothing is asked for.
        None = "none",
        /// Asked for: the registration waits in the queue.
        Queued = "queued",
        /// Protected.
        Active = "active",
        /// Past its granted end, kept alive while an extension is decided.
        Grace = "grace",
        /// Its partner is suspended, under a program that pauses protection then.
        Paused = "paused",
        /// It collided with another when accounts were merged; a case decides.
        Contested = "contested",
        /// Its time has run out.
        Expired = "expired",
        /// Given back or taken away before its time.
        Released = "released",
        /// Handed to another partner.
        Transferred = "transferred",
        /// Used up: the deal was won.
        Consumed = "consumed",
    }

    /// What kind of business a deal is.
    pub DealType {
        /// A customer's first purchase of the product.
        NetNew = "net_new",
        /// More of what the customer already has.
        Expansion = "expansion",
        /// The same again, for another term.
        Renewal = "renewal",
    }

    /// Where a deal came from.
    pub DealSource {
        /// The partner found it.
        PartnerSourced = "partner_sourced",
        /// The vendor gave the partner the lead.
        VendorLead = "vendor_lead",
        /// Somebody recommended the partner.
        Referral = "referral",
        /// A campaign brought it.
        Marketing = "marketing",
    }

    /// Which of the vendor's people may work with a registration.
    pub DealVisibility {
        /// The channel team and the vendor's own sales people.
        Full = "full",
        /// The channel team alone.
        Limited = "limited",
    }

    /// How the customer of a registration was tied to an account.
    pub DealCustomerResolution {
        /// Not yet.
        Unresolved = "unresolved",
        /// It was found to be an account that exists.
        Matched = "matched",
        /// A new account was made for it.
        Created = "created",
        /// Somebody of the vendor chose the account.
        Chosen = "chosen",
        /// It came tied from an import.
        Imported = "imported",
    }

    /// Where the review of one line stands.
    pub DealLineStatus {
        /// Not sent in yet.
        Draft = "draft",
        /// Waits for the decision.
        Pending = "pending",
        /// Granted.
        Approved = "approved",
        /// Not granted.
        Rejected = "rejected",
        /// Imported history.
        NotRegistered = "not_registered",
    }

    /// Where a question to the partner stands.
    pub InfoRequestStatus {
        /// The partner owes the answer.
        Open = "open",
        /// Answered in time.
        Answered = "answered",
        /// Not answered in time.
        Lapsed = "lapsed",
        /// No longer of interest.
        Cancelled = "cancelled",
    }

    /// One of the three axes of a registration.
    pub DealAxis {
        /// The vendor's review.
        ReviewStatus = "review_status",
        /// What protects it.
        Protection = "protection",
        /// The sale.
        Stage = "stage",
    }

    /// Who reads a line of history.
    pub HistoryVisibility {
        /// The vendor alone.
        Vendor = "vendor",
        /// The vendor and the partner.
        Both = "both",
    }

    /// What was decided on a registration.
    pub DecisionOutcome {
        /// Granted by the last approver of the chain.
        Approved = "approved",
        /// Granted by the rules, without a person.
        AutoApproved = "auto_approved",
        /// One step of the chain agreed; others follow.
        StepApproved = "step_approved",
        /// Refused.
        Rejected = "rejected",
        /// Taken away after it had been granted.
        Revoked = "revoked",
        /// More time was granted.
        ExtensionGranted = "extension_granted",
        /// More time was refused.
        ExtensionDenied = "extension_denied",
        /// A change was granted.
        AmendmentApproved = "amendment_approved",
        /// A change was refused.
        AmendmentRejected = "amendment_rejected",
        /// A mistaken decision was undone.
        Reopened = "reopened",
        /// The answers did not come in time.
        Lapsed = "lapsed",
        /// Another registration took its place.
        Superseded = "superseded",
        /// The partner was right to appeal: a refusal or revocation was undone.
        AppealUpheld = "appeal_upheld",
        /// The decision that was appealed against stands.
        AppealDismissed = "appeal_dismissed",
    }
}

pub use super::stage::{DealStage, DealStanding};

bindable!(
    DealStage,
    ReviewStatus,
    ProtectionState,
    DealType,
    DealSource,
    DealVisibility,
    DealCustomerResolution,
    DealLineStatus,
    DecisionOutcome,
    InfoRequestStatus,
    DealAxis,
    HistoryVisibility,
);

use DealStanding::{ClosedLost, Open, Won};
use ReviewStatus::{
    Approved, Draft, InReview, InfoRequested, Lapsed, NotRegistered, Rejected, Revoked, Submitted, Superseded,
    Withdrawn,
};

/// The states in which a registration is before the vendor and keeps its place in the queue.
pub const OPEN: &[ReviewStatus] = &[Submitted, InReview, InfoRequested];

/// The machine of the review (`domain.md` part 4 gives each transition with its actors).
pub const REVIEW: Machine<ReviewStatus> = Machine {
    name: "deal.review_status",
    transitions: &[
        Transition {
            action: "submit",
            operation: Some("submitDeal"),
            from: &[Draft],
            to: &[Submitted, Approved],
            guards: &[
                "the partner is active, and its agreements permit registering",
                "the partner is authorised for every product in the territory",
                "title, customer, territory, lines, amount and expected close are there",
                "the customer can be recognised: a domain, a registration number, or name and address",
                "the expected close lies in the future and within the program's horizon",
                "the partner has room for another open registration",
                "the customer is not the partner itself",
                "the partner has no other open registration of the same account, product and deal type",
            ],
        },
        Transition {
            action: "claim_review",
            operation: Some("claimDealReview"),
            from: &[Submitted, InReview, InfoRequested],
            to: &[InReview, InfoRequested],
            guards: &["the reviewer did not submit it and does not manage a competing claimant"],
        },
        Transition {
            action: "assign",
            operation: Some("assignDeal"),
            from: &[Submitted, InReview, InfoRequested],
            to: &[InReview, InfoRequested],
            guards: &["the reviewer did not submit it and does not manage a competing claimant"],
        },
        Transition {
            action: "request_info",
            operation: Some("requestDealInfo"),
            from: &[Submitted, InReview],
            to: &[InfoRequested],
            guards: &["the due date lies within the program's limit"],
        },
        Transition {
            action: "answer_info",
            operation: Some("answerDealInfo"),
            from: &[InfoRequested],
            to: &[InReview],
            guards: &["the answers are not overdue"],
        },
        Transition {
            action: "approve",
            operation: Some("approveDeal"),
            from: &[Submitted, InReview],
            to: &[Approved, InReview],
            guards: &[
                "the approver did not submit it and does not manage a competing claimant",
                "the approver has the role that the chain's next step asks for",
                "no earlier live claim on the same scope, unless it is overridden with a reason",
                "no active protection of another registration on the same scope (the database refuses it)",
            ],
        },
        Transition {
            action: "reject",
            operation: Some("rejectDeal"),
            from: &[Submitted, InReview, InfoRequested],
            to: &[Rejected],
            guards: &[
                "the approver did not submit it and does not manage a competing claimant",
                "the approver reviews registrations, or the step whose turn it is is theirs to decide, or of whom they stand in for",
            ],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawDeal"),
            from: &[Draft, Submitted, InReview, InfoRequested, Approved],
            to: &[Withdrawn],
            guards: &["the deal is neither won nor lost"],
        },
        Transition {
            action: "lapse",
            operation: None,
            from: &[InfoRequested],
            to: &[Lapsed],
            guards: &["the answers are overdue"],
        },
        Transition {
            action: "revoke",
            operation: Some("revokeDeal"),
            from: &[Approved],
            to: &[Revoked],
            guards: &["a reason is given, and what it rests on where the reason is somebody's word"],
        },
        Transition {
            action: "supersede",
            operation: None,
            from: &[Draft, Submitted, InReview, InfoRequested, Approved],
            to: &[Superseded],
            guards: &["a merge or a transfer put another registration in its place"],
        },
        Transition {
            action: "undo_import",
            operation: None,
            from: &[Draft, NotRegistered],
            to: &[Withdrawn],
            guards: &["the import that brought it is undone, and it was not changed since"],
        },
        Transition {
            action: "reopen",
            operation: Some("approveDealReopening"),
            from: &[Approved, Rejected, Withdrawn, Lapsed, Revoked],
            to: &[InReview],
            guards: &["two people agree", "no approval since then overlaps"],
        },
        Transition {
            action: "uphold_appeal",
            operation: Some("upholdDealAppeal"),
            from: &[Rejected, Revoked],
            to: &[InReview, Approved],
            guards: &[
                "the adjudicator had no part in the decision, and looks after no partner that claims the scope",
                "nobody else was protected on the scope since",
            ],
        },
    ],
};

/// Checks that a sale in that stage can take a step.
///
/// # Errors
/// 409 `invalid_state` with the stage, what was tried, and what is allowed.
pub fn check_stage(stage: DealStage, action: &'static str) -> Result<()> {
    let standing = stage.standing();
    if STAGE.allows(standing, action) {
        Ok(())
    } else {
        Err(Error::invalid_state(stage, action, STAGE.allowed(standing)))
    }
}

/// The machine of the sale, whatever the program calls the stages of one that goes on.
pub const STAGE: Machine<DealStanding> = Machine {
    name: "deal.stage",
    transitions: &[
        Transition {
            action: "move_stage",
            operation: Some("moveDealStage"),
            from: &[Open],
            to: &[Open],
            guards: &[
                "the program has the stage, and its policy lets a sale be moved to it from where it stands",
                "the registration is not refused, withdrawn, lapsed, revoked or superseded",
            ],
        },
        Transition {
            action: "win",
            operation: Some("winDeal"),
            from: &[Open],
            to: &[Won],
            guards: &[
                "the registration is approved, or the deal was never registered",
                "an order, purchase order or contract is shown",
                "the registration has the program's minimum age",
                "the day of closing is neither in the future nor before the registration",
                "the won amount is in the registration's currency",
            ],
        },
        Transition {
            action: "verify_win",
            operation: Some("verifyDealWin"),
            from: &[Won],
            to: &[Won],
            guards: &[
                "the win is not confirmed yet",
                "no other confirmed win rests on the same order",
            ],
        },
        Transition {
            action: "reject_win",
            operation: Some("rejectDealWin"),
            from: &[Won],
            to: &[Open],
            guards: &[
                "the win is not confirmed yet",
                "the partner has no other open registration of the same by now",
            ],
        },
        Transition {
            action: "lose",
            operation: Some("loseDeal"),
            from: &[Open],
            to: &[ClosedLost],
            guards: &[
                "a reason is given",
                "the registration was sent in, or the deal was never registered",
            ],
        },
    ],
};

impl ReviewStatus {
    /// Whether the registration is before the vendor and keeps its place in the queue.
    pub fn is_open(self) -> bool {
        OPEN.contains(&self)
    }
}
