//! What a policy would have decided otherwise: the deals there were, judged by it and by the version in force, side by side.
//!
//! Every deal that was sent in takes part, and imported history that never was: of that it is taken that it was sent in on
//! the day it was begun, and granted if nobody's window shut it out. Both sides are judged by one function (`rules`), which
//! asks the very rules that decide on registrations; `before` is therefore what the version in force now would say, and not what
//! was decided then under an older one. The questions are answered each by itself:
//!
//! | question | before and after | total |
//! | --- | --- | --- |
//! | `auto_approval` | would it be granted without a person: `yes`, `no` | how many would be |
//! | `approval_steps` | the names of the steps | steps |
//! | `required_fields` | the fields that it lacks, or `none` | how many would be refused |
//! | `expected_close` | is the expected close too far ahead: `yes`, `no` | how many would be refused |
//! | `capacity` | has the partner too many before the vendor: `yes`, `no` | how many would be refused |
//! | `retired_stage` | the stage that its sale stands in now, if the list of stages does not have it, or `no` | how many stand in one |
//! | `protection_end` | the end of the window, or `none` if it is shut out | days |
//! | `won_inside_window` | was it won before that end: `yes`, `no` | how many were |
//! | `shut_out` | by whose window it is shut out when it begins, or `no` | how many are |
//! | `passing_over` | whether granting it before those who waited would need a reason: `yes`, `no` | how many grants |
//! | `match_class` | the surest match that a score made in the check of the submission | how many were probable or surer |
//! | `check_verdict` | what the check of the submission came to | how many were clear |
//! | `extension_limits` | the limits that its requests for more time met: `extension_left`, `end_within_limit`, or `none` | how many would have had one refused |
//! | `amendment_review` | how many of its amendments would be reviewed | amendments |
//! | `won_too_early` | was it won too soon after it was sent in: `yes`, `no` | how many wins would be refused |
//! | `segregation` | what stood against those who decided, each with how often, or `none` | decisions |
//! | `retired_reason` | the reasons that were given and are not offered, each with what it was for, or `none` | how many gave one |
//!
//! A simulation is the policy's: it is judged over everybody's deals, whoever asks for it. Its rows are read by whoever sees
//! the partner that they are about, and name no deal of a partner that the reader does not see.
//!
//! Windows are followed deal by deal for each customer: who is shut out has no window, and shuts nobody out. A window ends early
//! when its deal is won or lost.
//!
//! What a simulation cannot know: how people would have decided, or asked, under other rules; what the vendor holds itself
//! (named accounts, opportunities, installed base), relatives of the customer and uncertain matches, for checks are not run
//! again; days of protection that an approver chose, extensions, and how long a review would have taken; how many registrations
//! were open at a time when nothing was registered, so imported history takes no capacity; and whether a partner would have shown
//! more evidence if it had counted: `passing_over` weighs what was shown by the time of the grant. A check that is judged again has
//! only what it had looked at: accounts that were too unlike then are not found by lower scores.
//!
//! Of what came after the grant, each request, amendment, win and decision is judged by itself, and what became of those before it
//! is taken as it was. Whether a deal showed work in time for an extension is not known any more. Who competed when somebody
//! decided is known by the last check before the grant, and what was imported has neither age nor reasons.

mod course;
pub mod handlers;
mod model;
mod queries;
mod rivals;
mod rules;
mod windows;

pub use model::PolicySimulation;
pub use queries::delete_of;
