//! The shapes of preferences.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::Resource,
    kernel::{Time, TimeZone, ids::UserId},
    notices::catalogue::{MailDelivery, NoticeTopic},
};

/// How a person wants to hear of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeChoice {
    /// The topic.
    pub topic: NoticeTopic,
    /// Whether it appears in the app.
    #[schema(example = true)]
    pub in_app: bool,
    /// How it comes by mail.
    pub mail: MailDelivery,
}

/// The hours in which no mail is sent, by the person's own clock. They may go over midnight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin.
    #[schema(
        example = "20:00",
        min_length = 5,
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    pub from: String,
    /// When they end.
    #[schema(
        example = "07:00",
        min_length = 5,
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    pub until: String,
}

/// How the caller wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticePreferences {
    /// The person.
    pub user_id: UserId,
    /// Every topic that the caller's side is told of: as it was chosen, or as the catalogue has it.
    #[schema(max_items = 100)]
    pub topics: Vec<NoticeChoice>,
    /// The hours in which no mail is sent; null for none.
    #[schema(required = true)]
    pub quiet_hours: Option<QuietHours>,
    /// The hour of the day at which the digest comes, by the person's own clock.
    #[schema(example = 8, minimum = 0, maximum = 23)]
    pub digest_hour: i64,
    /// The language of notices, BCP 47; null for that of the user.
    #[schema(required = true, example = "de-CH", max_length = 35)]
    pub locale: Option<String>,
    /// The time zone; null for that of the user.
    #[schema(required = true)]
    pub time_zone: Option<TimeZone>,
    /// How often they were changed; 0 for what never was.
    #[schema(example = 1, minimum = 0)]
    pub revision: i64,
    /// When they were last changed.
    #[schema(required = true)]
    pub updated_at: Option<Time>,
}

impl Resource for NoticePreferences {
    const TYPE: &'static str = "notice_preferences";

    fn id(&self) -> String {
        self.user_id.to_string()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        "/v1/me/notice-preferences".to_owned()
    }
}

/// How the caller wants to be told from now on: all of it. What is left out is as the catalogue and the user have it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNoticePreferences {
    /// The topics that differ from the catalogue.
    #[serde(default)]
    #[schema(max_items = 100, example = json!([{"topic": "deal_approved", "in_app": true, "mail": "digest"}]))]
    pub topics: Vec<NoticeChoice>,
    /// The hours in which no mail is sent.
    #[schema(example = json!({"from": "20:00", "until": "07:00"}))]
    pub quiet_hours: Option<QuietHours>,
    /// The hour of the day at which the digest comes; 8 if left out.
    #[schema(example = 8, minimum = 0, maximum = 23, nullable = false)]
    pub digest_hour: Option<i64>,
    /// The language of notices, BCP 47.
    #[schema(example = "de-CH", max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub locale: Option<String>,
    /// The time zone.
    pub time_zone: Option<TimeZone>,
}
