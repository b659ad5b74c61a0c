//! Who is told: by their role, and by what they have to do with it.

use std::collections::BTreeMap;

use super::stories::Story;
use crate::{
    approvals::{ApprovalStepStatus, AskedPerson},
    auth::Role,
    db::Tx,
    deals::{appeals, chains, registrations},
    error::{Result, codes},
    identity::{self, addressees},
    kernel::ids::{DealId, PartnerId, UserId},
    notices::catalogue::{NoticeRelation, TopicRule},
    partners,
};

/// The people that a story is told to, each with the partner that they are told it for; none for the vendor's.
///
/// Of the vendor's people those who see the partner's rows; of a partner's those who act for it now, if it may learn of it at
/// all. Whoever did it is not told, unless the topic is a receipt.
///
/// # Errors
/// What the database reports.
pub fn told(tx: &mut Tx<'_>, rule: &TopicRule, story: &Story) -> Result<BTreeMap<UserId, Option<PartnerId>>> {
    let mut people = BTreeMap::new();
    for partner in story.partners.iter().filter(|partner| story.audience.contains(partner)) {
        for relation in rule.partner {
            for person in of_partner(tx, *relation, story, *partner)? {
                people.entry(person).or_insert(Some(*partner));
            }
        }
    }
    if story.for_vendor {
        let mut asked = Vec::new();
        for relation in rule.vendor {
            asked.extend(of_vendor(tx, *relation, story)?);
        }
        let seeing = match story.partners.first() {
            Some(partner) => identity::who_sees(tx, *partner, &asked)?,
            None => asked.into_iter().collect(),
        };
        for person in seeing {
            people.entry(person).or_insert(None);
        }
    }
    people.retain(|person, _| rule.tells_actor || person.to_string() != story.actor);
    Ok(people)
}

fn of_partner(tx: &mut Tx<'_>, relation: NoticeRelation, story: &Story, partner: PartnerId) -> Result<Vec<UserId>> {
    match relation {
        NoticeRelation::Submitter => {
            let active = addressees::of_partner(tx, partner, &[Role::PartnerAdmin, Role::PartnerSales])?;
            match story.submitter.filter(|submitter| active.contains(submitter)) {
                Some(submitter) => Ok(vec![submitter]),
                None => addressees::of_partner(tx, partner, &[Role::PartnerSales]),
            }
        }
        NoticeRelation::PartnerAdmin => addressees::of_partner(tx, partner, &[Role::PartnerAdmin]),
        _ => Ok(Vec::new()),
    }
}

fn of_vendor(tx: &mut Tx<'_>, relation: NoticeRelation, story: &Story) -> Result<Vec<UserId>> {
    let now = tx.now;
    match relation {
        NoticeRelation::AccountManager => match story.partners.first() {
            Some(partner) => Ok(partners::current_account_manager(tx, *partner, now)?
                .into_iter()
                .collect()),
            None => Ok(Vec::new()),
        },
        NoticeRelation::PendingApprover => match story.deal {
            Some(deal) => pending_approvers(tx, deal),
            None => Ok(Vec::new()),
        },
        NoticeRelation::Adjudicator => match story.deal {
            Some(deal) => appeals::adjudicators(tx, deal),
            None => Ok(Vec::new()),
        },
        NoticeRelation::Reviewer => reviewers(tx, story.deal),
        NoticeRelation::ChannelOps => identity::users::vendors_with(tx, &[Role::ChannelOps]),
        NoticeRelation::Administrator => identity::users::vendors_with(tx, &[Role::Admin]),
        NoticeRelation::Finance => identity::users::vendors_with(tx, &[Role::Finance]),
        NoticeRelation::ApplicationReviewer => identity::users::vendors_with(tx, &[Role::Approver, Role::ChannelOps]),
        NoticeRelation::IncomingManager => Ok(story.managers.0.into_iter().collect()),
        NoticeRelation::OutgoingManager => Ok(story.managers.1.into_iter().collect()),
        // A machine reads no notices.
        NoticeRelation::Starter => Ok(story.actor.parse().into_iter().collect()),
        NoticeRelation::Submitter | NoticeRelation::PartnerAdmin => Ok(Vec::new()),
    }
}

/// Who is asked to decide the step that waits, and whoever stands in for those who are away; of them the reviewer alone, if
/// it was given to one. Nobody where no step waits, as when the rules of the program decided at once.
fn pending_approvers(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<UserId>> {
    let found = match registrations::find(tx, deal) {
        Err(error) if error.is(&codes::NOT_FOUND) => return Ok(Vec::new()),
        found => found?,
    };
    let chain = chains::of_what_waits(tx, &found)?;
    let pending = chain
        .data
        .into_iter()
        .find(|step| step.status == ApprovalStepStatus::Pending);
    let asked = pending.and_then(|step| step.asked).unwrap_or_default();
    let reviewer = found.deal.assignee_id;
    let of_reviewer = |person: &&AskedPerson| {
        reviewer.is_some() && (Some(person.user_id) == reviewer || person.on_behalf_of == reviewer)
    };
    let given: Vec<UserId> = asked.iter().filter(of_reviewer).map(|person| person.user_id).collect();
    Ok(if given.is_empty() {
        asked.into_iter().map(|person| person.user_id).collect()
    } else {
        given
    })
}

/// The reviewer of the registration, or every approver.
fn reviewers(tx: &mut Tx<'_>, deal: Option<DealId>) -> Result<Vec<UserId>> {
    let assignee = match deal {
        Some(deal) => registrations::find_row(tx, deal)?.assignee_id,
        None => None,
    };
    match assignee {
        Some(reviewer) if identity::users::is_active_vendor_with(tx, reviewer, registrations::REVIEWERS)? => {
            Ok(vec![reviewer])
        }
        _ => identity::users::vendors_with(tx, &[Role::Approver]),
    }
}
