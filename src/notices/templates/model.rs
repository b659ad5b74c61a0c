//! The shapes of templates.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{http::Resource, kernel::Time, notices::catalogue::NoticeTopic, words};

words! {
    /// Where a text comes from.
    pub TemplateSource {
        /// It is the program's own.
        Own = "own",
        /// It came with the program.
        BuiltIn = "built_in",
        /// The locale has none, so it is that of its language or the English one.
        Inherited = "inherited",
    }
}

/// The text of a topic in a language: plain text with names in double braces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeTemplate {
    /// Topic and locale.
    #[schema(example = "deal_approved.en", max_length = 100)]
    pub id: String,
    /// The topic.
    pub topic: NoticeTopic,
    /// The language, with a country where it differs by that.
    #[schema(example = "en", max_length = 6)]
    pub locale: String,
    /// Where the text comes from.
    pub source: TemplateSource,
    /// The subject, in one line.
    #[schema(example = "Approved: {{deal.title}}", max_length = 250)]
    pub subject: String,
    /// The text.
    #[schema(
        example = "Your registration {{deal.number}} is approved. It is protected until {{protected.until}}.",
        max_length = 10_000
    )]
    pub body: String,
    /// What the text can name.
    #[schema(max_items = 20, example = json!(["deal.number", "deal.title"]))]
    pub placeholders: Vec<String>,
    /// How often it was edited; 0 for what never was.
    #[schema(example = 1, minimum = 0)]
    pub revision: i64,
    /// Who edited it last.
    #[schema(required = true, example = "user_01jdq4p6c8f3kb2v9y0s7x5ham", max_length = 255)]
    pub changed_by: Option<String>,
    /// When it was edited last.
    #[schema(required = true)]
    pub changed_at: Option<Time>,
}

impl Resource for NoticeTemplate {
    const TYPE: &'static str = "notice_template";

    fn id(&self) -> String {
        self.id.clone()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        format!("/v1/notice-templates/{}/{}", self.topic, self.locale)
    }
}

/// Changes of a text. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeTemplatePatch {
    /// A new subject.
    #[schema(
        example = "Good news: {{deal.title}}",
        min_length = 1,
        max_length = 250,
        nullable = false
    )]
    pub subject: Option<String>,
    /// A new text.
    #[schema(
        example = "We approved {{deal.number}} for {{customer.name}}.",
        min_length = 1,
        max_length = 10_000,
        nullable = false
    )]
    pub body: Option<String>,
}

/// A notice as it would read, with made-up data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticePreview {
    /// The subject.
    #[schema(example = "Approved: Acme: firewalls for 40 branches", max_length = 500)]
    pub subject: String,
    /// The text.
    #[schema(example = "Your registration DR-2026-000123 is approved.", max_length = 50_000)]
    pub body: String,
}

/// Every text that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeTemplateList {
    /// The built-in ones, edited or not, and those of other languages.
    #[schema(max_items = 5000)]
    pub data: Vec<NoticeTemplate>,
}

/// Which text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NoticeTemplatePath {
    /// The topic.
    #[param(example = "deal_approved")]
    pub topic: NoticeTopic,
    /// The language, as in `de`, or with a country, as in `de-CH`.
    #[param(example = "de", min_length = 2, max_length = 6, pattern = "^[a-z]{2,3}(-[A-Z]{2})?$")]
    pub locale: String,
}
