//! A registration as it is selected: its row with the rows that stand one to one beside it.

use diesel::{
    expression::Expression,
    prelude::*,
    sql_types::{Nullable, Text},
};

use super::rows::{CustomerRow, DealRow, DetailsRow, ReviewRow};
use crate::db::Engine;

/// Text that is the same each time, and names what the query has.
macro_rules! written_out {
    ($part:ty, $sql_type:ty, $text:expr) => {
        impl diesel::expression::Expression for $part {
            type SqlType = $sql_type;
        }

        impl<QS> diesel::expression::AppearsOnTable<QS> for $part {}
        impl<QS> diesel::expression::SelectableExpression<QS> for $part {}

        impl<GB> diesel::expression::ValidGrouping<GB> for $part {
            type IsAggregate = diesel::expression::is_aggregate::Never;
        }

        impl diesel::query_builder::QueryId for $part {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::QueryFragment<$crate::db::Engine> for $part {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, $crate::db::Engine>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($text);
                Ok(())
            }
        }
    };
}

/// The tables of a registration's row and of those beside it.
macro_rules! wide {
    () => {
        $crate::schema::deals::table
            .inner_join($crate::schema::deal_details::table)
            .left_join($crate::schema::deal_customer_inputs::table)
            .left_join($crate::schema::deal_reviews::table)
            .left_join($crate::schema::territories::table)
    };
}

pub(super) use {wide, written_out};

/// The row of a registration with the rows that stand one to one beside it.
#[derive(Queryable)]
pub struct Wide {
    pub deal: DealRow,
    pub details: DetailsRow,
    pub customer: Option<CustomerRow>,
    pub review: Option<ReviewRow>,
    /// The code of its territory.
    pub territory: Option<String>,
}

/// The columns of [`Wide`], written out: diesel writes some eighty names anew for each query, which took longer than to run it. A
/// test compares them with those of the rows.
const COLUMNS: &str = "\
    deals.id, deals.number, deals.partner_id, deals.distributor_id, deals.submitter_id, deals.title, \
    deals.title_key, deals.deal_type, deals.source, deals.territory_id, deals.customer_account_id, \
    deals.amount_minor, deals.amount_currency, deals.expected_close_on, deals.review_status, deals.stage, \
    deals.received_at, deals.seq, deals.review_due_at, deals.assignee_id, deals.conflict_check_id, \
    deals.policy_version, deals.last_activity_at, deals.legacy, deals.closed_at, deals.closed_reason, \
    deals.win_verified_at, deals.custom, deals.revision, deals.created_at, deals.updated_at, deal_details.deal_id, \
    deal_details.description, deal_details.next_step, deal_details.competitor, deal_details.co_sell_needs, \
    deal_details.visibility, deal_details.customer_consent, deal_details.on_behalf_of, deal_details.missing, \
    deal_customer_inputs.deal_id, deal_customer_inputs.name, deal_customer_inputs.name_key, \
    deal_customer_inputs.website, deal_customer_inputs.domain, deal_customer_inputs.registration_number, \
    deal_customer_inputs.registration_authority, deal_customer_inputs.phone, deal_customer_inputs.email, \
    deal_customer_inputs.street, deal_customer_inputs.city, deal_customer_inputs.region, \
    deal_customer_inputs.postal_code, deal_customer_inputs.country, deal_customer_inputs.resolution, \
    deal_customer_inputs.resolved_at, deal_customer_inputs.resolved_by, deal_customer_inputs.input_hash, \
    deal_customer_inputs.matcher_version, deal_customer_inputs.candidates, deal_customer_inputs.matched_at, \
    deal_reviews.deal_id, deal_reviews.submitted_by, deal_reviews.submitted_at, deal_reviews.round, \
    deal_reviews.paused_at, deal_reviews.paused_micros, deal_reviews.info_due_at, deal_reviews.assigned_at, \
    deal_reviews.decided_at, deal_reviews.auto_approved, deal_reviews.appeal_until, territories.code";

/// What is selected of [`Wide`].
#[derive(Debug, Clone, Copy)]
pub struct Columns;

/// The type in SQL of a row, or of one that need not be there.
type Of<R> = <<R as Selectable<Engine>>::SelectExpression as Expression>::SqlType;

impl Selectable<Engine> for Wide {
    type SelectExpression = Columns;

    fn construct_selection() -> Columns {
        Columns
    }
}

written_out!(
    Columns,
    (
        Of<DealRow>,
        Of<DetailsRow>,
        Of<Option<CustomerRow>>,
        Of<Option<ReviewRow>>,
        Nullable<Text>,
    ),
    COLUMNS
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::territories;

    #[test]
    fn the_columns_that_are_written_out_are_those_of_the_rows() {
        let by_diesel = wide!().select((
            <DealRow as Selectable<Engine>>::construct_selection(),
            <DetailsRow as Selectable<Engine>>::construct_selection(),
            <Option<CustomerRow> as Selectable<Engine>>::construct_selection(),
            <Option<ReviewRow> as Selectable<Engine>>::construct_selection(),
            territories::code.nullable(),
        ));
        let text = diesel::debug_query::<Engine, _>(&by_diesel)
            .to_string()
            .replace('`', "");
        let columns = text.strip_prefix("SELECT ").and_then(|text| text.split_once(" FROM "));
        assert_eq!(columns.map(|(columns, _)| columns), Some(COLUMNS));
    }
}
