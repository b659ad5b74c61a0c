//! Tasks and follow-ups: what somebody is to do, on a record or on none, by when.
//!
//! A task is open until it is done or cancelled, and can be opened again. Whoever sees it may do it; the words of a task are
//! changed, and the task cancelled, by the side that wrote it. Its record and who sees it stay as they were written.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{NewTask, Task, TaskKind, TaskPriority, TaskStatus};
pub use queries::insert;
pub use rules::{Author, MACHINE};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/tasks")
            .service(handlers::list_tasks)
            .service(handlers::create_task)
            .service(handlers::get_task)
            .service(handlers::update_task)
            .service(handlers::complete_task)
            .service(handlers::cancel_task)
            .service(handlers::reopen_task),
    );
}
