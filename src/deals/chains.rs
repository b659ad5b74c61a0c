//! Who agrees to what is asked for about a registration: a change of it, more time, the undoing of a decision. Each has a chain of
//! its own, by the policy; where the policy names none for more time and for undoing, one person of certain roles decides.
//!
//! A request keeps the chain that it began with. Nobody decides what they asked for.

use crate::{
    approvals::{
        self, ApprovalKind, ApprovalStepRule, ApprovalVerdict, Cast, Chain, Judged, SegregationPolicy, StepRow,
        Subject, Turn,
    },
    auth::{Role, Roles},
    db::Tx,
    deals::{
        amendments, extensions,
        registrations::{
            self, DealApprovalChain, Reader, Registration,
            history::{self, Entry},
        },
        reopenings,
    },
    error::{Error, Result},
    kernel::{
        Time,
        ids::DealId,
        states::{FailingGuard, guard},
    },
    policies::{self, RegistrationPolicy},
};

/// A request goes through its chain once.
const ROUND: i64 = 1;

/// Something that is asked for about a registration.
pub trait Request {
    /// What kind of request it is.
    const KIND: ApprovalKind;

    /// Its id.
    fn id(&self) -> String;

    /// Who asked.
    fn requested_by(&self) -> &str;
}

/// The roles of which one person decides where the policy has no chain for such a request.
pub const fn without_chain(kind: ApprovalKind) -> Roles {
    match kind {
        ApprovalKind::DealRegistration | ApprovalKind::DealAmendment | ApprovalKind::DealExtension => {
            Roles::of(&[Role::Admin, Role::ChannelOps, Role::Approver])
        }
        ApprovalKind::DealReopening => Roles::of(&[Role::Admin, Role::ChannelOps]),
    }
}

/// The steps of a policy that such a request takes: of an amendment the last one alone, for whoever agreed to the rest has agreed.
fn rules(kind: ApprovalKind, policy: &RegistrationPolicy) -> &[ApprovalStepRule] {
    match kind {
        ApprovalKind::DealRegistration | ApprovalKind::DealAmendment => &policy.approval_chain,
        ApprovalKind::DealExtension => &policy.extension_chain,
        ApprovalKind::DealReopening => &policy.reopening_chain,
    }
}

/// The chain that a request takes under a policy, as if it began now; `wanted` is the registration as it shall be. Nothing is
/// stored.
fn planned(
    tx: &mut Tx<'_>,
    (kind, id, requested_by): (ApprovalKind, String, String),
    wanted: &Registration,
    policy: &RegistrationPolicy,
    now: Time,
) -> Result<Vec<StepRow>> {
    let rules = rules(kind, policy);
    let facts = registrations::chain_facts(tx, wanted, rules)?;
    let mut steps = approvals::asked(rules, &facts);
    if kind == ApprovalKind::DealAmendment {
        steps = steps.pop().into_iter().collect();
    }
    let subject = Subject {
        kind,
        id,
        label: wanted.deal.number.clone(),
        partner_id: Some(wanted.deal.partner_id),
        requested_by,
    };
    let clock = registrations::chain_clock(tx, wanted, policy)?;
    Ok(approvals::plan(&subject, ROUND, &steps, &facts, None, (&clock, now)))
}

/// Opens the chain of a request that waits, if the policy has one for it; `wanted` is the registration as it shall be.
///
/// # Errors
/// What the database reports.
pub fn begin<R: Request>(
    tx: &mut Tx<'_>,
    request: &R,
    wanted: &Registration,
    policy: &RegistrationPolicy,
    now: Time,
) -> Result<()> {
    let subject = (R::KIND, request.id(), request.requested_by().to_owned());
    let steps = planned(tx, subject, wanted, policy, now)?;
    approvals::open(tx, &steps)
}

/// Ends what nobody will decide any more.
///
/// # Errors
/// What the database reports.
pub fn end<R: Request>(tx: &mut Tx<'_>, request: &R) -> Result<()> {
    approvals::end(tx, R::KIND, &request.id())
}

/// The chain of a request, and whether the caller may decide the step whose turn it is.
///
/// # Errors
/// What the database reports.
pub fn judged<R: Request>(
    tx: &mut Tx<'_>,
    deal: &Registration,
    request: &R,
    segregation: &SegregationPolicy,
    lock: bool,
) -> Result<(Chain, Judged)> {
    let chain = approvals::find(tx, R::KIND, &request.id(), ROUND, lock)?;
    let mut interests = registrations::interests(tx, deal, segregation)?;
    interests.requested_by.insert(request.requested_by().to_owned());
    let judged = approvals::judge(tx, &chain, &interests, segregation)?;
    Ok((chain, judged))
}

/// Who decides a request: its chain, or, if it began with none, whoever has one of the roles. Whoever decides takes it with its
/// lock.
///
/// # Errors
/// What the database reports.
pub fn decides<R: Request>(
    tx: &mut Tx<'_>,
    deal: &Registration,
    request: &R,
    segregation: &SegregationPolicy,
    lock: bool,
) -> Result<Decides> {
    let (chain, judged) = judged(tx, deal, request, segregation, lock)?;
    let roles = without_chain(R::KIND);
    let may = tx.caller().roles().meets(roles);
    Ok(if chain.steps.is_empty() {
        Decides::One { may, roles }
    } else {
        Decides::Chain {
            chain,
            judged: Box::new(judged),
            reviews: may,
        }
    })
}

/// Who decides a request.
#[derive(Debug, Clone)]
pub enum Decides {
    /// A chain.
    Chain {
        /// The chain.
        chain: Chain,
        /// Whether the caller may decide the step whose turn it is.
        judged: Box<Judged>,
        /// Whether the caller's role would decide without a chain: then it may refuse at every step.
        reviews: bool,
    },
    /// One person of certain roles.
    One {
        /// Whether the caller has one of them.
        may: bool,
        /// The roles.
        roles: Roles,
    },
}

/// What an agreement has made of a request.
#[derive(Debug, Clone)]
pub enum Agreement {
    /// It holds; with the last vote, if a chain decided.
    Holds(Option<Box<Cast>>),
    /// Others must still agree; how it stands.
    Waits(String),
}

impl Decides {
    /// What stands against agreeing, besides what concerns the caller.
    pub fn failing_to_agree(&self) -> Vec<FailingGuard> {
        match self {
            Self::Chain { judged, .. } => judged.failing.clone(),
            Self::One { .. } => self.failing_to_refuse(),
        }
    }

    /// What stands against refusing.
    pub fn failing_to_refuse(&self) -> Vec<FailingGuard> {
        match self {
            Self::Chain { judged, reviews, .. } => judged.against_refusal(*reviews).to_vec(),
            Self::One { may: true, .. } => Vec::new(),
            Self::One { may: false, roles } => {
                let roles: Vec<&str> = roles.list().into_iter().map(Role::as_str).collect();
                let detail = format!(
                    "The program names no chain for this, so it is decided by one of the roles {}.",
                    roles.join(", ")
                );
                vec![guard("decider_role", "#", detail)]
            }
        }
    }

    /// Agrees in the caller's name. Whoever calls has refused what stands against it.
    ///
    /// # Errors
    /// 409 `guard_failed` if the step was decided in that name before.
    pub fn agree(&self, tx: &mut Tx<'_>, note: Option<&str>) -> Result<Agreement> {
        let Self::Chain { chain, judged, .. } = self else {
            return Ok(Agreement::Holds(None));
        };
        let (Some(step), Some(voice)) = (&judged.step, judged.voice) else {
            return Err(Error::guards("pending", "approve", judged.failing.clone()));
        };
        let cast = approvals::cast(tx, chain, step, voice, ApprovalVerdict::Approved, note)?;
        Ok(match cast.turn {
            Turn::More { agreed } => Agreement::Waits(format!(
                "{agreed} of {} have agreed to the step: {}.",
                cast.step.quorum, cast.step.name
            )),
            Turn::Next => Agreement::Waits(format!("Step agreed: {}.", cast.step.name)),
            Turn::Complete | Turn::Refused => Agreement::Holds(Some(Box::new(cast))),
        })
    }

    /// Refuses in the caller's name; tells the vote, if a chain had its say.
    ///
    /// # Errors
    /// What the database reports.
    pub fn refuse(&self, tx: &mut Tx<'_>, reason: Option<&str>) -> Result<Option<Cast>> {
        match self {
            Self::Chain { chain, judged, .. } => approvals::refuse(tx, chain, judged.voice, reason),
            Self::One { .. } => Ok(None),
        }
    }
}

/// These guards, and those of the others that are not among them.
pub fn together(mut failing: Vec<FailingGuard>, others: Vec<FailingGuard>) -> Vec<FailingGuard> {
    for other in others {
        if !failing.iter().any(|known| known.guard == other.guard) {
            failing.push(other);
        }
    }
    failing
}

/// Tells the vendor that others must agree now.
///
/// # Errors
/// What the database reports.
pub fn tell_waits(tx: &mut Tx<'_>, deal: &Registration, action: &'static str, how: String) -> Result<()> {
    registrations::tell_vendor(tx, deal, "deal.approval_advanced")?;
    history::note(tx, deal.deal.id, Entry::action(action).detail(how).for_vendor())
}

/// Escalates the step of a request about a registration that has waited too long, under the lock that it is decided under, and
/// tells of it. Says whether it was escalated now.
///
/// # Errors
/// 404 if there is no such registration.
pub fn escalate(tx: &mut Tx<'_>, step: &StepRow) -> Result<bool> {
    let deal = registration_of(tx, step.subject_type, &step.subject_id)?;
    let registration = registrations::locked(tx, deal)?;
    let Some(step) = approvals::escalate(tx, step.id)? else {
        return Ok(false);
    };
    registrations::tell_vendor(tx, &registration, "deal.approval_escalated")?;
    let what = match step.subject_type {
        ApprovalKind::DealRegistration => "The step".to_owned(),
        ApprovalKind::DealAmendment => format!("The step of amendment {}", step.subject_id),
        ApprovalKind::DealExtension => format!("The step of extension {}", step.subject_id),
        ApprovalKind::DealReopening => format!("The step of reopening {}", step.subject_id),
    };
    let detail = format!(
        "{what} waited too long: {}. {} may decide it too.",
        step.name, step.escalate_to
    );
    history::note(tx, deal, Entry::action("escalate").detail(detail).for_vendor())?;
    Ok(true)
}

fn registration_of(tx: &mut Tx<'_>, kind: ApprovalKind, id: &str) -> Result<DealId> {
    match kind {
        ApprovalKind::DealRegistration => id.parse().map_err(Error::internal),
        ApprovalKind::DealAmendment => amendments::deal_of(tx, id.parse().map_err(Error::internal)?),
        ApprovalKind::DealExtension => extensions::deal_of(tx, id.parse().map_err(Error::internal)?),
        ApprovalKind::DealReopening => reopenings::deal_of(tx, id.parse().map_err(Error::internal)?),
    }
}

/// The request of that kind that waits, by its id, with who asked; none if none does.
fn waiting(tx: &mut Tx<'_>, deal: DealId, kind: ApprovalKind) -> Result<Option<(String, String)>> {
    fn named<R: Request>(request: Option<R>) -> Option<(String, String)> {
        request.map(|request| (request.id(), request.requested_by().to_owned()))
    }
    match kind {
        ApprovalKind::DealRegistration => Ok(None),
        ApprovalKind::DealAmendment => amendments::pending(tx, deal).map(named),
        ApprovalKind::DealExtension => extensions::pending(tx, deal).map(named),
        ApprovalKind::DealReopening => reopenings::open(tx, deal).map(named),
    }
}

/// Who must agree to such a request about the registration: the chain of the one that waits, or the one that it would take if the
/// caller asked now. Without steps one person decides. What the vendor keeps to itself, a partner does not learn of.
///
/// # Errors
/// What the database reports.
pub fn of_request(tx: &mut Tx<'_>, registration: &Registration, kind: ApprovalKind) -> Result<DealApprovalChain> {
    let (now, reader) = (tx.now, Reader::of(tx.caller()));
    let told = reader == Reader::Vendor || kind != ApprovalKind::DealReopening;
    let policy = policies::in_force(tx, now)?.registration;
    let found = if told {
        waiting(tx, registration.deal.id, kind)?
    } else {
        None
    };
    let preview = found.is_none();
    let (id, requested_by) = found.unwrap_or_else(|| (registration.deal.id.to_string(), tx.caller().actor_text()));
    let chain = if !told {
        Chain::default()
    } else if preview {
        Chain::planned(planned(
            tx,
            (kind, id, requested_by.clone()),
            registration,
            &policy,
            now,
        )?)
    } else {
        approvals::find(tx, kind, &id, ROUND, false)?
    };
    let mut data = match reader {
        Reader::Vendor => {
            let mut interests = registrations::interests(tx, registration, &policy.segregation)?;
            interests.requested_by.insert(requested_by.clone());
            approvals::for_vendor(tx, &chain, &interests, &policy.segregation)?
        }
        Reader::Partner => approvals::for_partner(&chain),
    };
    if preview {
        for step in &mut data {
            (step.id, step.pending_since, step.escalates_at) = (None, None, None);
        }
    }
    Ok(DealApprovalChain {
        preview,
        auto_approval: false,
        data,
    })
}

/// The chain of whatever waits about the registration: its review, or a request.
///
/// # Errors
/// What the database reports.
pub fn of_what_waits(tx: &mut Tx<'_>, registration: &Registration) -> Result<DealApprovalChain> {
    if registration.deal.review_status.is_open() {
        return registrations::approval_chain(tx, registration);
    }
    for kind in ApprovalKind::ALL.iter().copied() {
        if waiting(tx, registration.deal.id, kind)?.is_some() {
            return of_request(tx, registration, kind);
        }
    }
    registrations::approval_chain(tx, registration)
}
