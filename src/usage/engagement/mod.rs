//! Engagement: partner by partner how many people were there, what they did, and how long answers took on both sides.

mod handlers;
mod model;
mod queries;

pub use handlers::list_engagement;
