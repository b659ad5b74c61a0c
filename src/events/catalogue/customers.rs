//! Events about customers, and what the vendor holds on them: the vendor's alone.

use super::{Change, Group, ResourceType, Rows};
use crate::{
    customers::{
        accounts::CustomerAccount, cases::ConflictCase, direct_opportunities::DirectOpportunity,
        installed_base::InstalledBase, merges::AccountMerge, named_accounts::NamedAccount,
    },
    http::Resource,
    kernel::schemas,
};

resource_types! {
    CustomerAccount, "getCustomerAccount", Vendor {
        "customer_account.created" new => "A customer account was created.",
        "customer_account.deleted" gone => "A customer account was deleted.",
        "customer_account.merged" => "A customer account was merged into another.",
        "customer_account.split" => "A customer account was split off again.",
        "customer_account.updated" => "A customer account was changed.",
    }
    AccountMerge, "getAccountMerge", Vendor {
        "account_merge.cancelled" => "A planned merge was called off.",
        "account_merge.executed" => "Two customer accounts were merged.",
        "account_merge.planned" new => "A merge of two customer accounts was planned.",
        "account_merge.undone" => "A merge was undone by a split.",
    }
    // Who is limited to some partners reads at the operation the cases in which one of theirs is a side.
    ConflictCase, "getConflictCase", Vendor {
        "conflict_case.closed" => "A conflict case was closed.",
        "conflict_case.opened" new => "A conflict case was opened.",
        "conflict_case.resolved" => "A conflict case was decided.",
        "conflict_case.triaged" => "A conflict case was given to somebody to decide it.",
        "conflict_case.updated" => "A conflict case was moved to another customer account, by a merge or split.",
    }
    DirectOpportunity, "getDirectOpportunity", Vendor {
        "direct_opportunity.created" new => "An opportunity of the vendor's own was created.",
        "direct_opportunity.deleted" gone => "An opportunity of the vendor's own was deleted.",
        "direct_opportunity.updated" => "An opportunity of the vendor's own was changed.",
    }
    NamedAccount, "getNamedAccount", Vendor {
        "named_account.created" new => "A customer was named as the vendor's own.",
        "named_account.deleted" gone => "A named account was deleted.",
        "named_account.updated" => "A named account was changed.",
    }
    InstalledBase, "getInstalledBase", Vendor {
        "installed_base.created" new => "It was recorded what a customer has.",
        "installed_base.deleted" gone => "The record of what a customer has was deleted.",
        "installed_base.updated" => "The record of what a customer has was changed.",
    }
}
