//! What the dispatcher tells those who work for an endpoint.

use std::{sync::Arc, time::Instant};

use super::endpoints::{self, WebhookEndpoint};
use crate::events::queries::Heading;

/// What is new in the feed.
#[derive(Debug, PartialEq, Eq)]
pub struct Stretch {
    /// It begins after this position.
    pub after: i64,
    /// It ends with this one.
    pub up_to: i64,
    /// What the events between are about.
    pub headings: Vec<Heading>,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The last position of the feed.
    pub last: i64,
    /// What came last, if it is not too much to say.
    pub fresh: Option<Arc<Stretch>>,
    /// What counts the endpoint's changes.
    pub generation: i64,
    /// Until when the endpoint is ours.
    pub until: Instant,
    /// Whether to end.
    pub ends: bool,
}

impl News {
    /// Whether nothing after that position can be for the endpoint: so much is known only if all of it came last.
    pub fn is_nothing_for(&self, endpoint: &WebhookEndpoint, position: i64) -> bool {
        self.fresh.as_ref().is_some_and(|fresh| {
            let mut rest = fresh.headings.iter().filter(|heading| heading.position > position);
            fresh.after <= position
                && fresh.up_to == self.last
                && !rest.any(|heading| endpoints::may_concern(endpoint, heading))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{
        Time,
        ids::{Id as _, WebhookEndpointId},
    };

    #[test]
    fn what_is_not_known_whole_is_looked_at() {
        let endpoint = WebhookEndpoint::sample(WebhookEndpointId::example(1), Time::from_micros(0));
        let heading = |position| Heading {
            position,
            kind: "deal.won".to_owned(),
            resource_type: "deal".to_owned(),
            resource_id: "deal_1".to_owned(),
            partners: Vec::new(),
        };
        let news = |headings, last| News {
            last,
            fresh: Some(Arc::new(Stretch {
                after: 10,
                up_to: 20,
                headings,
            })),
            generation: 1,
            until: Instant::now(),
            ends: false,
        };
        assert!(news(vec![], 20).is_nothing_for(&endpoint, 10));
        assert!(!news(vec![], 20).is_nothing_for(&endpoint, 9), "something came before");
        assert!(!news(vec![], 21).is_nothing_for(&endpoint, 10), "something came after");
        assert!(!news(vec![heading(15)], 20).is_nothing_for(&endpoint, 14));
        assert!(news(vec![heading(15)], 20).is_nothing_for(&endpoint, 15));
        let unknown = News {
            fresh: None,
            ..news(vec![], 20)
        };
        assert!(!unknown.is_nothing_for(&endpoint, 10));
    }
}
