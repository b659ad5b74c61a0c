//! One function per operation: take, call, answer.

use actix_web::get;

use super::model::{NoticeSide, NoticeTopicList};
use crate::{
    auth::Caller,
    db::Db,
    http::{Plain, Reply},
    notices::reminders::reminders,
    policies,
};

/// List the topics of notices
///
/// What people of the caller's side are told of, who of them, by which channels unless they choose otherwise, and whether
/// they may switch it off. The catalogue is fixed; its texts can be changed as templates, and how long before a deadline people
/// are reminded in the policy. Topics of modules that are off are not among them.
#[utoipa::path]
#[get("")]
pub async fn list_notice_topics(db: Db, caller: Caller) -> Reply<Plain<NoticeTopicList>> {
    let (side, modules) = (NoticeSide::of(&caller), caller.request().switches.modules());
    db.read(&caller, move |tx| {
        let now = tx.now;
        let reminders = reminders(&policies::in_force(tx, now)?.notices);
        Ok(Plain(NoticeTopicList::of(side, modules, &reminders)))
    })
    .await
}
