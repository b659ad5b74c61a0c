//! What happened, as a text can tell it: the names that texts may use, and whom it concerns.
//!
//! An event carries what its partner may read, and so does what is looked up beside it; nothing here is the vendor's alone,
//! but for what goes to the vendor's people alone.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    db::Tx,
    deals::{
        amendments::DealAmendment,
        appeals::DealAppeal,
        extensions::DealExtension,
        registrations::{self, Deal, Reader, history},
        reopenings::DealReopening,
        transfers::DealTransfer,
    },
    error::{Result, codes},
    events::queries::Logged,
    http::{Addressed as _, Resource as _},
    identity::{addressees, memberships::PartnerUser},
    imports::jobs::{self as imports, Import},
    kernel::{
        Time,
        ids::{DealId, PartnerId, SpecialisationAwardId, UserId},
    },
    notices::{
        catalogue::{NoticeTopic, TopicRule},
        language::Value,
    },
    partners::{self, Partner, handovers::Handover},
    programs::{
        memberships::ProgramMembership,
        specialisations::{self, SpecialisationAward},
    },
    sync::systems::ExternalSystem,
    webhooks::WebhookEndpoint,
};

/// What happened.
#[derive(Debug, Clone)]
pub struct Story {
    /// What makes it one of its kind: nobody is told of the same cause twice.
    pub cause: String,
    /// The record that is read about it.
    pub resource: (String, String),
    /// Where that is read.
    pub path: String,
    /// When it happened.
    pub occurred_at: Time,
    /// Until when something is asked for.
    pub due_at: Option<Time>,
    /// What the texts can name.
    pub values: BTreeMap<&'static str, Value>,
    /// The partners it concerns, the first of them in the texts.
    pub partners: Vec<PartnerId>,
    /// The partners that may learn of it.
    pub audience: Vec<PartnerId>,
    /// Whether the vendor's people may learn of it.
    pub for_vendor: bool,
    /// The registration it concerns.
    pub deal: Option<DealId>,
    /// Who sent that in.
    pub submitter: Option<UserId>,
    /// Who did it, as events name actors.
    pub actor: String,
    /// Who takes a partner over, and who gives it away.
    pub managers: (Option<UserId>, Option<UserId>),
}

fn text(record: &Json, pointer: &str) -> Option<String> {
    record
        .pointer(pointer)
        .and_then(Json::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn parsed<T: std::str::FromStr>(record: &Json, pointer: &str) -> Option<T> {
    text(record, pointer)?.parse().ok()
}

/// A moment, or a dash where there is none.
fn moment(at: Option<Time>) -> Value {
    at.map_or(Value::Word("–", "–"), Value::Moment)
}

fn words(text: Option<String>) -> Value {
    Value::Text(text.unwrap_or_default())
}

/// A code as words: `duplicate_registration`, duplicate registration.
fn spelled(code: &str) -> String {
    code.replace('_', " ")
}

impl Story {
    fn bare(cause: String, occurred_at: Time, actor: String) -> Self {
        Self {
            cause,
            resource: (String::new(), String::new()),
            path: String::new(),
            occurred_at,
            due_at: None,
            values: BTreeMap::new(),
            partners: Vec::new(),
            audience: Vec::new(),
            for_vendor: true,
            deal: None,
            submitter: None,
            actor,
            managers: (None, None),
        }
    }

    /// A story about a registration as it is now, that no event tells: for reminders. Nothing if there is none such.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of_deal(tx: &mut Tx<'_>, deal: DealId, cause: String) -> Result<Option<Self>> {
        let now = tx.now;
        let Some(record) = read_deal(tx, deal)? else {
            return Ok(None);
        };
        let mut story = Self::bare(cause, now, String::new());
        story.about_deal(tx, &record)?;
        story.audience.clone_from(&story.partners);
        Ok(Some(story))
    }

    /// A story about a partner, that no event tells.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of_partner(tx: &mut Tx<'_>, partner: PartnerId, cause: String) -> Result<Self> {
        let now = tx.now;
        let mut story = Self::bare(cause, now, String::new());
        story.about_partner(tx, partner)?;
        story.link_partner(partner);
        story.audience = vec![partner];
        Ok(story)
    }

    /// A story about an award of a specialisation as it is now, that no event tells. Nothing if there is none such.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of_award(tx: &mut Tx<'_>, id: SpecialisationAwardId, cause: String) -> Result<Option<Self>> {
        let Some((award, name)) = specialisations::named(tx, id)? else {
            return Ok(None);
        };
        let mut story = Self::of_partner(tx, award.partner_id, cause)?;
        story.about_award(award.valid_until, name);
        let id = id.to_string();
        story.link(SpecialisationAward::TYPE, &id, SpecialisationAward::path_of(&id));
        Ok(Some(story))
    }

    fn about_award(&mut self, until: Option<Time>, name: String) {
        self.name("specialisation.name", Value::Text(name));
        let until = until.map_or(Value::Word("no end is set", "unbefristet"), Value::Moment);
        self.name("award.until", until);
    }

    fn link(&mut self, resource_type: &str, id: &str, path: String) {
        self.resource = (resource_type.to_owned(), id.to_owned());
        self.path = path;
    }

    fn link_partner(&mut self, partner: PartnerId) {
        let id = partner.to_string();
        self.link(Partner::TYPE, &id, Partner::path_of(&id));
    }

    /// Adds a name that texts can use.
    pub fn name(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, value);
    }

    fn about_partner(&mut self, tx: &mut Tx<'_>, id: PartnerId) -> Result<()> {
        self.partners.push(id);
        if let Some(partner) = partners::by_ids(tx, &[id])?.remove(&id) {
            self.name("partner.name", Value::Text(partner.legal_name));
            self.name("partner.number", Value::Text(partner.number));
        }
        Ok(())
    }

    fn about_deal(&mut self, tx: &mut Tx<'_>, deal: &Json) -> Result<()> {
        let id: Option<DealId> = parsed(deal, "/id");
        (self.deal, self.submitter) = (id, parsed(deal, "/submitter_id"));
        if let Some(id) = id {
            let id = id.to_string();
            self.link(Deal::TYPE, &id, Deal::path_of(&id));
        }
        for (name, pointer) in [
            ("deal.number", "/number"),
            ("deal.title", "/title"),
            ("customer.name", "/customer/name"),
        ] {
            self.name(name, words(text(deal, pointer)));
        }
        let (decision, answers) = (parsed(deal, "/review/due_at"), parsed(deal, "/info_request/due_at"));
        self.name("decision.due", moment(decision));
        self.name("protected.until", moment(parsed(deal, "/protection/granted_until")));
        self.name("answers.due", moment(answers));
        let questions = deal.pointer("/info_request/questions").and_then(Json::as_array);
        let listed: Vec<String> = questions
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(|question| format!("- {question}"))
            .collect();
        self.name("questions", Value::Text(listed.join("\n")));
        self.due_at = answers.or(decision);
        if let Some(partner) = parsed(deal, "/partner_id") {
            self.about_partner(tx, partner)?;
        }
        Ok(())
    }

    /// Why: from the history of the registration, or from what the event says.
    fn explained(&mut self, tx: &mut Tx<'_>, rule: &TopicRule, data: &Json) -> Result<()> {
        let told = match (rule.reason_of, self.deal) {
            // The line is written in the transaction of the event, with its time.
            (Some(action), Some(deal)) => history::reason(tx, deal, action, self.occurred_at)?,
            _ => None,
        };
        let said = |names: &[&str]| names.iter().find_map(|name| text(data, name));
        let (code, words) = told.unwrap_or_else(|| {
            (
                said(&["/reason_code", "/decision_code"]),
                said(&["/reason_text", "/decision_text", "/reason"]),
            )
        });
        let reason = words.or_else(|| code.as_deref().map(spelled)).unwrap_or_default();
        self.name("reason", Value::Text(reason));
        Ok(())
    }
}

/// The registration as its partner reads it, if there is one.
fn read_deal(tx: &mut Tx<'_>, id: DealId) -> Result<Option<Json>> {
    let now = tx.now;
    match registrations::find(tx, id) {
        Ok(found) => Ok(serde_json::to_value(found.seen_by(Reader::Partner, now)).ok()),
        Err(error) if error.is(&codes::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an event tells to a topic; nothing if it is none of the topic's after all, or cannot be told any more.
///
/// # Errors
/// What the database reports.
pub fn of_event(tx: &mut Tx<'_>, rule: &TopicRule, event: &Logged) -> Result<Option<Story>> {
    let data = &event.data;
    if data.is_null() {
        return Ok(None);
    }
    let mut story = Story::bare(event.id.clone(), event.occurred_at, event.actor.clone());
    let about: Option<DealId> = parsed(data, "/deal_id");
    if event.resource_type == Deal::TYPE {
        story.about_deal(tx, data)?;
    } else if let Some(deal) = about {
        let Some(record) = read_deal(tx, deal)? else {
            return Ok(None);
        };
        story.about_deal(tx, &record)?;
    } else {
        let named: Option<PartnerId> = if event.resource_type == Partner::TYPE {
            event.resource_id.parse().ok()
        } else {
            parsed(data, "/partner_id")
        };
        if let Some(partner) = named {
            story.about_partner(tx, partner)?;
        }
    }
    story.audience.clone_from(&event.audience);
    story.explained(tx, rule, data)?;
    if !told_by(tx, &mut story, rule, event)? {
        return Ok(None);
    }
    if rule.action.is_some() || story.path.is_empty() {
        address(&mut story, event);
    }
    Ok(Some(story))
}

/// What is the topic's own; says whether there is anything to tell.
fn told_by(tx: &mut Tx<'_>, story: &mut Story, rule: &TopicRule, event: &Logged) -> Result<bool> {
    let data = &event.data;
    match rule.topic {
        NoticeTopic::ExtensionRequested => {
            story.name("extension.activity", words(text(data, "/activity")));
            story.name("extension.until", moment(parsed(data, "/requested_end_at")));
            story.due_at = parsed(data, "/grace_until");
        }
        NoticeTopic::ExtensionGranted => story.name("extension.until", moment(parsed(data, "/granted_end_at"))),
        NoticeTopic::ProtectionEnded => {
            // A registration of several products has a protection for each; they end together, and it is told once.
            let end = text(data, "/ends_at").unwrap_or_default();
            story.cause = format!("protection:{}:{end}", text(data, "/deal_id").unwrap_or_default());
        }
        NoticeTopic::CommentAdded => {
            let visibility = text(data, "/visibility").unwrap_or_default();
            story.for_vendor = visibility != "partner";
            if visibility == "vendor" {
                story.audience.clear();
            }
            story.name("comment.text", words(text(data, "/body")));
            let author = name_of(tx, parsed(data, "/author_id"))?;
            story.name(
                "comment.author",
                author.map_or(Value::Word("Somebody", "Jemand"), Value::Text),
            );
            story.due_at = None;
        }
        NoticeTopic::TransferProposed => {
            let parties = ["/from_partner_id", "/to_partner_id"];
            let parties: Vec<PartnerId> = parties.iter().filter_map(|pointer| parsed(data, pointer)).collect();
            // Each partner reads its own name and number, see `announce`; here is none yet.
            story.partners = parties;
        }
        NoticeTopic::ApplicationDecided => {
            let outcome = if event.kind == "partner.approved" {
                Value::Word("accepted", "angenommen")
            } else {
                Value::Word("not accepted", "nicht angenommen")
            };
            story.name("outcome", outcome);
        }
        NoticeTopic::AppealReceived => {
            story.name("reason", words(text(data, "/grounds")));
            story.due_at = parsed(data, "/due_at");
            story.name("deadline", moment(story.due_at));
        }
        NoticeTopic::AppealDecided => {
            let outcome = if event.kind == "deal_appeal.upheld" {
                Value::Word("upheld", "stattgegeben")
            } else {
                Value::Word("dismissed", "zurückgewiesen")
            };
            story.name("outcome", outcome);
        }
        NoticeTopic::ConflictDecided => {
            let outcome = match event.kind.as_str() {
                "deal.protection_lost" => Value::Word("not protected any more", "nicht mehr geschützt"),
                "deal.protection_shared" => Value::Word("protected beside another", "neben einer anderen geschützt"),
                _ => Value::Word("protected", "geschützt"),
            };
            story.name("outcome", outcome);
        }
        NoticeTopic::HandoverGiven => {
            story.managers = (parsed(data, "/to_user_id"), parsed(data, "/from_user_id"));
            story.due_at = parsed(data, "/effective_at");
            story.name("effective.at", moment(story.due_at));
        }
        NoticeTopic::AccountManagerChanged => {
            if text(data, "/role").as_deref() != Some("primary") {
                return Ok(false);
            }
            story.name("manager.name", words(name_of(tx, parsed(data, "/user_id"))?));
            story.name("effective.at", moment(parsed(data, "/valid_from")));
            if let Some(partner) = story.partners.first().copied() {
                story.link_partner(partner);
            }
        }
        NoticeTopic::TierChangePending => {
            story.name("tier.name", words(text(data, "/tier/name")));
            story.due_at = parsed(data, "/grace_until");
            story.name("grace.until", moment(story.due_at));
        }
        NoticeTopic::SpecialisationAwarded | NoticeTopic::SpecialisationEnded => {
            let award = parsed(data, "/id").map(|id| specialisations::named(tx, id));
            let Some((_, name)) = award.transpose()?.flatten() else {
                return Ok(false);
            };
            story.due_at = parsed(data, "/valid_until");
            story.about_award(story.due_at, name);
            story.name("effective.at", moment(parsed(data, "/valid_from")));
            let over = Value::Word("Its time is over.", "Ihre Zeit ist abgelaufen.");
            let reason = text(data, "/withdrawal_reason").map_or(over, Value::Text);
            story.name("reason", reason);
        }
        NoticeTopic::WebhookDisabled => {
            let why = match text(data, "/disabled_reason").as_deref() {
                Some("gone") => Value::Word(
                    "The receiver answered that it wants no more messages (410).",
                    "Der Empfänger antwortet, dass er keine Nachrichten mehr will (410).",
                ),
                Some("failing") => Value::Word(
                    "The receiver did not take a message, however often it was sent.",
                    "Der Empfänger nahm eine Nachricht nicht an, so oft sie auch gesendet wurde.",
                ),
                Some("client_disabled") => Value::Word(
                    "The service client that made it is disabled.",
                    "Der Dienst-Client, der ihn angelegt hat, ist gesperrt.",
                ),
                // Whoever disables it by hand knows, and of a partner that ended nobody is left to tell.
                _ => return Ok(false),
            };
            story.name("reason", why);
            story.name("webhook.url", words(text(data, "/url")));
            story.for_vendor = story.partners.is_empty();
        }
        NoticeTopic::ImportEnded => {
            let outcome = match event.kind.as_str() {
                "import.failed" => Value::Word("could not go on", "konnte nicht weitergehen"),
                "import.undone" => Value::Word("was undone", "wurde zurückgenommen"),
                _ if data.pointer("/dry_run") == Some(&Json::Bool(true)) => {
                    Value::Word("was tried without keeping anything", "wurde probeweise durchgeführt")
                }
                _ => Value::Word("has ended", "ist abgeschlossen"),
            };
            story.name("outcome", outcome);
            story.name("import.file", words(text(data, "/file_name")));
            story.name("import.rows", Value::Text(imports::counted(data)));
        }
        NoticeTopic::SyncFailing => {
            story.name("system.name", words(text(data, "/name")));
            story.name("effective.at", moment(parsed(data, "/failing_since")));
        }
        NoticeTopic::PartnerUserInvited => story.name("person.name", words(text(data, "/name"))),
        _ => {}
    }
    if rule.action.is_none() && !rule.tells_until {
        story.due_at = None;
    }
    Ok(true)
}

fn name_of(tx: &mut Tx<'_>, person: Option<UserId>) -> Result<Option<String>> {
    let Some(person) = person else { return Ok(None) };
    Ok(addressees::those(tx, &[person])?.pop().map(|found| found.name))
}

/// The record that the event is about, where it is read.
fn address(story: &mut Story, event: &Logged) {
    let id = &event.resource_id;
    let path = match event.resource_type.as_str() {
        DealExtension::TYPE => DealExtension::path_of(id),
        DealAmendment::TYPE => DealAmendment::path_of(id),
        DealAppeal::TYPE => DealAppeal::path_of(id),
        DealReopening::TYPE => DealReopening::path_of(id),
        DealTransfer::TYPE => DealTransfer::path_of(id),
        Handover::TYPE => Handover::path_of(id),
        Partner::TYPE => Partner::path_of(id),
        PartnerUser::TYPE => PartnerUser::path_of(id),
        SpecialisationAward::TYPE => SpecialisationAward::path_of(id),
        WebhookEndpoint::TYPE => WebhookEndpoint::path_of(id),
        Import::TYPE => Import::path_of(id),
        ExternalSystem::TYPE => ExternalSystem::path_of(id),
        ProgramMembership::TYPE => {
            ProgramMembership::path_of(&text(&event.data, "/program_id").unwrap_or_default(), id)
        }
        _ => return,
    };
    story.link(&event.resource_type, id, path);
}
