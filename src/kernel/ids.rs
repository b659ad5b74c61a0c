//! Record ids: a UUIDv7 in TypeID text, `deal_01jdq4p6c8f3kb2v9y0s7x5ham`.
//!
//! The text is what stands on the wire *and* in the database, so an id in a log line can be pasted into a query.
//! It sorts by the time the record was made, and an id of the wrong kind is refused by its prefix.
//! The form follows the TypeID specification, version 0.3 (prefix, `_`, 26 characters of Crockford's base32).

use std::fmt::Write as _;

use uuid::Uuid;

use super::time::Time;
use crate::bindable;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What every id type can do. Implemented by [`id!`](crate::id) alone.
pub trait Id: Copy + Ord + std::fmt::Display + std::str::FromStr<Err = WrongId> + Send + Sync + 'static {
    /// The text before the underscore.
    const PREFIX: &'static str;

    /// The id of that number.
    fn from_uuid(uuid: Uuid) -> Self;

    /// A new id for a record made at `now`.
    fn at(now: Time) -> Self {
        Self::from_uuid(uuid_at(now, rand::random()))
    }

    /// An id that is the same in every run: demo data and documentation use it, so that an example can be pasted.
    fn example(number: u64) -> Self {
        let stir = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let random: [u8; 10] = {
            let [a, b, c, d, e, f, g, h] = stir.to_be_bytes();
            let [i, j, ..] = number.to_be_bytes().map(|byte| byte ^ 0x5a);
            [a, b, c, d, e, f, g, h, i, j]
        };
        Self::from_uuid(uuid_at(Time::from_micros(1_767_225_600_000_000), random))
    }
}

/// A UUIDv7 (RFC 9562) whose 12 bits after the milliseconds hold the fraction of a millisecond,
/// so that ids made one after the other sort that way.
fn uuid_at(now: Time, mut random: [u8; 10]) -> Uuid {
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    let fraction = (micros % 1000) * 4096 / 1000;
    let [_, _, .., high, low] = fraction.to_be_bytes();
    let [first, second, ..] = &mut random;
    (*first, *second) = (high, low);
    uuid::Builder::from_unix_timestamp_millis(micros / 1000, &random).into_uuid()
}

fn characters(uuid: Uuid) -> [u8; 26] {
    let mut number = uuid.as_u128();
    let mut text = [b'0'; 26];
    for slot in text.iter_mut().rev() {
        let digit = usize::try_from(number & 31).unwrap_or(0);
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
        number >>= 5;
    }
    text
}

/// The 26 characters of `uuid`.
pub fn encode(uuid: Uuid) -> String {
    String::from_utf8_lossy(&characters(uuid)).into_owned()
}

/// The number behind 26 characters, or nothing if they are not such a text.
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes().first().is_some_and(|first| *first > b'7') {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |number, byte| {
            // As in the alphabet; looking each up there took as long as to read the row that the id is in.
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'h' => byte - b'a' + 10,
                b'j'..=b'k' => byte - b'j' + 18,
                b'm'..=b'n' => byte - b'm' + 20,
                b'p'..=b't' => byte - b'p' + 22,
                b'v'..=b'z' => byte - b'v' + 27,
                _ => return None,
            };
            Some((number << 5) | u128::from(digit))
        })
        .map(Uuid::from_u128)
}

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongId {
    /// The prefix that an id of this kind has.
    pub expected: &'static str,
}

impl std::fmt::Display for WrongId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "expected an id of the form {}_ and 26 lower-case characters",
            self.expected
        )
    }
}

impl std::error::Error for WrongId {}

/// Writes prefix and number in one go.
pub fn write_id(f: &mut std::fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> std::fmt::Result {
    f.write_str(prefix)?;
    f.write_char('_')?;
    f.write_str(std::str::from_utf8(&characters(uuid)).map_err(|_other| std::fmt::Error)?)
}

/// Declares id types: `id! { /// A registered deal. pub DealId = "deal"; }`.
#[macro_export]
macro_rules! id {
    ($($(#[$meta:meta])* pub $name:ident = $prefix:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub struct $name(uuid::Uuid);

        impl $crate::kernel::ids::Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: uuid::Uuid) -> Self { Self(uuid) }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::kernel::ids::write_id(f, $prefix, self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { std::fmt::Display::fmt(self, f) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::ids::WrongId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then($crate::kernel::ids::decode)
                    .map(Self)
                    .ok_or($crate::kernel::ids::WrongId { expected: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { serializer.collect_str(self) }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, $crate::db::Engine> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, $crate::db::Engine>) -> diesel::serialize::Result {
                out.set_value(self.to_string());
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(<String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?.parse()?)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::kernel::ids::schema($prefix, concat!("Id of ", stringify!($name)), <Self as $crate::kernel::ids::Id>::example(1).to_string())
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { $crate::kernel::schemas::note::<Self>(stringify!($name)) }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>) -> Vec<utoipa::openapi::path::Parameter> {
                vec![$crate::kernel::ids::path_parameter::<Self>("id")]
            }
        }
    )+};
}

/// The schema of an id type: text with its pattern.
pub fn schema(
    prefix: &str,
    description: &str,
    example: String,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some(description.replace("Id of ", "Identifier: ")))
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .min_length(Some(prefix.len() + 27))
        .max_length(Some(prefix.len() + 27))
        .examples([serde_json::Value::String(example)])
        .into()
}

/// The path parameter that holds an id.
pub fn path_parameter<I: Id + utoipa::ToSchema>(name: &str) -> utoipa::openapi::path::Parameter {
    utoipa::openapi::path::ParameterBuilder::new()
        .name(name)
        .parameter_in(utoipa::openapi::path::ParameterIn::Path)
        .required(utoipa::openapi::Required::True)
        .description(Some(format!("Id of the record, `{}_` and 26 characters.", I::PREFIX)))
        .schema(Some(I::schema()))
        .build()
}

crate::id! {
    /// A person who signs in.
    pub UserId = "user";
    /// A group of vendor users that shares its partners' rows.
    pub TeamId = "team";
    /// A user's place at one partner.
    pub MembershipId = "mem";
    /// A machine that signs in by client credentials.
    pub ServiceClientId = "client";
    /// An API key of a service client.
    pub ApiKeyId = "key";
    /// A chain of refresh tokens: one sign-in on one device.
    pub SessionId = "sess";
    /// A secret of a service client.
    pub ClientSecretId = "secret";
    /// A sign-in, or a try.
    pub SignInId = "signin";
    /// An event of the feed.
    pub EventId = "evt";
    /// A record of the audit trail.
    pub AuditId = "aud";
    /// One HTTP request.
    pub RequestId = "req";
    /// A mail that waits or was sent.
    pub MailId = "mail";
    /// A note on a record.
    pub NoteId = "note";
    /// A partner organisation.
    pub PartnerId = "partner";
    /// A domain that a partner claims as its own.
    pub PartnerDomainId = "domain";
    /// An invitation of a firm to become a partner.
    pub InvitationId = "invite";
    /// Questions to a firm that applied.
    pub PartnerInfoRequestId = "pinfo";
    /// The relation of a distributor with a reseller it serves.
    pub ResellerRelationId = "resell";
    /// A definition of a custom field.
    pub CustomFieldId = "field";
    /// A person at partners or customers, whether or not they sign in.
    pub PersonId = "person";
    /// A person's time at one partner.
    pub EmploymentId = "emp";
    /// One start in the chain of a partner's account managers.
    pub AssignmentId = "cam";
    /// A segment that a partner is in from a moment on.
    pub PartnerSegmentId = "pseg";
    /// A handover of a partner from one account manager to another.
    pub HandoverId = "handover";
    /// One thing that a handover must settle.
    pub HandoverItemId = "hitem";
    /// A product or product line.
    pub ProductId = "product";
    /// Another name of a product.
    pub ProductAliasId = "palias";
    /// A territory.
    pub TerritoryId = "territory";
    /// A right to sell a product in a territory.
    pub AuthorisationId = "pauth";
    /// A channel program.
    pub ProgramId = "program";
    /// A version of a tier of a program.
    pub TierId = "tier";
    /// A partner's membership of a program.
    pub ProgramMembershipId = "pmem";
    /// One start in the chain of a member's tiers.
    pub TierAssignmentId = "tassign";
    /// One run of a tier evaluation.
    pub EvaluationId = "eval";
    /// What a tier evaluation found for one member.
    pub EvaluationResultId = "evres";
    /// A customer account.
    pub AccountId = "account";
    /// An opportunity that the vendor works itself.
    pub OpportunityId = "opp";
    /// A named (house) account: the vendor keeps it to itself.
    pub NamedAccountId = "named";
    /// A product line that a customer already has.
    pub InstalledBaseId = "base";
    /// A merge of customer accounts.
    pub AccountMergeId = "merge";
    /// Another name, domain or number of a customer account.
    pub AccountAliasId = "alias";
    /// A conflict case.
    pub CaseId = "case";
    /// One side of a conflict case.
    pub CaseClaimId = "claim";
    /// A record's id in another system.
    pub ExternalRefId = "xref";
    /// A registered deal.
    pub DealId = "deal";
    /// A line of a deal.
    pub DealLineId = "line";
    /// A person at the customer of a deal.
    pub DealContactId = "dcon";
    /// A place of the customer of a deal.
    pub DealSiteId = "dsite";
    /// A comment on a deal.
    pub CommentId = "comment";
    /// A request for information.
    pub InfoRequestId = "info";
    /// A request for more time.
    pub ExtensionId = "ext";
    /// A change of a registered deal that needs review.
    pub AmendmentId = "amend";
    /// A transfer of a deal to another partner.
    pub TransferId = "transfer";
    /// The shares in a deal from a moment on.
    pub AttributionId = "attrib";
    /// A proposal to reopen a decided deal.
    pub ReopeningId = "reopen";
    /// An appeal against a decision.
    pub AppealId = "appeal";
    /// A file.
    pub FileId = "file";
    /// A file's place at a record.
    pub AttachmentId = "attach";
    /// A decision on a deal.
    pub DecisionId = "decision";
    /// One step of an approval chain.
    pub ApprovalStepId = "step";
    /// What somebody decided on a step of an approval chain.
    pub ApprovalVoteId = "vote";
    /// That somebody is away and another stands in.
    pub DelegationId = "deleg";
    /// An item of evidence.
    pub EvidenceId = "proof";
    /// The protection of a granted scope.
    pub ProtectionId = "prot";
    /// A stored conflict check.
    pub ConflictCheckId = "cc";
    /// A look for conflicts before registering.
    pub ConflictProbeId = "probe";
    /// An import.
    pub ImportId = "import";
    /// A version of the program's policy, or a draft of one.
    pub PolicyId = "policy";
    /// A run of a draft of the policy over history.
    pub PolicySimulationId = "psim";
    /// A business calendar.
    pub CalendarId = "cal";
    /// A notice to one person.
    pub NoticeId = "notice";
    /// A reminder before a deadline.
    pub NoticeReminderId = "remind";
    /// A task or follow-up.
    pub TaskId = "task";
    /// A talk that has happened.
    pub InteractionId = "talk";
    /// A saved view of a list.
    pub SavedViewId = "view";
    /// What a tier gives a member in a quantity, granted once.
    pub BenefitGrantId = "bgrant";
    /// What was consumed of a granted benefit.
    pub BenefitUseId = "buse";
    /// A specialisation that a program awards.
    pub SpecialisationId = "spec";
    /// A specialisation that was awarded to a partner.
    pub SpecialisationAwardId = "award";
    /// An identity provider whose tokens are taken.
    pub IdentityProviderId = "idp";
    /// Whose an account at an identity provider is.
    pub IdentityLinkId = "idlink";
    /// An address that events are delivered to.
    pub WebhookEndpointId = "hook";
    /// One message to a webhook endpoint.
    pub WebhookDeliveryId = "delivery";
    /// Another system that records are linked with.
    pub ExternalSystemId = "extsys";
    /// A record's link with another system.
    pub SyncLinkId = "slink";
    /// A record that was changed here and in another system.
    pub SyncConflictId = "sconf";
    /// A record of another system that may be one of ours.
    pub SyncReviewId = "sreview";
    /// Which field is which in another system.
    pub FieldMapId = "fmap";
}

bindable!(
    ClientSecretId,
    SignInId,
    UserId,
    TeamId,
    MembershipId,
    ServiceClientId,
    ApiKeyId,
    SessionId,
    EventId,
    AuditId,
    RequestId,
    MailId,
    NoteId,
    PartnerId,
    PersonId,
    EmploymentId,
    AssignmentId,
    PartnerSegmentId,
    HandoverId,
    HandoverItemId,
    ProductId,
    TerritoryId,
    AuthorisationId,
    ProgramId,
    TierId,
    ProgramMembershipId,
    TierAssignmentId,
    EvaluationId,
    EvaluationResultId,
    ProductAliasId,
    AccountId,
    OpportunityId,
    NamedAccountId,
    InstalledBaseId,
    AccountMergeId,
    CaseId,
    DealId,
    DealLineId,
    DealContactId,
    DealSiteId,
    CommentId,
    InfoRequestId,
    ExtensionId,
    AmendmentId,
    TransferId,
    AttributionId,
    ReopeningId,
    AppealId,
    FileId,
    AttachmentId,
    DecisionId,
    ApprovalStepId,
    ApprovalVoteId,
    DelegationId,
    EvidenceId,
    ProtectionId,
    ConflictCheckId,
    ConflictProbeId,
    ImportId,
    AccountAliasId,
    CaseClaimId,
    ExternalRefId,
    PartnerDomainId,
    InvitationId,
    PartnerInfoRequestId,
    ResellerRelationId,
    CustomFieldId,
    PolicyId,
    PolicySimulationId,
    CalendarId,
    NoticeId,
    NoticeReminderId,
    TaskId,
    InteractionId,
    SavedViewId,
    BenefitGrantId,
    BenefitUseId,
    SpecialisationId,
    SpecialisationAwardId,
    IdentityProviderId,
    IdentityLinkId,
    WebhookEndpointId,
    WebhookDeliveryId,
    ExternalSystemId,
    SyncLinkId,
    SyncConflictId,
    SyncReviewId,
    FieldMapId,
);

#[cfg(test)]
mod tests {
    use super::*;

    crate::id! {
        /// A thing of the tests.
        pub ThingId = "thing";
    }

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        let id = ThingId::at(Time::from_micros(1_795_000_000_123_456));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), "thing_".len() + 26);
    }

    #[test]
    fn every_letter_is_read_back_and_no_other() {
        for letter in ALPHABET.iter().copied().map(char::from) {
            let text = format!("0{}", letter.to_string().repeat(25));
            assert_eq!(decode(&text).map(encode), Some(text));
        }
        for other in ['i', 'l', 'o', 'u', 'A', '-'] {
            assert_eq!(decode(&format!("0{}", other.to_string().repeat(25))), None, "{other}");
        }
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let ids: Vec<String> = (0..50)
            .map(|step| ThingId::at(Time::from_micros(1_795_000_000_000_000 + step * 7)).to_string())
            .collect();
        let mut sorted = ids.clone();
        sorted.sort();
        assert_eq!(ids, sorted);
    }

    #[test]
    fn an_id_of_another_kind_is_refused_by_its_prefix() {
        let other = ThingId::example(1).to_string().replace("thing", "deal");
        assert_eq!(other.parse::<ThingId>(), Err(WrongId { expected: "thing" }));
        assert!(
            "thing_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<ThingId>().is_err(),
            "beyond 128 bits"
        );
        assert!(
            "thing_01JDQ4P6C8F3KB2V9Y0S7X5HAM".parse::<ThingId>().is_err(),
            "upper case"
        );
    }
}
