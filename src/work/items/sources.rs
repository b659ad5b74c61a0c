//! The kinds of items: which rows of which table wait for the caller.

use super::{
    model::{BEFORE_END_DAYS, WorkItemKind},
    sync_sources,
};
use crate::{
    approvals::{ApprovalKind, waits_for_caller},
    auth::{Caller, permissions::may_call},
    db::{Clause, Tx},
    deals::{appeals, chains::without_chain},
    error::Result,
    jobs,
    kernel::{Time, ids::UserId},
    work::queries::readable,
};

/// One kind: its columns as SQL over its tables, and the conditions.
pub struct Source {
    /// Its kind.
    pub kind: WorkItemKind,
    /// What waits: the id in the action's path.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// The type of its record, in quotes or as a column.
    pub resource_type: &'static str,
    /// Its record.
    pub resource_id: &'static str,
    /// Its partner.
    pub partner_id: &'static str,
    /// Since when it waits.
    pub since: &'static str,
    /// By when it is to be done; null for whenever.
    pub due: &'static str,
    /// Its tables, joined.
    pub from: &'static str,
    /// Which rows wait for the caller.
    pub clause: Clause,
}

pub(super) const WHENEVER: &str = "CAST(NULL AS BIGINT)";
pub(super) const NOBODY: &str = "CAST(NULL AS TEXT)";
const DEAL: &str = "'deal'";
const EXTENSIONS: &str = "deal_extensions AS x JOIN deals AS d ON d.id = x.deal_id";
const AMENDMENTS: &str =
    "approval_steps JOIN deal_amendments AS x ON x.id = approval_steps.subject_id JOIN deals AS d ON d.id = x.deal_id";
const EXTENSION_STEPS: &str =
    "approval_steps JOIN deal_extensions AS x ON x.id = approval_steps.subject_id JOIN deals AS d ON d.id = x.deal_id";
const REOPENING_STEPS: &str =
    "approval_steps JOIN deal_reopenings AS x ON x.id = approval_steps.subject_id JOIN deals AS d ON d.id = x.deal_id";
const REOPENINGS: &str = "deal_reopenings AS x JOIN deals AS d ON d.id = x.deal_id";
const APPEALS: &str = "deal_appeals AS x JOIN deals AS d ON d.id = x.deal_id";
const TRANSFERS: &str = "deal_transfers AS x JOIN deals AS d ON d.id = x.deal_id";
const HANDOVERS: &str = "handovers AS x JOIN partners AS p ON p.id = x.partner_id";

impl Source {
    /// Of a registration that waits itself.
    fn deal(kind: WorkItemKind, from: &'static str, since: &'static str, due: &'static str, clause: Clause) -> Self {
        Self {
            kind,
            id: "d.id",
            title: "d.title",
            resource_type: DEAL,
            resource_id: "d.id",
            partner_id: "d.partner_id",
            since,
            due,
            from,
            clause,
        }
    }

    /// Of what waits on a registration.
    fn on_deal(kind: WorkItemKind, from: &'static str, due: &'static str, clause: Clause) -> Self {
        Self {
            id: "x.id",
            ..Self::deal(kind, from, "x.created_at", due, clause)
        }
    }

    /// Of a step whose turn it is, of what waits on a registration.
    fn step(kind: WorkItemKind, from: &'static str, due: &'static str, clause: Clause) -> Self {
        Self {
            since: "approval_steps.pending_since",
            ..Self::on_deal(kind, from, due, clause)
        }
    }

    /// Of a handover.
    fn handover(kind: WorkItemKind, since: &'static str, clause: Clause) -> Self {
        Self {
            kind,
            id: "x.id",
            title: "p.legal_name",
            resource_type: "'handover'",
            resource_id: "x.id",
            partner_id: "x.partner_id",
            since,
            due: "x.overlap_until",
            from: HANDOVERS,
            clause,
        }
    }

    /// Of an application.
    fn application(kind: WorkItemKind, clause: Clause) -> Self {
        Self {
            kind,
            id: "p.id",
            title: "p.legal_name",
            resource_type: "'partner'",
            resource_id: "p.id",
            partner_id: "p.id",
            since: "p.status_since",
            due: WHENEVER,
            from: "partners AS p",
            clause,
        }
    }

    /// Of tasks.
    fn task(kind: WorkItemKind, clause: Clause) -> Self {
        Self {
            kind,
            id: "t.id",
            title: "t.title",
            resource_type: "COALESCE(t.resource_type, 'task')",
            resource_id: "COALESCE(t.resource_id, t.id)",
            partner_id: "t.partner_id",
            since: "t.created_at",
            due: "t.due_at",
            from: "tasks AS t",
            clause,
        }
    }
}

/// The kinds of items that can wait for the caller, and of each the rows that do.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, me: UserId) -> Result<Vec<Source>> {
    let (caller, now) = (tx.caller(), tx.now);
    let sources = if caller.is_vendor() {
        let kinds = [
            ApprovalKind::DealRegistration,
            ApprovalKind::DealAmendment,
            ApprovalKind::DealExtension,
            ApprovalKind::DealReopening,
        ];
        let steps = waits_for_caller(tx, kinds)?;
        let mut sources = vendors(caller, me, now, steps);
        sources.extend(handed_over(me));
        if may_call(caller, WorkItemKind::AppealDecision.action().0) {
            let waiting = appeals::waiting_for(tx, me)?;
            let appeal = Source::on_deal(WorkItemKind::AppealDecision, APPEALS, "x.due_at", waiting);
            sources.push(appeal);
        }
        sources
    } else {
        partners(caller, now)
    };
    Ok(sources
        .into_iter()
        .chain(tasks(caller, me))
        .filter(|source| may_call(caller, source.kind.action().0))
        .collect())
}

fn tasks(caller: &Caller, me: UserId) -> Vec<Source> {
    let of = |kind: &'static str| {
        let mut clause = readable(caller, "t.partner_id", "t.resource_type", "t.visibility");
        clause
            .equals("t.assignee_id", &me)
            .and("t.status = 'open'")
            .and("t.kind = ")
            .sql(kind);
        clause
    };
    vec![
        Source::task(WorkItemKind::Task, of("'task'")),
        Source::task(WorkItemKind::FollowUp, of("'follow_up'")),
    ]
}

/// What began without a chain, of partners whose rows the caller sees, for whose role decides it then; nobody decides what they
/// asked for.
fn unchained(caller: &Caller, me: UserId, kind: ApprovalKind, waiting: &'static str) -> Clause {
    let mut clause = Clause::rows_of(caller, "d.partner_id");
    clause.and(waiting).and("x.requested_by <> ").value(&me);
    if caller.roles().meets(without_chain(kind)) {
        clause
            .and("NOT EXISTS (SELECT 1 FROM approval_steps AS s WHERE s.subject_id = x.id AND s.subject_type = ")
            .value(&kind)
            .sql(")");
    } else {
        clause.and("FALSE");
    }
    clause
}

/// Registrations whose step the caller may decide, unless somebody else has taken the review up.
fn registrations(mut clause: Clause, me: UserId) -> Source {
    clause
        .and("d.review_status IN ('submitted', 'in_review')")
        .and("(approval_steps.position > 1 OR d.assignee_id IS NULL OR d.assignee_id = ")
        .value(&me)
        .sql(")");
    let from = "approval_steps JOIN deals AS d ON d.id = approval_steps.subject_id";
    let due = "COALESCE(approval_steps.due_at, d.review_due_at)";
    let since = "approval_steps.pending_since";
    Source::deal(WorkItemKind::RegistrationDecision, from, since, due, clause)
}

/// Protections that end soon, one for each registration: the first that ends.
fn protections(mut clause: Clause, now: Time) -> Source {
    clause
        .and("p.status = 'active'")
        .and("p.starts_at <= ")
        .value(&now)
        .and("p.ends_at > ")
        .value(&now)
        .and("p.ends_at <= ")
        .value(&now.plus_days(BEFORE_END_DAYS))
        .and("d.review_status = 'approved'")
        .and("d.stage NOT IN ('won', 'closed_lost')")
        .and("NOT EXISTS (SELECT 1 FROM deal_extensions AS e WHERE e.deal_id = p.deal_id AND e.status = 'pending')")
        .and("NOT EXISTS (SELECT 1 FROM protections AS q WHERE q.deal_id = p.deal_id AND q.status = 'active' AND q.ends_at > ")
        .value(&now)
        .sql(" AND (q.ends_at < p.ends_at OR (q.ends_at = p.ends_at AND q.id < p.id)))");
    let from = "protections AS p JOIN deals AS d ON d.id = p.deal_id";
    // It waits since it came within the days before its end.
    let since = "p.ends_at - 2592000000000";
    Source::deal(WorkItemKind::ProtectionEnd, from, since, "p.ends_at", clause)
}

/// Partners that were passed to the person, and the work that changed hands with them.
fn handed_over(me: UserId) -> Vec<Source> {
    let taken_over = |status: &'static str| {
        let mut clause = Clause::all();
        clause.equals("x.to_user_id", &me).and(status);
        clause
    };
    let mut listed = Clause::all();
    listed
        .equals("h.to_user_id", &me)
        .and("x.status = 'open'")
        .and("h.status IN ('in_progress', 'accepted')");
    vec![
        Source::handover(
            WorkItemKind::HandoverAcceptance,
            "x.effective_at",
            taken_over("x.status = 'in_progress'"),
        ),
        Source::handover(
            WorkItemKind::HandoverFirstTalk,
            "x.accepted_at",
            taken_over("x.status = 'accepted' AND x.first_touch_at IS NULL"),
        ),
        Source::handover(
            WorkItemKind::HandoverCompletion,
            "x.first_touch_at",
            taken_over("x.status = 'accepted' AND x.first_touch_at IS NOT NULL"),
        ),
        Source {
            kind: WorkItemKind::HandoverWork,
            id: "x.id",
            title: "x.title",
            resource_type: "'handover'",
            resource_id: "h.id",
            partner_id: "h.partner_id",
            since: "x.created_at",
            due: "x.due_at",
            from: "handover_items AS x JOIN handovers AS h ON h.id = x.handover_id",
            clause: listed,
        },
    ]
}

fn vendors(caller: &Caller, me: UserId, now: Time, steps: [Clause; 4]) -> Vec<Source> {
    let [registered, mut amended, mut extended, mut reopened] = steps;
    amended.and("x.status = 'pending'");
    extended.and("x.status = 'pending'");
    reopened.and("x.status = 'requested'");
    let mut managed = Clause::rows_of(caller, "p.partner_id");
    managed
        .and("(SELECT m.user_id FROM account_manager_assignments AS m WHERE m.partner_id = p.partner_id AND m.role = 'primary' AND m.valid_from <= ")
        .value(&now)
        .sql(" ORDER BY m.valid_from DESC LIMIT 1) = ")
        .value(&me);
    let mut won = Clause::rows_of(caller, "d.partner_id");
    won.and("d.stage = 'won'")
        .and("d.win_verified_at IS NULL")
        .and("d.legacy = FALSE");
    let mut agreed = Clause::rows_of_either(caller, "x.from_partner_id", "x.to_partner_id");
    agreed
        .and("x.status = 'proposed'")
        .and("x.from_consent_at IS NOT NULL")
        .and("x.to_consent_at IS NOT NULL");
    let mut cases = Clause::all();
    cases
        .equals("c.adjudicator_id", &me)
        .and("c.status NOT IN ('resolved', 'closed')");
    let applied = |status: &'static str| {
        let mut clause = Clause::rows_of(caller, "p.id");
        clause.and(status);
        clause
    };
    vec![
        registrations(registered, me),
        Source::step(
            WorkItemKind::AmendmentDecision,
            AMENDMENTS,
            "approval_steps.due_at",
            amended,
        ),
        Source::step(
            WorkItemKind::ExtensionDecision,
            EXTENSION_STEPS,
            "x.grace_until",
            extended,
        ),
        Source::step(WorkItemKind::ReopeningDecision, REOPENING_STEPS, WHENEVER, reopened),
        Source::on_deal(
            WorkItemKind::ExtensionDecision,
            EXTENSIONS,
            "x.grace_until",
            unchained(caller, me, ApprovalKind::DealExtension, "x.status = 'pending'"),
        ),
        Source::on_deal(
            WorkItemKind::ReopeningDecision,
            REOPENINGS,
            WHENEVER,
            unchained(caller, me, ApprovalKind::DealReopening, "x.status = 'requested'"),
        ),
        Source::deal(
            WorkItemKind::WinVerification,
            "deals AS d",
            "d.closed_at",
            WHENEVER,
            won,
        ),
        Source::on_deal(WorkItemKind::TransferExecution, TRANSFERS, WHENEVER, agreed),
        Source {
            kind: WorkItemKind::CaseDecision,
            id: "c.id",
            title: "c.summary",
            resource_type: "'conflict_case'",
            resource_id: "c.id",
            partner_id: NOBODY,
            since: "COALESCE(c.acknowledged_at, c.created_at)",
            due: "c.decision_due_at",
            from: "conflict_cases AS c",
            clause: cases,
        },
        Source::application(WorkItemKind::ApplicationReview, applied("p.status = 'applied'")),
        Source::application(WorkItemKind::ApplicationDecision, applied("p.status = 'in_review'")),
        protections(managed, now),
        failed_jobs(caller),
    ]
    .into_iter()
    .chain(sync_sources::out_of_step(caller))
    .collect()
}

/// Jobs whose last run failed. They are tried again by themselves; until that went well, somebody should look.
fn failed_jobs(caller: &Caller) -> Source {
    let mut clause = Clause::all();
    let running = jobs::running(caller.request().switches.modules());
    let names: Vec<String> = running.map(|job| job.name.to_owned()).collect();
    clause.one_of("x.name", &names).and("x.failures > 0");
    Source {
        kind: WorkItemKind::FailedJob,
        id: "x.name",
        title: "x.name || ': ' || SUBSTR(COALESCE(x.last_error, ''), 1, 300)",
        resource_type: "'job'",
        resource_id: "x.name",
        partner_id: NOBODY,
        since: "COALESCE(x.finished_at, x.updated_at)",
        due: "x.finished_at",
        from: "job_leases AS x",
        clause,
    }
}

fn partners(caller: &Caller, now: Time) -> Vec<Source> {
    let Some(own) = caller.partner() else {
        return Vec::new();
    };
    let mut asked = Clause::rows_of(caller, "d.partner_id");
    asked
        .and("x.status = 'open'")
        .and("d.review_status = 'info_requested'")
        .and("COALESCE(r.info_due_at, x.due_at) > ")
        .value(&now);
    let mut questions = Clause::rows_of(caller, "p.id");
    questions.and("x.status = 'open'");
    // Only its own consent: a partner whose rows somebody also sees consents by its own people.
    let mut consent = Clause::all();
    consent
        .and("x.status = 'proposed'")
        .and("((x.from_consent_at IS NULL AND x.from_partner_id = ")
        .value(&own)
        .sql(") OR (x.to_consent_at IS NULL AND x.to_partner_id = ")
        .value(&own)
        .sql("))");
    vec![
        Source::deal(
            WorkItemKind::DealQuestions,
            "deal_info_requests AS x JOIN deals AS d ON d.id = x.deal_id JOIN deal_reviews AS r ON r.deal_id = d.id",
            "x.created_at",
            "COALESCE(r.info_due_at, x.due_at)",
            asked,
        ),
        Source {
            since: "x.asked_at",
            due: "x.due_at",
            from: "partner_info_requests AS x JOIN partners AS p ON p.id = x.partner_id",
            ..Source::application(WorkItemKind::PartnerQuestions, questions)
        },
        Source {
            kind: WorkItemKind::TransferConsent,
            id: "x.id",
            // The receiver does not see the registration itself.
            title: "'Transfer of a registration'",
            resource_type: "'deal_transfer'",
            resource_id: "x.id",
            partner_id: NOBODY,
            since: "x.created_at",
            due: WHENEVER,
            from: "deal_transfers AS x",
            clause: consent,
        },
        protections(Clause::rows_of(caller, "p.partner_id"), now),
    ]
}
