//! Events about the catalogue of products and territories, settings, and the program itself.

use super::{Change, Group, Limit, ResourceType, Rows};
use crate::{
    approvals::delegations::Delegation,
    calendars::Calendar,
    catalog::{
        products::{Product, ProductAlias},
        territories::Territory,
    },
    custom_fields::CustomField,
    http::Resource,
    imports::jobs::Import,
    jobs::RecurringJob,
    kernel::schemas,
    notices::{preferences::NoticePreferences, templates::NoticeTemplate},
    policies::{Policy, simulations::PolicySimulation},
    portal::PortalBranding,
    webhooks::{WebhookDelivery, WebhookEndpoint},
};

resource_types! {
    Product, "getProduct", Common, [Limit::VendorFields(&["custom"])] {
        "product.created" new => "A product was created.",
        "product.deleted" gone => "A product was deleted.",
        "product.updated" => "A product was changed.",
    }
    ProductAlias, "listProductAliases", Common {
        "product_alias.created" new => "A product was given another name.",
        "product_alias.deleted" gone => "Another name of a product was deleted.",
    }
    Territory, "getTerritory", Common {
        "territory.created" new => "A territory was created.",
        "territory.deleted" gone => "A territory was deleted.",
        "territory.updated" => "A territory was changed.",
    }
    Calendar, "getCalendar", Common {
        "calendar.created" new => "A business calendar was created.",
        "calendar.deleted" gone => "A business calendar was deleted.",
        "calendar.updated" => "A business calendar was changed.",
    }
    CustomField, "getCustomField", Common, [Limit::PartnersIf("partner_visible", &["true"])] {
        "custom_field.created" new => "A custom field was defined.",
        "custom_field.updated" => "The definition of a custom field was changed.",
    }
    Policy, "getPolicy", Common {
        "policy.deleted" gone => "A draft of the policy was deleted.",
        "policy.drafted" new => "A policy was drafted.",
        "policy.published" => "A policy was published: it holds from its start on.",
        "policy.updated" => "A draft of the policy was changed.",
        "policy.withdrawn" => "A policy that had not begun was withdrawn.",
    }
    // The deals in its rows are read at an operation of their own, by those who may see them.
    PolicySimulation, "getPolicySimulation", Common {
        "policy_simulation.completed" new => "A policy was tried on past registrations.",
        "policy_simulation.deleted" gone => "A simulation was deleted with its draft.",
    }
    Delegation, "getDelegation", Common {
        "delegation.cancelled" => "A delegation was ended early.",
        "delegation.created" new => "Somebody named a person to stand in.",
    }
    NoticeTemplate, "getNoticeTemplate", Common {
        "notice_template.reset" => "The text of a notice was set back to the program's own.",
        "notice_template.updated" => "The text of a notice was changed.",
    }
    NoticePreferences, "getNoticePreferences", Personal {
        "notice_preferences.updated" => "Somebody changed how they want to be told.",
    }
    PortalBranding, "getPortalBranding", Common {
        "portal_branding.updated" => "The appearance of the portal was changed.",
    }
    RecurringJob, "getJob", Common {
        "job.requested" => "An administrator had a recurring job run.",
    }
    Import, "getImport", Vendor {
        "import.cancelled" => "An import was stopped by somebody; what it had taken stays.",
        "import.committed" => "A dry run is gone over once more, to be kept.",
        "import.created" new => "Somebody brings in a file.",
        "import.failed" => "An import could not go on; what it had taken stays.",
        "import.finished" => "Every row of an import has its verdict.",
        "import.started" => "A server took an import on.",
        "import.undo_requested" => "Somebody has an import taken back.",
        "import.undone" => "An import was taken back, as far as that was possible.",
    }
    // The affair of who runs the endpoint, who reads it at the operation: neither the vendor reads a partner's, nor a partner
    // the vendor's.
    WebhookEndpoint, "getWebhookEndpoint", Personal {
        "webhook_endpoint.created" new => "A webhook endpoint was created.",
        "webhook_endpoint.deleted" gone => "A webhook endpoint was removed.",
        "webhook_endpoint.disabled" => "A webhook endpoint was disabled.",
        "webhook_endpoint.enabled" => "A webhook endpoint was enabled again.",
        "webhook_endpoint.pinged" => "A trial message was sent to a webhook endpoint.",
        "webhook_endpoint.replayed" => "Messages to a webhook endpoint are sent again.",
        "webhook_endpoint.secret_rotated" => "A webhook endpoint was given a new secret.",
        "webhook_endpoint.updated" => "A webhook endpoint was changed.",
    }
    WebhookDelivery, "getWebhookDelivery", Personal {
        "webhook_delivery.replayed" => "A message to a webhook endpoint is sent again.",
    }
}
