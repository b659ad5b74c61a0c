//! By whose window each deal of the past is shut out under a policy. Pure.

use std::collections::BTreeMap;

use super::rules::{Past, PastDeal};
use crate::{
    deals::{
        conflict::{ClaimKind, ConflictVerdict, rules::Window},
        protection::DealTypeClass,
    },
    policies::ProgramSettings,
};

/// A window of a deal that is followed.
struct Held<'p> {
    deal: &'p PastDeal,
    window: Window,
}

/// By which deal's window each deal is shut out under a policy, in the order of the deals.
pub fn shut_out<'p>(past: &'p Past, policy: &ProgramSettings) -> Vec<Option<&'p str>> {
    let shuts = policy.conflict.weight(ClaimKind::ActiveProtection, false) == ConflictVerdict::Conflict;
    let class = |deal: &PastDeal| DealTypeClass::of(deal.deal_type(), policy.conflict.renewals_meet_new_business);
    let mut held: BTreeMap<_, Vec<Held<'p>>> = BTreeMap::new();
    let mut found = Vec::with_capacity(past.deals.len());
    for deal in &past.deals {
        let row = &deal.registration.deal;
        let Some(account) = row.customer_account_id.filter(|_| shuts) else {
            found.push(None);
            continue;
        };
        let windows = held.entry(account).or_default();
        // Deals come by their beginning: what has ended shuts out none of those that follow.
        windows.retain(|other| other.window.until.is_none_or(|until| deal.began < until));
        let by = windows.iter().find(|other| {
            let holder = &other.deal.registration.deal;
            holder.partner_id != row.partner_id
                && other.window.from <= deal.began
                && class(other.deal).meets(class(deal))
                && past
                    .territories
                    .position(holder.territory_id, row.territory_id)
                    .is_some()
                && other.deal.products().any(|theirs| {
                    deal.products()
                        .any(|own| past.products.position(Some(theirs), Some(own)).is_some())
                })
        });
        let by = by.map(|other| other.deal.registration.deal.number.as_str());
        if let Some(from) = deal.protected_from().filter(|_| by.is_none()) {
            let end = from.plus_days(deal.days(policy));
            let window = Window::new(from, row.closed_at.map_or(end, |closed| closed.min(end)));
            windows.push(Held { deal, window });
        }
        found.push(by);
    }
    found
}
