//! What happened to a registration, one line a step. Append-only; the partner reads the lines that are for both sides,
//! without what only the vendor may read.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::states::{DealAxis, HistoryVisibility};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    events::queries::actor_type,
    kernel::{
        Time,
        ids::DealId,
        page::{Order, Page, Paging},
    },
    load_page,
    schema::deal_history::{self, table},
};

/// A line of a registration's history.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = deal_history, treat_none_as_default_value = false)]
pub struct DealHistoryEntry {
    /// The registration.
    pub deal_id: DealId,
    /// Its place: 1 is the first.
    #[schema(example = 1, minimum = 1)]
    pub seq: i64,
    /// When it happened.
    pub at: Time,
    /// What kind of actor did it.
    #[schema(example = "user", max_length = 32)]
    pub actor_type: String,
    /// Who did it.
    #[schema(example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub actor_id: String,
    /// What was done.
    #[schema(example = "submit", max_length = 64)]
    pub action: String,
    /// The axis that it moved.
    #[schema(required = true)]
    pub axis: Option<DealAxis>,
    /// Where the axis stood.
    #[schema(required = true, example = "draft", max_length = 64)]
    pub from_state: Option<String>,
    /// Where it stands since.
    #[schema(required = true, example = "submitted", max_length = 64)]
    pub to_state: Option<String>,
    /// Why, as a code.
    #[schema(required = true, example = "duplicate_registration", max_length = 64)]
    pub reason_code: Option<String>,
    /// Why, in words.
    #[schema(
        required = true,
        example = "Another partner registered the same project before.",
        max_length = 2000
    )]
    pub reason_text: Option<String>,
    /// What the vendor alone reads.
    #[schema(required = true, example = "Checked against DR-2026-000101.", max_length = 2000)]
    pub detail: Option<String>,
    /// Who reads the line.
    pub visibility: HistoryVisibility,
}

/// The actor of what the program's rules decide.
pub const RULES: &str = "system:program_rules";

/// A line to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    action: &'static str,
    moved: Option<(DealAxis, String, String)>,
    reason_code: Option<String>,
    reason_text: Option<String>,
    detail: Option<String>,
    visibility: HistoryVisibility,
    by_rules: bool,
}

impl Entry {
    /// A line about an action.
    pub const fn action(action: &'static str) -> Self {
        Self {
            action,
            moved: None,
            reason_code: None,
            reason_text: None,
            detail: None,
            visibility: HistoryVisibility::Both,
            by_rules: false,
        }
    }

    /// That moved an axis.
    #[must_use]
    pub fn moved(self, axis: DealAxis, from: impl ToString, to: impl ToString) -> Self {
        Self {
            moved: Some((axis, from.to_string(), to.to_string())),
            ..self
        }
    }

    /// For a reason.
    #[must_use]
    pub fn because(self, code: Option<String>, text: Option<String>) -> Self {
        Self {
            reason_code: code,
            reason_text: text,
            ..self
        }
    }

    /// With what the vendor alone reads.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// That the program's rules did, and nobody in person.
    #[must_use]
    pub const fn by_rules(mut self) -> Self {
        self.by_rules = true;
        self
    }

    /// Which the vendor alone reads.
    #[must_use]
    pub fn for_vendor(self) -> Self {
        Self {
            visibility: HistoryVisibility::Vendor,
            ..self
        }
    }
}

/// Adds a line. The registration's row must have been written in the same transaction before, so that its lock orders
/// the lines.
///
/// # Errors
/// What the database reports.
pub fn note(tx: &mut Tx<'_>, deal: DealId, entry: Entry) -> Result<()> {
    let last: Option<i64> = table
        .filter(deal_history::deal_id.eq(deal))
        .order(deal_history::seq.desc())
        .select(deal_history::seq)
        .first(tx.conn())
        .optional()?;
    let line = line(tx, deal, last.unwrap_or(0) + 1, entry);
    diesel::insert_into(table).values(&line).execute(tx.conn())?;
    Ok(())
}

/// [`note`] of a registration whose last line is known to have that number.
///
/// # Errors
/// What the database reports.
pub fn note_after(tx: &mut Tx<'_>, deal: DealId, last: i64, entry: Entry) -> Result<()> {
    let line = line(tx, deal, last + 1, entry);
    tx.add(diesel::insert_into(table).values(&line))
}

/// The numbers of the last lines of those registrations.
///
/// # Errors
/// What the database reports.
pub fn last_lines(tx: &mut Tx<'_>, deals: &[DealId]) -> Result<BTreeMap<DealId, i64>> {
    let last: Vec<(DealId, Option<i64>)> = table
        .filter(deal_history::deal_id.eq_any(among(deals)))
        .group_by(deal_history::deal_id)
        .select((deal_history::deal_id, diesel::dsl::max(deal_history::seq)))
        .load(tx.conn())?;
    Ok(last
        .into_iter()
        .filter_map(|(deal, last)| Some((deal, last?)))
        .collect())
}

/// The first line of a registration that was stored in the same transaction.
///
/// # Errors
/// What the database reports.
pub fn begin(tx: &mut Tx<'_>, deal: DealId, entry: Entry) -> Result<()> {
    begin_with(tx, deal, [entry])
}

/// The first lines of a registration that was stored in the same transaction, in their order.
///
/// # Errors
/// What the database reports.
pub fn begin_with(tx: &mut Tx<'_>, deal: DealId, entries: impl IntoIterator<Item = Entry>) -> Result<()> {
    for (seq, entry) in (1..).zip(entries) {
        let line = line(tx, deal, seq, entry);
        tx.add(diesel::insert_into(table).values(&line))?;
    }
    Ok(())
}

/// What was done with a registration besides that action, the latest first; nothing if the action was never done.
///
/// # Errors
/// What the database reports.
pub fn besides(tx: &mut Tx<'_>, deal: DealId, action: &str) -> Result<Option<Vec<String>>> {
    let mut actions: Vec<String> = table
        .filter(deal_history::deal_id.eq(deal))
        .order(deal_history::seq.desc())
        .select(deal_history::action)
        .load(tx.conn())?;
    let all = actions.len();
    actions.retain(|done| done != action);
    Ok((actions.len() < all).then_some(actions))
}

/// Why an action was done at that moment, as both sides read it: the code and the words.
///
/// # Errors
/// What the database reports.
pub fn reason(
    tx: &mut Tx<'_>,
    deal: DealId,
    action: &str,
    at: Time,
) -> Result<Option<(Option<String>, Option<String>)>> {
    Ok(table
        .filter(deal_history::deal_id.eq(deal))
        .filter(deal_history::action.eq(action))
        .filter(deal_history::visibility.eq(HistoryVisibility::Both))
        .filter(deal_history::at.eq(at))
        .order(deal_history::seq.desc())
        .select((deal_history::reason_code, deal_history::reason_text))
        .first(tx.conn())
        .optional()?)
}

/// A step of a registration's history, as far as rules ask for it that look at history as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = deal_history)]
pub struct PastStep {
    /// The registration.
    pub deal_id: DealId,
    /// When it happened.
    pub at: Time,
    /// What was done.
    pub action: String,
    /// Why, as a code.
    pub reason_code: Option<String>,
}

/// Each time that one of those actions was done with one of those registrations, the oldest first.
///
/// # Errors
/// What the database reports.
pub fn done(tx: &mut Tx<'_>, deals: &[DealId], actions: &[&str]) -> Result<Vec<PastStep>> {
    Ok(table
        .filter(deal_history::deal_id.eq_any(among(deals)))
        .filter(deal_history::action.eq_any(among(actions)))
        .order((deal_history::deal_id, deal_history::seq))
        .select(PastStep::as_select())
        .load(tx.conn())?)
}

/// Who did one of those actions with a registration, as texts of actors.
///
/// # Errors
/// What the database reports.
pub fn actors(tx: &mut Tx<'_>, deal: DealId, actions: &[&str]) -> Result<BTreeSet<String>> {
    let found: Vec<String> = table
        .filter(deal_history::deal_id.eq(deal))
        .filter(deal_history::action.eq_any(among(actions)))
        .select(deal_history::actor_id)
        .distinct()
        .load(tx.conn())?;
    Ok(found.into_iter().collect())
}

fn line(tx: &Tx<'_>, deal: DealId, seq: i64, entry: Entry) -> DealHistoryEntry {
    let caller = tx.caller();
    let (axis, from_state, to_state) = match entry.moved {
        Some((axis, from, to)) => (Some(axis), Some(from), Some(to)),
        None => (None, None, None),
    };
    DealHistoryEntry {
        deal_id: deal,
        seq,
        at: tx.now,
        actor_type: if entry.by_rules {
            "system"
        } else {
            actor_type(caller.actor())
        }
        .to_owned(),
        actor_id: if entry.by_rules {
            RULES.to_owned()
        } else {
            caller.actor_text()
        },
        action: entry.action.to_owned(),
        axis,
        from_state,
        to_state,
        reason_code: entry.reason_code,
        reason_text: entry.reason_text,
        detail: entry.detail,
        visibility: entry.visibility,
    }
}

/// What the history of a registration is filtered by.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DealHistoryFilter {
    /// Only steps of that axis.
    #[param(nullable = false)]
    pub axis: Option<DealAxis>,
}

/// One page of the history of a registration that the caller may see, oldest first.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    deal: DealId,
    filter: &DealHistoryFilter,
    paging: &Paging,
) -> Result<Page<DealHistoryEntry>> {
    let mut clause = Clause::all();
    clause
        .equals("deal_history.deal_id", &deal)
        .equals_some("deal_history.axis", filter.axis.as_ref());
    let vendor = tx.caller().is_vendor();
    if !vendor {
        clause.equals("deal_history.visibility", &HistoryVisibility::Both);
    }
    let order = Order {
        column: "deal_history.seq",
        id: "deal_history.deal_id",
        descending: false,
    };
    let rows = load_page!(tx, table => DealHistoryEntry, clause, order, paging)?;
    let page = Page::of(rows, paging, |row: &DealHistoryEntry| {
        (row.seq.into(), row.deal_id.to_string())
    });
    Ok(page.map(|row| DealHistoryEntry {
        detail: row.detail.filter(|_| vendor),
        ..row
    }))
}
