//! Doing a merge, and undoing it.

use std::collections::BTreeMap;

use super::{
    model::{
        AccountMerge, CollisionKind, CollisionSide, Contested, Effects, Moved, MovedKind, PlannedCollision, Slot,
        Snapshot,
    },
    queries::{self, Step},
    rules::{merged_away, united},
};
use crate::{
    customers::{
        accounts::{self, CustomerAccount},
        cases::{self, CaseFact, CaseType, NewCase, NewCaseClaim},
        direct_opportunities, installed_base, named_accounts,
    },
    db::Tx,
    deals::registrations::{self, history},
    error::{Error, Result},
    kernel::{
        ids::{AccountId, CaseId, DealId},
        states::FailingGuard,
    },
    sync,
    work::{self, OnRecord, WorkRecordType},
};

/// Why protections change.
const REASON: &str = "account_merge";

/// Merges, as planned. Both accounts are locked, and the plan is current.
///
/// # Errors
/// What the database reports.
pub fn apply(
    tx: &mut Tx<'_>,
    merge: &AccountMerge,
    survivor: &CustomerAccount,
    other: &CustomerAccount,
) -> Result<Effects> {
    let (to, from) = (survivor.id, other.id);
    let mut moved: BTreeMap<MovedKind, Vec<Moved>> = BTreeMap::new();

    // What gives way gives way first: then nothing overlaps when it moves.
    let mut contested = Vec::new();
    let mut opened: Vec<CaseId> = Vec::new();
    for collision in &merge.plan.collisions {
        if let Some(id) = collision.second.protection_id {
            let revision = queries::change_protection(tx, id, Step::Contest, REASON)?;
            contested.push(Contested { id, revision });
        }
        opened.push(cases::open(tx, to, case(merge, collision))?.id);
    }
    let mut protections = Vec::new();
    for id in queries::protections_of(tx, from)? {
        let revision = queries::change_protection(tx, id, Step::Move(to), REASON)?;
        contested
            .iter_mut()
            .filter(|one| one.id == id)
            .for_each(|one| one.revision = revision);
        protections.push(Moved {
            id: id.to_string(),
            revision,
        });
    }
    moved.insert(MovedKind::Protections, protections);

    let (slots_moved, slots_lost) = move_slots(tx, &merge.plan.collisions, to, from)?;
    let ids = queries::deals_of(tx, from)?;
    moved.insert(
        MovedKind::Deals,
        move_deals(tx, &ids, to, "customer_merged", &merge.reason)?,
    );
    moved.insert(
        MovedKind::DirectOpportunities,
        listed(direct_opportunities::move_to(tx, from, to, None)?),
    );
    moved.insert(
        MovedKind::NamedAccounts,
        listed(named_accounts::move_to(tx, from, to, None)?),
    );
    moved.insert(
        MovedKind::InstalledBase,
        listed(installed_base::move_to(tx, from, to, None)?),
    );
    moved.insert(MovedKind::ConflictCases, listed(cases::move_to(tx, from, to, None)?));
    moved.insert(
        MovedKind::Subsidiaries,
        listed(accounts::queries::move_children(tx, from, to, None)?),
    );
    let noted = work::on_record(tx, WorkRecordType::CustomerAccount, &from.to_string())?;
    work::move_to(tx, &noted, &to.to_string())?;
    let unnumbered = |ids: Vec<String>| ids.into_iter().map(|id| Moved { id, revision: 0 }).collect();
    moved.insert(MovedKind::Notes, unnumbered(noted.notes));
    moved.insert(MovedKind::Tasks, unnumbered(noted.tasks));
    moved.insert(MovedKind::Interactions, unnumbered(noted.interactions));

    // The links with other systems go along first: a reference that is let go of ends the link that it is of.
    sync::moved(tx, accounts::TYPE, &other.external_refs, &to.to_string())?;
    // The account that goes lets go of its ids in other systems before the other takes them.
    let away = accounts::queries::save(
        tx,
        other,
        merged_away(other.clone(), survivor, tx.now),
        "customer_account.merged",
    )?;
    let whole = accounts::queries::save(
        tx,
        survivor,
        united(survivor.clone(), other, tx.now),
        "customer_account.updated",
    )?;
    accounts::queries::raise_claims(tx, to, from)?;
    Ok(Effects {
        survivor: Snapshot::of(survivor),
        other: Snapshot::of(other),
        survivor_revision: whole.revision,
        other_revision: away.revision,
        moved,
        contested,
        slots_moved,
        slots_lost,
        cases: opened,
    })
}

fn listed(moved: Vec<(String, i64)>) -> Vec<Moved> {
    moved.into_iter().map(|(id, revision)| Moved { id, revision }).collect()
}

fn case(merge: &AccountMerge, collision: &PlannedCollision) -> NewCase {
    let claim = |side: &CollisionSide| NewCaseClaim {
        partner_id: Some(side.partner_id),
        deal_id: Some(side.deal_id),
        protection_id: side.protection_id,
        received_at: side.received_at,
        seq: side.seq,
        ..NewCaseClaim::default()
    };
    let fact = |name: &str, value: String| CaseFact {
        name: name.to_owned(),
        value,
    };
    let mut detail = vec![
        fact("merged_account", merge.other_id.to_string()),
        fact("surviving_account", merge.survivor_id.to_string()),
        fact("product", collision.product_id.to_string()),
    ];
    detail.extend(
        collision
            .territory_id
            .map(|territory| fact("territory", territory.to_string())),
    );
    detail.extend(collision.from.map(|at| fact("overlap_from", at.to_string())));
    detail.extend(collision.until.map(|at| fact("overlap_until", at.to_string())));
    let (case_type, summary) = match collision.kind {
        CollisionKind::Protections => (
            CaseType::AccountMerge,
            "Two exclusive protections of one scope met when customer accounts were merged. The later one is contested.",
        ),
        CollisionKind::OpenRegistrations => (
            CaseType::DuplicateRegistration,
            "A partner has two open registrations of one product since customer accounts were merged. The later one lost its place.",
        ),
    };
    NewCase {
        case_type,
        account_merge_id: Some(merge.id),
        conflict_check_id: None,
        summary: summary.to_owned(),
        detail,
        claims: vec![claim(&collision.first), claim(&collision.second)],
    }
}

/// Moves the places of open registrations; those of later registrations that collide are given up.
fn move_slots(
    tx: &mut Tx<'_>,
    collisions: &[PlannedCollision],
    to: AccountId,
    from: AccountId,
) -> Result<(Vec<Slot>, Vec<Slot>)> {
    let (all, _) = queries::open_slots(tx, &[to, from])?;
    let gives_way = |slot: &Slot| {
        collisions.iter().any(|collision| {
            collision.kind == CollisionKind::OpenRegistrations
                && collision.second.deal_id == slot.deal_id
                && collision.product_id == slot.product_id
        })
    };
    let (lost, kept): (Vec<Slot>, Vec<Slot>) = all.into_iter().partition(gives_way);
    for slot in &lost {
        queries::free_slot(tx, slot)?;
    }
    let moved: Vec<Slot> = kept.into_iter().filter(|slot| slot.account_id == from).collect();
    for slot in &moved {
        queries::free_slot(tx, slot)?;
        queries::take_slot(
            tx,
            &Slot {
                account_id: to,
                ..slot.clone()
            },
        )?;
    }
    Ok((moved, lost))
}

/// Moves registrations to an account, with a line in the history of each.
fn move_deals(
    tx: &mut Tx<'_>,
    ids: &[DealId],
    to: AccountId,
    action: &'static str,
    reason: &str,
) -> Result<Vec<Moved>> {
    let found = registrations::find_all(tx, ids)?;
    if found.len() != ids.len() {
        return Err(Error::guards(
            "planned",
            action,
            vec![FailingGuard::new(
                "rows_out_of_sight",
                "The account has registrations of partners whose rows you may not see; somebody who sees them all has to do this.",
            )],
        ));
    }
    let now = tx.now;
    let mut moved = Vec::new();
    for before in found {
        let mut after = before.clone();
        after.deal.customer_account_id = Some(to);
        after.deal.revision += 1;
        after.deal.updated_at = now;
        let saved = registrations::save_because(tx, &before, after, "deal.customer_changed", reason)?;
        history::note(
            tx,
            saved.deal.id,
            history::Entry::action(action)
                .because(None, Some(reason.to_owned()))
                .for_vendor(),
        )?;
        moved.push(Moved {
            id: saved.deal.id.to_string(),
            revision: saved.deal.revision,
        });
    }
    Ok(moved)
}

/// What stands in the way of undoing the merge.
///
/// # Errors
/// What the database reports.
pub fn not_undoable(
    tx: &mut Tx<'_>,
    merge: &AccountMerge,
    survivor: &CustomerAccount,
    other: &CustomerAccount,
) -> Result<Vec<FailingGuard>> {
    let Some(effects) = &merge.effects else {
        return Ok(Vec::new());
    };
    let mut failing = Vec::new();
    if survivor.revision != effects.survivor_revision || survivor.merged_into_id.is_some() {
        failing.push(FailingGuard::new(
            "survivor_changed",
            format!("{} was changed since the merge.", survivor.id),
        ));
    }
    if other.revision != effects.other_revision {
        failing.push(FailingGuard::new(
            "other_changed",
            format!("{} was changed since the merge.", other.id),
        ));
    }
    for (kind, moved) in &effects.moved {
        let changed = queries::changed(tx, *kind, moved, merge.survivor_id)?;
        if changed > 0 {
            failing.push(FailingGuard::new(
                "moved_changed",
                format!(
                    "Of what the merge moved, {changed} of {} ({kind}) changed since.",
                    moved.len()
                ),
            ));
        }
    }
    let contested: Vec<Moved> = effects
        .contested
        .iter()
        .map(|one| Moved {
            id: one.id.to_string(),
            revision: one.revision,
        })
        .collect();
    let changed = queries::changed(tx, MovedKind::Protections, &contested, merge.survivor_id)?;
    if changed > 0 {
        failing.push(FailingGuard::new(
            "contested_changed",
            format!("Of the protections that gave way, {changed} changed since."),
        ));
    }
    for case in cases::of_merge(tx, merge.id)?.iter().filter(|case| !case.is_open()) {
        failing.push(FailingGuard::new(
            "case_decided",
            format!("The case {} that the merge opened was decided.", case.number),
        ));
    }
    Ok(failing)
}

/// Undoes a merge. Both accounts are locked, and nothing stands in the way.
///
/// # Errors
/// What the database reports.
pub fn undo(tx: &mut Tx<'_>, merge: &AccountMerge, survivor: &CustomerAccount, other: &CustomerAccount) -> Result<()> {
    let Some(effects) = &merge.effects else {
        return Err(Error::internal("a merge that was done noted no effects"));
    };
    let (from, to) = (survivor.id, other.id);
    let ids = |kind: MovedKind| -> Vec<String> {
        effects
            .moved
            .get(&kind)
            .into_iter()
            .flatten()
            .map(|one| one.id.clone())
            .collect()
    };

    // The account that stays lets go of the other's ids before it has them again.
    sync::moved(tx, accounts::TYPE, &effects.other.external_refs, &to.to_string())?;
    accounts::queries::save(
        tx,
        survivor,
        effects.survivor.restored(survivor.clone(), tx.now),
        "customer_account.updated",
    )?;
    accounts::queries::save(
        tx,
        other,
        effects.other.restored(other.clone(), tx.now),
        "customer_account.split",
    )?;

    for id in ids(MovedKind::Protections) {
        let id = id.parse().map_err(Error::internal)?;
        queries::change_protection(tx, id, Step::Move(to), "account_split")?;
    }
    for one in &effects.contested {
        queries::change_protection(tx, one.id, Step::Restore, "account_split")?;
    }
    for slot in &effects.slots_moved {
        queries::free_slot(
            tx,
            &Slot {
                account_id: from,
                ..slot.clone()
            },
        )?;
        queries::take_slot(tx, slot)?;
    }
    for slot in &effects.slots_lost {
        queries::take_slot(tx, slot)?;
    }
    let deals: Vec<DealId> = ids(MovedKind::Deals)
        .iter()
        .map(|id| id.parse())
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::internal)?;
    move_deals(tx, &deals, to, "customer_split", &merge.reason)?;
    direct_opportunities::move_to(tx, from, to, Some(&ids(MovedKind::DirectOpportunities)))?;
    named_accounts::move_to(tx, from, to, Some(&ids(MovedKind::NamedAccounts)))?;
    installed_base::move_to(tx, from, to, Some(&ids(MovedKind::InstalledBase)))?;
    cases::move_to(tx, from, to, Some(&ids(MovedKind::ConflictCases)))?;
    accounts::queries::move_children(tx, from, to, Some(&ids(MovedKind::Subsidiaries)))?;
    let noted = OnRecord {
        notes: ids(MovedKind::Notes),
        tasks: ids(MovedKind::Tasks),
        interactions: ids(MovedKind::Interactions),
    };
    work::move_to(tx, &noted, &to.to_string())?;
    for case in cases::of_merge(tx, merge.id)? {
        cases::drop(tx, &case, "The merge that it came from was undone.")?;
    }
    Ok(())
}
