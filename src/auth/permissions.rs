//! The one permission table: operation × role. The router enforces it, the contract publishes it (`x-roles`),
//! and a test calls every operation as every role and compares. A route without a row here does not start.

use super::{Caller, Role, Roles, Side};
use crate::{
    error::{Error, Result, codes},
    modules::Switches,
};

/// Who may call one operation.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    /// The operation's id in the contract.
    pub operation: &'static str,
    /// The scope that a machine needs; none where only people, or everyone, may call.
    pub scope: Option<&'static str>,
    /// Who may call it.
    pub who: Who,
    /// Whether an idempotency key is taken.
    pub idempotency: Idempotency,
    /// How much of the caller's rate limit one call takes.
    pub weight: u32,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everyone, signed in or not.
    Anyone,
    /// Everyone who is signed in.
    SignedIn,
    /// Those with one of these roles.
    Roles(Roles),
}

/// Whether an operation takes an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// It takes none.
    None,
    /// It takes one.
    Accepted,
    /// It needs one: money or protection moves.
    Required,
}

use Role::{
    Admin, Analyst, Approver, Cam, ChannelOps, ContentManager, Finance, PartnerAdmin, PartnerLearner, PartnerMarketing,
    PartnerSales,
};

/// Every vendor role.
const VENDOR: Roles = Roles::of(&[Admin, ChannelOps, Cam, Approver, Finance, ContentManager, Analyst]);
/// Those who run the program.
const OPS: Roles = Roles::of(&[Admin, ChannelOps]);
/// Those who run the program, and the account managers.
const OPS_AND_CAM: Roles = OPS.and(Roles::of(&[Cam]));
/// Every partner role.
const PARTNER: Roles = Roles::of(&[PartnerAdmin, PartnerSales, PartnerMarketing, PartnerLearner]);
/// Everyone with a role.
const EVERY: Roles = VENDOR.and(PARTNER);

/// Those who read deals: all of the vendor's, and of the partners those who sell.
const DEAL_READERS: Roles = VENDOR.and(DEAL_SELLERS);
/// Those who decide on registrations.
const DEAL_REVIEWERS: Roles = Roles::of(&[Admin, ChannelOps, Approver]);
/// Those who sell for a partner.
const DEAL_SELLERS: Roles = Roles::of(&[PartnerAdmin, PartnerSales]);
/// Those who write registrations: the partners' sellers, and on their behalf those who run the program or manage them.
const DEAL_WRITERS: Roles = Roles::of(&[Admin, ChannelOps, Cam, PartnerAdmin, PartnerSales]);

/// Those who have registrations looked at again.
const CONFLICT_REVIEWERS: Roles = Roles::of(&[Admin, ChannelOps, Cam, Approver]);

/// Those who write tasks, interactions and notes: whoever works with partners, customers and deals, on both sides.
const WORKERS: Roles = Roles::of(&[
    Admin,
    ChannelOps,
    Cam,
    Approver,
    Finance,
    ContentManager,
    PartnerAdmin,
    PartnerSales,
    PartnerMarketing,
]);
/// All that somebody can do who must set up a second factor first.
const ENROLMENT: [&str; 6] = [
    "getMe",
    "getSecondFactor",
    "enrolSecondFactor",
    "confirmSecondFactor",
    "logout",
    "logoutEverywhere",
];

const fn roles(roles: &[Role]) -> Roles {
    Roles::of(roles)
}

macro_rules! permissions {
    ($($operation:literal, $scope:expr, $who:expr $(, $idempotency:ident $(* $weight:literal)?)?;)*) => {
        /// The table.
        pub static TABLE: &[Permission] = &[$(Permission {
            operation: $operation,
            scope: $scope,
            who: $who,
            idempotency: permissions!(@idempotency $($idempotency)?),
            weight: permissions!(@weight $($($weight)?)?),
        }),*];
    };
    (@idempotency) => { Idempotency::None };
    (@idempotency none) => { Idempotency::None };
    (@idempotency once) => { Idempotency::Accepted };
    (@idempotency key) => { Idempotency::Required };
    (@weight) => { 1 };
    (@weight $weight:literal) => { $weight };
}

// operation, scope of machines, who [, none|once|key [* weight]];   `once`: Idempotency-Key accepted, `key`: required.
permissions! {
    // --- identity: signing in and out
    "login", None, Who::Anyone, none * 20;
    "refreshSession", None, Who::Anyone, none * 5;
    "completeLogin", None, Who::Anyone, none * 20;
    "switchPartner", None, Who::Roles(PARTNER), none * 5;
    "logout", None, Who::Roles(EVERY);
    "logoutEverywhere", None, Who::Roles(EVERY);
    "changePassword", None, Who::Roles(EVERY), none * 40;
    "requestPasswordReset", None, Who::Anyone, none * 20;
    "confirmPasswordReset", None, Who::Anyone, none * 40;
    "acceptInvitation", None, Who::Anyone, none * 40;
    "getMe", None, Who::SignedIn;
    "getSecondFactor", None, Who::Roles(EVERY);
    "enrolSecondFactor", None, Who::Roles(EVERY), none * 20;
    "confirmSecondFactor", None, Who::Roles(EVERY), none * 20;
    "replaceRecoveryCodes", None, Who::Roles(EVERY), none * 20;
    "removeSecondFactor", None, Who::Roles(EVERY), none * 20;
    "issueToken", None, Who::Anyone, none * 5;
    "getJwks", None, Who::Anyone;
    "revokeToken", None, Who::Anyone, none * 5;
    "introspectToken", None, Who::Anyone;
    "getAuthorizationServer", None, Who::Anyone;

    // --- identity: users, teams, partner users
    "listUsers", Some("users:read"), Who::Roles(OPS);
    "getUser", Some("users:read"), Who::Roles(OPS);
    "inviteUser", None, Who::Roles(roles(&[Admin])), once;
    "updateUser", None, Who::Roles(roles(&[Admin]));
    "disableUser", None, Who::Roles(roles(&[Admin])), once;
    "enableUser", None, Who::Roles(roles(&[Admin])), once;
    "inviteUserAgain", None, Who::Roles(roles(&[Admin])), once;
    "resetUserSecondFactor", None, Who::Roles(roles(&[Admin])), once;
    "listTeams", Some("users:read"), Who::Roles(VENDOR);
    "getTeam", Some("users:read"), Who::Roles(VENDOR);
    "createTeam", None, Who::Roles(roles(&[Admin])), once;
    "updateTeam", None, Who::Roles(roles(&[Admin]));
    "deleteTeam", None, Who::Roles(roles(&[Admin]));
    "listPartnerUsers", Some("partner_users:read"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin]));
    "getPartnerUser", Some("partner_users:read"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin]));
    "invitePartnerUser", None, Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "updatePartnerUser", None, Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin]));
    "disablePartnerUser", None, Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "enablePartnerUser", None, Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "invitePartnerUserAgain", None, Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "resetPartnerUserSecondFactor", None, Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;

    // --- identity: programs
    "listServiceClients", None, Who::Roles(roles(&[Admin, PartnerAdmin]));
    "getServiceClient", None, Who::Roles(roles(&[Admin, PartnerAdmin]));
    "createServiceClient", None, Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "updateServiceClient", None, Who::Roles(roles(&[Admin, PartnerAdmin]));
    "disableServiceClient", None, Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "enableServiceClient", None, Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "rotateClientSecret", None, Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "revokeClientSecret", None, Who::Roles(roles(&[Admin, PartnerAdmin]));
    "listApiKeys", None, Who::Roles(roles(&[Admin, PartnerAdmin]));
    "getApiKey", None, Who::Roles(roles(&[Admin, PartnerAdmin]));
    "createApiKey", None, Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "revokeApiKey", None, Who::Roles(roles(&[Admin, PartnerAdmin])), once;

    // --- identity: providers of others, and whose an account there is
    "listIdentityProviders", None, Who::Roles(roles(&[Admin]));
    "getIdentityProvider", None, Who::Roles(roles(&[Admin]));
    "createIdentityProvider", None, Who::Roles(roles(&[Admin])), once;
    "updateIdentityProvider", None, Who::Roles(roles(&[Admin]));
    "deleteIdentityProvider", None, Who::Roles(roles(&[Admin]));
    "listIdentityLinks", None, Who::Roles(roles(&[Admin]));
    "getIdentityLink", None, Who::Roles(roles(&[Admin]));
    "createIdentityLink", None, Who::Roles(roles(&[Admin])), once;
    "deleteIdentityLink", None, Who::Roles(roles(&[Admin]));

    // --- catalog: products and territories
    "listProducts", Some("catalog:read"), Who::Roles(EVERY);
    "getProduct", Some("catalog:read"), Who::Roles(EVERY);
    "getProductPath", Some("catalog:read"), Who::Roles(EVERY);
    "listProductAliases", Some("catalog:read"), Who::Roles(EVERY);
    "createProduct", Some("catalog:write"), Who::Roles(OPS), once;
    "updateProduct", Some("catalog:write"), Who::Roles(OPS);
    "deleteProduct", Some("catalog:write"), Who::Roles(OPS);
    "addProductAlias", Some("catalog:write"), Who::Roles(OPS), once;
    "removeProductAlias", Some("catalog:write"), Who::Roles(OPS);
    "getTerritoryPath", Some("catalog:read"), Who::Roles(EVERY);
    "listTerritories", Some("catalog:read"), Who::Roles(EVERY);
    "getTerritory", Some("catalog:read"), Who::Roles(EVERY);
    "createTerritory", Some("catalog:write"), Who::Roles(OPS), once;
    "updateTerritory", Some("catalog:write"), Who::Roles(OPS);
    "deleteTerritory", Some("catalog:write"), Who::Roles(OPS);

    // --- programs: tiers, memberships, evaluations
    "listPrograms", Some("programs:read"), Who::Roles(EVERY);
    "getProgram", Some("programs:read"), Who::Roles(EVERY);
    "listProgramMetrics", Some("programs:read"), Who::Roles(EVERY);
    "createProgram", Some("programs:write"), Who::Roles(OPS), once;
    "updateProgram", Some("programs:write"), Who::Roles(OPS);
    "retireProgram", Some("programs:write"), Who::Roles(OPS), once;
    "listProgramVersions", Some("programs:read"), Who::Roles(EVERY);
    "getProgramVersion", Some("programs:read"), Who::Roles(EVERY);
    "createProgramVersion", Some("programs:write"), Who::Roles(OPS), once;
    "updateProgramVersion", Some("programs:write"), Who::Roles(OPS);
    "deleteProgramVersion", Some("programs:write"), Who::Roles(OPS);
    "publishProgramVersion", Some("programs:write"), Who::Roles(OPS), once;
    "listTiers", Some("programs:read"), Who::Roles(EVERY);
    "getTier", Some("programs:read"), Who::Roles(EVERY);
    "createTier", Some("programs:write"), Who::Roles(OPS), once;
    "updateTier", Some("programs:write"), Who::Roles(OPS);
    "deleteTier", Some("programs:write"), Who::Roles(OPS);
    "listProgramMemberships", Some("programs:read"), Who::Roles(EVERY);
    "getProgramMembership", Some("programs:read"), Who::Roles(EVERY);
    "listMembershipTiers", Some("programs:read"), Who::Roles(EVERY);
    "getMembershipActions", Some("programs:read"), Who::Roles(EVERY);
    "getTierGap", Some("programs:read"), Who::Roles(EVERY);
    "enrolPartner", Some("programs:write"), Who::Roles(OPS), once;
    "leaveProgram", Some("programs:write"), Who::Roles(OPS), once;
    "overrideTier", Some("programs:write"), Who::Roles(OPS), once;
    "endTierOverride", Some("programs:write"), Who::Roles(OPS), once;
    "promoteMember", Some("programs:write"), Who::Roles(OPS), once;
    "confirmDemotion", Some("programs:write"), Who::Roles(OPS), once;
    "decideAppeal", Some("programs:write"), Who::Roles(OPS), once;
    // The partner's own word: nobody of the vendor speaks for it.
    "appealDemotion", None, Who::Roles(roles(&[PartnerAdmin])), once;
    "listEvaluations", Some("programs:read"), Who::Roles(VENDOR);
    "getEvaluation", Some("programs:read"), Who::Roles(VENDOR);
    "listEvaluationResults", Some("programs:read"), Who::Roles(VENDOR);
    "createEvaluation", Some("programs:write"), Who::Roles(OPS), once * 10;

    // --- programs: benefits and specialisations
    "getPartnerBenefits", Some("programs:read"), Who::Roles(EVERY);
    "listBenefitGrants", Some("programs:read"), Who::Roles(EVERY);
    "getBenefitGrant", Some("programs:read"), Who::Roles(EVERY);
    "listBenefitUses", Some("programs:read"), Who::Roles(EVERY);
    "getBenefitUse", Some("programs:read"), Who::Roles(EVERY);
    "consumeBenefit", Some("programs:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin])), key;
    "returnBenefitUse", Some("programs:write"), Who::Roles(OPS_AND_CAM), key;
    "listBenefitUsage", Some("reports:read"), Who::Roles(VENDOR);
    "listSpecialisations", Some("programs:read"), Who::Roles(EVERY);
    "getSpecialisation", Some("programs:read"), Who::Roles(EVERY);
    "createSpecialisation", Some("programs:write"), Who::Roles(OPS), once;
    "updateSpecialisation", Some("programs:write"), Who::Roles(OPS);
    "listSpecialisationAwards", Some("programs:read"), Who::Roles(EVERY);
    "getSpecialisationAward", Some("programs:read"), Who::Roles(EVERY);
    "getSpecialisationAwardActions", Some("programs:read"), Who::Roles(EVERY);
    "awardSpecialisation", Some("programs:write"), Who::Roles(OPS), once;
    "renewSpecialisationAward", Some("programs:write"), Who::Roles(OPS), once;
    "withdrawSpecialisationAward", Some("programs:write"), Who::Roles(OPS), once;
    "listPartnerSpecialisations", Some("programs:read"), Who::Roles(EVERY);

    // --- business calendars
    "listCalendars", Some("settings:read"), Who::Roles(EVERY);
    "getCalendar", Some("settings:read"), Who::Roles(EVERY);
    "getCalendarDays", Some("settings:read"), Who::Roles(EVERY);
    "getCalendarDueTime", Some("settings:read"), Who::Roles(EVERY);
    "createCalendar", Some("settings:write"), Who::Roles(OPS), once;
    "updateCalendar", Some("settings:write"), Who::Roles(OPS);
    "deleteCalendar", Some("settings:write"), Who::Roles(OPS);

    // --- custom fields
    "listCustomFields", Some("settings:read"), Who::Roles(EVERY);
    "getCustomField", Some("settings:read"), Who::Roles(EVERY);
    "createCustomField", Some("settings:write"), Who::Roles(OPS), once;
    "updateCustomField", Some("settings:write"), Who::Roles(OPS);

    // --- partners
    "listPartners", Some("partners:read"), Who::Roles(EVERY);
    "getPartner", Some("partners:read"), Who::Roles(EVERY);
    "createPartner", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "upsertPartner", Some("partners:write"), Who::Roles(OPS_AND_CAM), once;
    "getPartnerByExternalId", Some("partners:read"), Who::Roles(VENDOR);
    "updatePartner", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin]));
    "batchPartners", Some("partners:write"), Who::Roles(OPS_AND_CAM), once;
    "invitePartner", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "listPartnerInvitations", Some("partners:read"), Who::Roles(VENDOR);
    "applyAsPartner", None, Who::Anyone, none * 20;
    "verifyApplicantEmail", None, Who::Anyone, none * 20;
    "readOwnApplication", None, Who::Anyone, none * 5;
    "answerOwnApplication", None, Who::Anyone, none * 20;
    "withdrawOwnApplication", None, Who::Anyone, none * 20;
    "getPartnerApplication", Some("partners:read"), Who::Roles(EVERY);
    "startPartnerReview", Some("partners:decide"), Who::Roles(roles(&[Admin, ChannelOps, Approver])), once;
    "requestPartnerInfo", Some("partners:decide"), Who::Roles(roles(&[Admin, ChannelOps, Approver])), once;
    "listPartnerInfoRequests", Some("partners:read"), Who::Roles(EVERY);
    "answerPartnerInfo", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "resumePartnerReview", Some("partners:decide"), Who::Roles(roles(&[Admin, ChannelOps, Approver])), once;
    "rejectPartner", Some("partners:decide"), Who::Roles(roles(&[Admin, ChannelOps])), once;
    "approvePartner", Some("partners:decide"), Who::Roles(roles(&[Admin, Approver])), once;
    "withdrawPartner", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "activatePartner", Some("partners:decide"), Who::Roles(OPS), once;
    "suspendPartner", Some("partners:decide"), Who::Roles(OPS), key;
    "reinstatePartner", Some("partners:decide"), Who::Roles(OPS), key;
    "offboardPartner", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin])), once;
    "terminatePartner", Some("partners:decide"), Who::Roles(OPS), key;
    "listPartnerActions", Some("partners:read"), Who::Roles(EVERY);
    "listPartnerStatusChanges", Some("partners:read"), Who::Roles(EVERY);
    "listPartnerDomains", Some("partners:read"), Who::Roles(EVERY);
    "addPartnerDomain", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin])), once;
    "getPartnerDomain", Some("partners:read"), Who::Roles(EVERY);
    "verifyPartnerDomain", Some("partners:decide"), Who::Roles(OPS), once;
    "releasePartnerDomain", Some("partners:write"), Who::Roles(roles(&[Admin, ChannelOps, PartnerAdmin]));
    "listProductAuthorisations", Some("partners:read"), Who::Roles(EVERY);
    "createProductAuthorisation", Some("partners:write"), Who::Roles(OPS), once;
    "getProductAuthorisation", Some("partners:read"), Who::Roles(EVERY);
    "updateProductAuthorisation", Some("partners:write"), Who::Roles(OPS);
    "listResellers", Some("partners:read"), Who::Roles(EVERY);
    "addReseller", Some("partners:write"), Who::Roles(OPS), once;
    "getReseller", Some("partners:read"), Who::Roles(EVERY);
    "updateReseller", Some("partners:write"), Who::Roles(OPS);
    "listPeople", Some("people:read"), Who::Roles(EVERY);
    "createPerson", Some("people:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin])), once;
    "getPerson", Some("people:read"), Who::Roles(EVERY);
    "upsertPerson", Some("people:write"), Who::Roles(OPS_AND_CAM), once;
    "getPersonByExternalId", Some("people:read"), Who::Roles(VENDOR);
    "updatePerson", Some("people:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin]));
    "batchPeople", Some("people:write"), Who::Roles(OPS_AND_CAM), once;
    "createEmployment", Some("people:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin])), once;
    "getEmployment", Some("people:read"), Who::Roles(EVERY);
    "updateEmployment", Some("people:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin]));
    "endEmployment", Some("people:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam, PartnerAdmin])), once;
    "listHandovers", Some("handovers:read"), Who::Roles(VENDOR);
    "createHandover", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "getHandover", Some("handovers:read"), Who::Roles(VENDOR);
    "updateHandover", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam]));
    "agreeToHandover", None, Who::Roles(OPS), once;
    "scheduleHandover", Some("handovers:write"), Who::Roles(OPS), once;
    "beginHandover", Some("handovers:write"), Who::Roles(OPS), once;
    "acceptHandover", None, Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "logFirstTouch", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "completeHandover", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "cancelHandover", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "listHandoverItems", Some("handovers:read"), Who::Roles(VENDOR);
    "addHandoverItem", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam])), once;
    "getHandoverItem", Some("handovers:read"), Who::Roles(VENDOR);
    "updateHandoverItem", Some("handovers:write"), Who::Roles(roles(&[Admin, ChannelOps, Cam]));
    "listAccountManagers", Some("partners:read"), Who::Roles(EVERY);
    "getAccountManager", Some("partners:read"), Who::Roles(EVERY);
    "assignAccountManager", Some("partners:write"), Who::Roles(OPS), once;
    "endAccountManager", Some("partners:write"), Who::Roles(OPS), once;
    "cancelAccountManager", Some("partners:write"), Who::Roles(OPS);
    "listPartnerSegments", Some("partners:read"), Who::Roles(VENDOR);
    "getPartnerSegment", Some("partners:read"), Who::Roles(VENDOR);
    "setPartnerSegment", Some("partners:write"), Who::Roles(OPS), once;

    // --- customers: accounts, and what the vendor holds on them
    "listCustomerAccounts", Some("customers:read"), Who::Roles(VENDOR);
    "getCustomerAccount", Some("customers:read"), Who::Roles(VENDOR);
    "createCustomerAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "upsertCustomerAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "getCustomerAccountByExternalId", Some("customers:read"), Who::Roles(VENDOR);
    "updateCustomerAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM);
    "batchCustomerAccounts", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "deleteCustomerAccount", Some("customers:write"), Who::Roles(OPS);
    "resolveCustomer", Some("customers:read"), Who::Roles(VENDOR), none * 5;

    // --- reports
    "listWinRates", Some("reports:read"), Who::Roles(VENDOR);
    "listReviewTimes", Some("reports:read"), Who::Roles(EVERY);
    "listEngagement", Some("reports:read"), Who::Roles(roles(&[Admin, ChannelOps, Cam, Analyst, PartnerAdmin]));

    // --- policies of the program
    "listPolicies", Some("settings:read"), Who::Roles(VENDOR);
    "getPolicyInForce", Some("settings:read"), Who::Roles(VENDOR);
    "getPolicy", Some("settings:read"), Who::Roles(VENDOR);
    "getPolicyChanges", Some("settings:read"), Who::Roles(VENDOR);
    "createPolicy", Some("settings:write"), Who::Roles(OPS), once;
    "updatePolicy", Some("settings:write"), Who::Roles(OPS);
    "deletePolicy", Some("settings:write"), Who::Roles(OPS);
    "publishPolicy", Some("settings:write"), Who::Roles(OPS), once;
    "withdrawPolicy", Some("settings:write"), Who::Roles(OPS), once;
    "simulatePolicy", Some("settings:write"), Who::Roles(OPS), once * 5;
    "listPolicySimulations", Some("settings:read"), Who::Roles(VENDOR);
    "getPolicySimulation", Some("settings:read"), Who::Roles(VENDOR);
    "listPolicySimulationRows", Some("settings:read"), Who::Roles(VENDOR);
    // --- forms and the portal
    "getFormSchema", None, Who::SignedIn;
    "getPortal", None, Who::SignedIn;
    "getPublicPortal", None, Who::Anyone;
    "getPortalBranding", None, Who::SignedIn;
    "updatePortalBranding", Some("settings:write"), Who::Roles(roles(&[Admin, ContentManager]));


    // --- approvals: what waits for whom, and who stands in (a person's own affair)
    "listApprovals", Some("approvals:read"), Who::Roles(VENDOR);
    "listDelegations", Some("approvals:read"), Who::Roles(VENDOR);
    "getDelegation", Some("approvals:read"), Who::Roles(VENDOR);
    "createDelegation", None, Who::Roles(VENDOR), once;
    "cancelDelegation", None, Who::Roles(VENDOR), once;

    // --- notices: everybody's own, and the program's texts
    "listNoticeTopics", Some("settings:read"), Who::Roles(EVERY);
    "listNotices", None, Who::Roles(EVERY);
    "countUnreadNotices", None, Who::Roles(EVERY);
    "readNotice", None, Who::Roles(EVERY), once;
    "readNotices", None, Who::Roles(EVERY), once;
    "getNoticePreferences", None, Who::Roles(EVERY);
    "updateNoticePreferences", None, Who::Roles(EVERY);
    "listNoticeTemplates", Some("settings:read"), Who::Roles(OPS);
    "getNoticeTemplate", Some("settings:read"), Who::Roles(OPS);
    "updateNoticeTemplate", Some("settings:write"), Who::Roles(OPS);
    "resetNoticeTemplate", Some("settings:write"), Who::Roles(OPS), once;
    "previewNoticeTemplate", Some("settings:read"), Who::Roles(OPS);
    "listNoticeTemplateRevisions", Some("settings:read"), Who::Roles(OPS);
    "listNoticeReminders", Some("settings:read"), Who::Roles(OPS);

    // --- deals: registrations and their review
    "listDeals", Some("deals:read"), Who::Roles(DEAL_READERS);
    "createDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), once;
    "upsertDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), once;
    "getDeal", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealByExternalId", Some("deals:read"), Who::Roles(DEAL_READERS);
    "updateDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS);
    "batchDeals", Some("deals:write"), Who::Roles(DEAL_WRITERS), once;
    "listDealHistory", Some("deals:read"), Who::Roles(DEAL_READERS);
    "listDirectOpportunities", Some("customers:read"), Who::Roles(VENDOR);
    "getDirectOpportunity", Some("customers:read"), Who::Roles(VENDOR);
    "createDirectOpportunity", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "upsertDirectOpportunity", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "getDirectOpportunityByExternalId", Some("customers:read"), Who::Roles(VENDOR);
    "updateDirectOpportunity", Some("customers:write"), Who::Roles(OPS_AND_CAM);
    "deleteDirectOpportunity", Some("customers:write"), Who::Roles(OPS_AND_CAM);
    "listNamedAccounts", Some("customers:read"), Who::Roles(VENDOR);
    "getNamedAccount", Some("customers:read"), Who::Roles(VENDOR);
    "createNamedAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "upsertNamedAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "getNamedAccountByExternalId", Some("customers:read"), Who::Roles(VENDOR);
    "updateNamedAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM);
    "deleteNamedAccount", Some("customers:write"), Who::Roles(OPS_AND_CAM);
    "listInstalledBase", Some("customers:read"), Who::Roles(VENDOR);
    "getInstalledBase", Some("customers:read"), Who::Roles(VENDOR);
    "createInstalledBase", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "upsertInstalledBase", Some("customers:write"), Who::Roles(OPS_AND_CAM), once;
    "getInstalledBaseByExternalId", Some("customers:read"), Who::Roles(VENDOR);
    "updateInstalledBase", Some("customers:write"), Who::Roles(OPS_AND_CAM);
    "deleteInstalledBase", Some("customers:write"), Who::Roles(OPS_AND_CAM);

    // --- deals: comments
    "listDealComments", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealComment", Some("deals:read"), Who::Roles(DEAL_READERS);
    "createDealComment", Some("deals:write"), Who::Roles(DEAL_READERS), once;
    "updateDealComment", Some("deals:write"), Who::Roles(DEAL_READERS);
    "deleteDealComment", Some("deals:write"), Who::Roles(DEAL_READERS);
    // --- deals: transfers (consent is a person's) and attribution
    "listTransfers", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealTransfer", Some("deals:read"), Who::Roles(DEAL_READERS);
    "listDealTransfers", Some("deals:read"), Who::Roles(DEAL_READERS);
    "proposeDealTransfer", Some("deals:review"), Who::Roles(OPS), once;
    "consentToDealTransfer", None, Who::Roles(DEAL_SELLERS), once;
    "declineDealTransfer", None, Who::Roles(DEAL_SELLERS), once;
    "cancelDealTransfer", Some("deals:review"), Who::Roles(OPS), once;
    "executeDealTransfer", None, Who::Roles(OPS), key * 5;
    "getDealAttribution", Some("deals:read"), Who::Roles(DEAL_READERS);
    "listDealAttributions", Some("deals:read"), Who::Roles(DEAL_READERS);
    "setDealAttribution", Some("deals:review"), Who::Roles(OPS), key;
    // --- deals: conflict checks and protections
    "listConflictChecks", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getConflictCheck", Some("deals:read"), Who::Roles(DEAL_READERS);
    "dryRunConflictCheck", Some("deals:write"), Who::Roles(DEAL_WRITERS.and(roles(&[Approver]))), once * 10;
    "replayConflictCheck", Some("conflicts:write"), Who::Roles(CONFLICT_REVIEWERS), once * 5;
    "runConflictCheck", Some("conflicts:write"), Who::Roles(CONFLICT_REVIEWERS), once * 5;
    "listConflictProbes", Some("conflicts:read"), Who::Roles(roles(&[Admin, ChannelOps, Cam, Approver, Analyst]));
    "listProtections", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getProtection", Some("deals:read"), Who::Roles(DEAL_READERS);
    "listDealActions", Some("deals:read"), Who::Roles(DEAL_READERS);
    "listDealDecisions", Some("deals:read"), Who::Roles(DEAL_READERS);
    "listDealInfoRequests", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealApprovalChain", Some("deals:read"), Who::Roles(DEAL_READERS);
    "submitDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), key * 5;
    "answerDealInfo", Some("deals:write"), Who::Roles(DEAL_WRITERS), once * 5;
    "withdrawDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), key;
    "moveDealStage", Some("deals:write"), Who::Roles(DEAL_WRITERS), once;
    "claimDealReview", None, Who::Roles(DEAL_REVIEWERS), once;
    "assignDeal", Some("deals:review"), Who::Roles(DEAL_REVIEWERS), once;
    "requestDealInfo", Some("deals:review"), Who::Roles(DEAL_REVIEWERS), once;
    "chooseDealAccount", Some("deals:review"), Who::Roles(DEAL_REVIEWERS.and(roles(&[Cam]))), once * 5;
    "approveDeal", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key * 5;
    "rejectDeal", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key;
    "revokeDeal", None, Who::Roles(OPS), key;

    // Mistaken decisions
    "listDealReopenings", Some("deals:read"), Who::Roles(roles(&[Admin, ChannelOps, Cam, Approver, Finance, Analyst]));
    "requestDealReopening", Some("deals:review"), Who::Roles(DEAL_REVIEWERS.and(roles(&[Cam]))), once;
    "getDealReopening", Some("deals:read"), Who::Roles(roles(&[Admin, ChannelOps, Cam, Approver, Finance, Analyst]));
    "approveDealReopening", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key;
    "rejectDealReopening", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), once;
    "withdrawDealReopening", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Cam]))), once;

    // Appeals against decisions: the partner's own word, judged by the vendor
    "listDealAppeals", Some("deals:read"), Who::Roles(DEAL_READERS);
    "lodgeDealAppeal", None, Who::Roles(DEAL_SELLERS), once;
    "listAppeals", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealAppeal", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealAppealTimeline", Some("deals:read"), Who::Roles(DEAL_READERS);
    "claimDealAppeal", None, Who::Roles(DEAL_REVIEWERS), once;
    "upholdDealAppeal", None, Who::Roles(DEAL_REVIEWERS), key * 5;
    "dismissDealAppeal", None, Who::Roles(DEAL_REVIEWERS), key;
    "withdrawDealAppeal", None, Who::Roles(DEAL_SELLERS), once;

    // --- files and attachments
    "listFiles", Some("files:read"), Who::Roles(EVERY);
    "getFile", Some("files:read"), Who::Roles(EVERY);
    "uploadFile", Some("files:write"), Who::Roles(EVERY), once * 20;
    "deleteFile", Some("files:write"), Who::Roles(EVERY);
    "createFileLink", Some("files:read"), Who::Roles(EVERY);
    // The link is the permission.
    "getFileContent", None, Who::Anyone, none * 5;
    "listAttachments", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getAttachment", Some("deals:read"), Who::Roles(DEAL_READERS);
    "createAttachment", Some("deals:write"), Who::Roles(DEAL_WRITERS), once;
    "deleteAttachment", Some("deals:write"), Who::Roles(DEAL_WRITERS);

    // How sales end
    "winDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), key;
    "verifyDealWin", Some("deals:review"), Who::Roles(OPS.and(roles(&[Finance]))), key;
    "rejectDealWin", Some("deals:review"), Who::Roles(OPS.and(roles(&[Finance]))), key;
    "loseDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), key;
    "listDealEvidence", Some("deals:read"), Who::Roles(DEAL_READERS);
    "createDealEvidence", Some("deals:write"), Who::Roles(DEAL_WRITERS), once;
    "getDealEvidence", Some("deals:read"), Who::Roles(DEAL_READERS);
    "deleteDealEvidence", Some("deals:write"), Who::Roles(DEAL_WRITERS);

    // --- deals: extensions of protections
    "listDealExtensions", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealExtension", Some("deals:read"), Who::Roles(DEAL_READERS);
    "requestDealExtension", Some("deals:write"), Who::Roles(DEAL_WRITERS), key;
    "withdrawDealExtension", Some("deals:write"), Who::Roles(DEAL_WRITERS), key;
    "grantDealExtension", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key;
    "denyDealExtension", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key;

    // --- deals: amendments of what was approved
    "listDealAmendments", Some("deals:read"), Who::Roles(DEAL_READERS);
    "getDealAmendment", Some("deals:read"), Who::Roles(DEAL_READERS);
    "amendDeal", Some("deals:write"), Who::Roles(DEAL_WRITERS), key * 5;
    "withdrawDealAmendment", Some("deals:write"), Who::Roles(DEAL_WRITERS), key;
    "approveDealAmendment", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key * 5;
    "rejectDealAmendment", None, Who::Roles(DEAL_REVIEWERS.and(roles(&[Finance]))), key;

    // --- customers: merges
    "listAccountMerges", Some("customers:read"), Who::Roles(VENDOR);
    "getAccountMerge", Some("customers:read"), Who::Roles(VENDOR);
    "listAccountMergeActions", Some("customers:read"), Who::Roles(VENDOR);
    "planAccountMerge", Some("customers:write"), Who::Roles(OPS), once * 5;
    "mergeAccounts", Some("customers:write"), Who::Roles(OPS), key * 5;
    "splitAccount", Some("customers:write"), Who::Roles(OPS), key * 5;
    "cancelAccountMerge", Some("customers:write"), Who::Roles(OPS), once;
    // --- conflict cases
    "listConflictCases", Some("cases:read"), Who::Roles(VENDOR);
    "getConflictCase", Some("cases:read"), Who::Roles(VENDOR);
    "listConflictCaseActions", Some("cases:read"), Who::Roles(VENDOR);
    "triageConflictCase", Some("cases:write"), Who::Roles(roles(&[Admin, ChannelOps, Approver])), once;
    "resolveConflictCase", Some("cases:write"), Who::Roles(roles(&[Admin, ChannelOps, Approver])), key;
    "closeConflictCase", Some("cases:write"), Who::Roles(roles(&[Admin, ChannelOps, Approver])), once;

    // --- work: tasks, interactions, notes, what waits for a person, and saved views (the last two are a person's own)
    "listTasks", Some("work:read"), Who::Roles(EVERY);
    "getTask", Some("work:read"), Who::Roles(EVERY);
    "createTask", Some("work:write"), Who::Roles(WORKERS), once;
    "updateTask", Some("work:write"), Who::Roles(WORKERS);
    "completeTask", Some("work:write"), Who::Roles(EVERY), once;
    "cancelTask", Some("work:write"), Who::Roles(WORKERS), once;
    "reopenTask", Some("work:write"), Who::Roles(EVERY), once;
    "listInteractions", Some("work:read"), Who::Roles(EVERY);
    "getInteraction", Some("work:read"), Who::Roles(EVERY);
    "createInteraction", Some("work:write"), Who::Roles(WORKERS), once;
    "updateInteraction", Some("work:write"), Who::Roles(WORKERS);
    "deleteInteraction", Some("work:write"), Who::Roles(WORKERS);
    "listNotes", Some("work:read"), Who::Roles(EVERY);
    "getNote", Some("work:read"), Who::Roles(EVERY);
    "createNote", Some("work:write"), Who::Roles(WORKERS), once;
    "updateNote", Some("work:write"), Who::Roles(WORKERS);
    "deleteNote", Some("work:write"), Who::Roles(WORKERS);
    "listEvents", Some("events:read"), Who::Roles(EVERY);
    "listWorkItems", None, Who::Roles(EVERY), none * 2;
    "getWorkSummary", None, Who::Roles(EVERY), none * 2;
    "listJobs", Some("jobs:read"), Who::Roles(roles(&[Admin]));
    "getJob", Some("jobs:read"), Who::Roles(roles(&[Admin]));
    "runJob", Some("jobs:write"), Who::Roles(roles(&[Admin])), once;
    "listSavedViews", None, Who::Roles(EVERY);
    "getSavedView", None, Who::Roles(EVERY);
    "createSavedView", None, Who::Roles(EVERY), once;
    "updateSavedView", None, Who::Roles(EVERY);
    "deleteSavedView", None, Who::Roles(EVERY);

    // --- imports: whoever makes one must also be permitted to make such records by hand
    "listImports", Some("imports:read"), Who::Roles(OPS);
    "getImport", Some("imports:read"), Who::Roles(OPS);
    "createImport", Some("imports:write"), Who::Roles(OPS), once * 20;
    "suggestImportMapping", Some("imports:write"), Who::Roles(OPS), none * 5;
    "listImportRows", Some("imports:read"), Who::Roles(OPS);
    "getImportProblems", Some("imports:read"), Who::Roles(OPS), none * 10;
    "commitImport", Some("imports:write"), Who::Roles(OPS), once * 20;
    "cancelImport", Some("imports:write"), Who::Roles(OPS), once;
    "undoImport", Some("imports:write"), Who::Roles(OPS), once * 20;

    // --- webhooks: the vendor's by its administrators, a partner's by its own
    "listWebhookEndpoints", Some("webhooks:read"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "getWebhookEndpoint", Some("webhooks:read"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "createWebhookEndpoint", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "updateWebhookEndpoint", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "deleteWebhookEndpoint", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "enableWebhookEndpoint", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "disableWebhookEndpoint", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "rotateWebhookSecret", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once;
    "sendWebhookPing", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once * 10;
    "replayWebhooks", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once * 20;
    "listWebhookDeliveries", Some("webhooks:read"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "getWebhookDelivery", Some("webhooks:read"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "listWebhookAttempts", Some("webhooks:read"), Who::Roles(roles(&[Admin, PartnerAdmin]));
    "replayWebhookDelivery", Some("webhooks:write"), Who::Roles(roles(&[Admin, PartnerAdmin])), once * 5;

    // --- sync: other systems, links with them, conflicts, field maps and first loads
    "listExternalSystems", Some("sync:read"), Who::Roles(OPS);
    "getExternalSystem", Some("sync:read"), Who::Roles(OPS);
    "getExternalSystemSummary", Some("sync:read"), Who::Roles(OPS);
    "createExternalSystem", Some("sync:write"), Who::Roles(OPS), once;
    "updateExternalSystem", Some("sync:write"), Who::Roles(OPS);
    "pauseExternalSystem", Some("sync:write"), Who::Roles(OPS), once;
    "resumeExternalSystem", Some("sync:write"), Who::Roles(OPS), once;
    "resyncExternalSystem", Some("sync:write"), Who::Roles(OPS), once * 20;
    "matchExternalRecords", Some("sync:write"), Who::Roles(OPS), once * 100;
    "listSyncLinks", Some("sync:read"), Who::Roles(OPS);
    "getSyncLink", Some("sync:read"), Who::Roles(OPS);
    "createSyncLink", Some("sync:write"), Who::Roles(OPS), once;
    "deleteSyncLink", Some("sync:write"), Who::Roles(OPS);
    "relinkSyncLink", Some("sync:write"), Who::Roles(OPS), once;
    "retrySyncLink", Some("sync:write"), Who::Roles(OPS), once;
    "pauseSyncLink", Some("sync:write"), Who::Roles(OPS), once;
    "resumeSyncLink", Some("sync:write"), Who::Roles(OPS), once;
    "resyncSyncLink", Some("sync:write"), Who::Roles(OPS), once;
    "reportSyncLinks", Some("sync:write"), Who::Roles(OPS), once * 20;
    "listSyncConflicts", Some("sync:read"), Who::Roles(OPS);
    "getSyncConflict", Some("sync:read"), Who::Roles(OPS);
    "resolveSyncConflict", Some("sync:write"), Who::Roles(OPS), once;
    "listSyncReviews", Some("sync:read"), Who::Roles(OPS);
    "getSyncReview", Some("sync:read"), Who::Roles(OPS);
    "decideSyncReview", Some("sync:write"), Who::Roles(OPS), once;
    "listFieldMaps", Some("sync:read"), Who::Roles(OPS);
    "getFieldMap", Some("sync:read"), Who::Roles(OPS);
    "createFieldMap", Some("sync:write"), Who::Roles(OPS), once;
    "updateFieldMap", Some("sync:write"), Who::Roles(OPS);
    "deleteFieldMap", Some("sync:write"), Who::Roles(OPS);
    "publishFieldMap", Some("sync:write"), Who::Roles(OPS), once;
    "previewFieldMap", Some("sync:read"), Who::Roles(OPS);
}

/// The row of an operation.
pub fn of(operation: &str) -> Option<&'static Permission> {
    TABLE.iter().find(|row| row.operation == operation)
}

/// Whether the caller may call the operation of that name at all.
pub fn may_call(caller: &Caller, operation: &str) -> bool {
    of(operation).is_some_and(|row| row.check(caller).is_ok())
}

/// Checks that the caller may call the operation of that name: for what one operation does in the place of another.
///
/// # Errors
/// As [`Permission::check`].
pub fn require(caller: &Caller, operation: &str) -> Result<()> {
    of(operation)
        .ok_or_else(|| Error::internal(format!("the permission table does not have {operation}")))?
        .check(caller)
}

/// Whether somebody who signs in with those roles may call the operation of that name.
pub fn roles_may_call(roles: Roles, operation: &str) -> bool {
    of(operation).is_some_and(|row| match row.who {
        Who::Anyone | Who::SignedIn => true,
        Who::Roles(wanted) => wanted.meets(roles),
    })
}

impl Permission {
    /// Checks that the caller may call the operation.
    ///
    /// # Errors
    /// 404 if the operation's module is switched off, 401 for callers who have not signed in, 403 for those whose role or scopes
    /// do not permit it, and for those who must set up a second factor first.
    pub fn check(&self, caller: &Caller) -> Result<()> {
        if caller.request().switches.is_off(self.operation) {
            return Err(Error::new(&codes::ROUTE_NOT_FOUND));
        }
        let signed_in = caller.side() != Side::Nobody;
        if self.who == Who::Anyone {
            return Ok(());
        }
        if !signed_in {
            return Err(Error::new(&codes::UNAUTHENTICATED));
        }
        if caller.must_enrol() && !ENROLMENT.contains(&self.operation) {
            return Err(Error::new(&codes::SECOND_FACTOR_DUE));
        }
        if let Some(scopes) = caller.scopes() {
            let held = self
                .scope
                .is_some_and(|wanted| scopes.iter().any(|scope| scope == wanted))
                || self.who == Who::SignedIn;
            if !held {
                return Err(Error::new(&codes::INSUFFICIENT_SCOPE).detail(match self.scope {
                    Some(scope) => format!("This operation needs the scope `{scope}`; ask for a token that has it."),
                    None => "This operation is for people only; sign in as a user.".to_owned(),
                }));
            }
            // A scope opens to a partner's machine what some role of partners may do, never what is the vendor's alone.
            return self
                .is_for(caller.side())
                .then_some(())
                .ok_or_else(|| Error::new(&codes::FORBIDDEN));
        }
        match self.who {
            Who::Roles(roles) if !roles.meets(caller.roles()) => Err(Error::new(&codes::FORBIDDEN)),
            _ => Ok(()),
        }
    }

    /// Whether anybody on that side of the channel may call the operation.
    pub fn is_for(&self, side: Side) -> bool {
        match (self.who, side) {
            (Who::Anyone, _) => true,
            (_, Side::Nobody) => false,
            (Who::SignedIn, _) => true,
            (Who::Roles(roles), Side::Vendor) => roles.meets(VENDOR),
            (Who::Roles(roles), Side::Partner(_)) => roles.meets(PARTNER),
        }
    }

    /// Whether anybody of a partner may call the operation.
    pub fn is_open_to_partners(&self) -> bool {
        match self.who {
            Who::Anyone | Who::SignedIn => true,
            Who::Roles(roles) => roles.meets(PARTNER),
        }
    }

    /// The roles for the contract.
    pub fn role_names(&self) -> Vec<&'static str> {
        match self.who {
            Who::Anyone => Vec::new(),
            Who::SignedIn => EVERY.list().into_iter().map(Role::as_str).collect(),
            Who::Roles(roles) => roles.list().into_iter().map(Role::as_str).collect(),
        }
    }
}

/// What a client may ask of a token that is not its own. No row asks for it: the operation is there for every client, and
/// the scope says of which tokens it tells.
pub const INTROSPECTION: &str = "tokens:introspect";

/// Every scope there is, sorted.
pub fn scopes() -> Vec<&'static str> {
    sorted(TABLE.iter().filter_map(|row| row.scope).chain([INTROSPECTION]))
}

/// Every scope that an operation of this server asks for, sorted.
pub fn scopes_at(switches: &Switches) -> Vec<&'static str> {
    sorted(
        TABLE
            .iter()
            .filter(|row| !switches.is_off(row.operation))
            .filter_map(|row| row.scope)
            .chain([INTROSPECTION]),
    )
}

/// Every scope that a machine of that side can use, sorted.
pub fn scopes_of(side: Side) -> Vec<&'static str> {
    let asked = TABLE.iter().filter(|row| row.is_for(side)).filter_map(|row| row.scope);
    sorted(asked.chain([INTROSPECTION]))
}

fn sorted(scopes: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut scopes: Vec<&str> = scopes.collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}
