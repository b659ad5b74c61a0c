//! The shapes of invitations.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    bindable,
    http::Resource,
    kernel::{
        Time,
        ids::{InvitationId, PartnerId},
        page::Order,
    },
    schema::partner_invitations,
    words,
};

words! {
    /// What became of an invitation.
    pub InvitationState {
        /// It can be taken up.
        Open = "open",
        /// The firm applied with it.
        Accepted = "accepted",
        /// It was not taken up in time.
        Expired = "expired",
        /// The vendor took it back.
        Cancelled = "cancelled",
    }
}

bindable!(InvitationState);

/// The order of invitations: the latest first.
pub(super) const ORDER: Order = Order {
    column: "partner_invitations.created_at",
    id: "partner_invitations.id",
    descending: true,
};

/// An invitation of a firm to apply.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, ToSchema)]
#[diesel(table_name = partner_invitations, treat_none_as_null = true, treat_none_as_default_value = false)]
#[schema(as = PartnerInvitation)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The firm.
    pub partner_id: PartnerId,
    /// The address that it was sent to.
    #[schema(example = "anna.berg@nordwind.example", max_length = 254)]
    pub email: String,
    /// The address folded.
    #[serde(skip)]
    #[schema(ignore)]
    pub email_key: String,
    /// The domain of the address; one invitation to it can be open.
    #[schema(example = "nordwind.example", max_length = 253)]
    pub domain: String,
    /// The hash of the token in the mail.
    #[serde(skip)]
    #[schema(ignore)]
    pub token_hash: String,
    /// What became of it.
    pub state: InvitationState,
    /// Until when it can be taken up.
    pub expires_at: Time,
    /// When the firm applied with it.
    #[schema(required = true)]
    pub accepted_at: Option<Time>,
    /// Who invited.
    #[schema(example = "user_01k7wz9d6cfvb8k1zq3n5x7h2a", max_length = 64)]
    pub created_by: String,
    /// When.
    pub created_at: Time,
}

impl Resource for Invitation {
    const TYPE: &'static str = "partner_invitation";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn revision(&self) -> i64 {
        if self.state == InvitationState::Open { 1 } else { 2 }
    }

    fn path(&self) -> String {
        format!("/v1/partners/{}/invitations", self.partner_id)
    }
}

/// Whom to invite.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnerInvitation {
    /// An address of the firm's own domain.
    #[schema(
        example = "anna.berg@nordwind.example",
        min_length = 6,
        max_length = 254,
        pattern = "^[A-Za-z0-9._%+'-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"
    )]
    pub email: String,
}
