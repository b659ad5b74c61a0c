//! Files: what people show and send, in one store, and to which records it is attached.
//!
//! - The content goes to the store as it comes in, piece by piece; the whole of it is never in memory. Its SHA-256 is
//!   computed on the way, its kind is recognised by its first bytes, and what is too large, empty or of a kind that is not
//!   taken is refused without leaving anything behind.
//! - An object has a row before its first byte is written (`writing`), and the file's row is stored after its last. What a
//!   server left half-written is deleted by the sweeper, and so is what nobody needs any more (`doomed`).
//! - The store is a folder, or a bucket of a store that speaks S3 (`OPENPRM_FILES_URL`). Each object keeps its location, so
//!   that what was stored before the setting changed is still read and deleted where it lies.
//! - An idempotency key covers the content by its hash, which is known when the upload has ended: the body is not kept for
//!   it. A repeated upload is answered with the first one's record, and its own copy is deleted.
//! - A file is its uploader's side's: a partner's, or the vendor's own. A file that is attached to a record is also read by
//!   whoever reads that record's partner's rows. To everybody else there is no such file.
//! - Content is read by a link that is signed, good for one file and some minutes, and needs no token. It is always answered
//!   as an attachment of no particular type, so that no browser runs what somebody uploaded.
//! - A scanner, where one is set (`OPENPRM_CLAMD`), looks at each file as it is stored. What is infected is refused. What
//!   could not be scanned is `pending` and not served; it is scanned again when somebody asks for a link.
//! - A file may have an end (`retain_until`): then its content is deleted, and its record stays.

mod attachments;
mod content;
mod handlers;
mod model;
mod names;
mod queries;
mod s3;
mod scanner;
mod store;
mod sweeper;
mod upload;

pub use attachments::{attach_to, attached_to, detach_all};
pub use content::{Opened, open};
pub use model::{AttachedResource, Attachment, FileScanStatus, StoredFile};
pub use queries::{empty, retire};
pub use scanner::{Clamd, Content, NoScanner, Scanner, Verdict};
pub use store::Store;
pub use sweeper::Sweeper;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/files")
            .service(handlers::list_files)
            .service(handlers::upload_file)
            .service(handlers::get_file)
            .service(handlers::delete_file)
            .service(handlers::create_file_link)
            .service(handlers::get_file_content),
    );
    config.service(
        scope("/v1/attachments")
            .service(handlers::list_attachments)
            .service(handlers::create_attachment)
            .service(handlers::get_attachment)
            .service(handlers::delete_attachment),
    );
}

/// What uploads and downloads share.
#[derive(Clone)]
pub struct Files {
    /// How buckets are reached; none where only folders are.
    pub s3: Option<std::sync::Arc<crate::config::S3>>,
    /// Where new content goes.
    pub store: Store,
    /// Who looks at it.
    pub scanner: std::sync::Arc<dyn Scanner>,
    /// The most bytes of a file.
    pub limit: u64,
}

impl Files {
    /// What the settings say.
    ///
    /// # Errors
    /// A sentence that says what to do if the store cannot be used.
    pub fn open(config: &crate::config::Config) -> crate::error::Result<Self> {
        let scanner: std::sync::Arc<dyn Scanner> = match &config.clamd {
            Some(address) => std::sync::Arc::new(Clamd::new(address.clone())),
            None => std::sync::Arc::new(NoScanner),
        };
        let s3 = config.s3.clone().map(std::sync::Arc::new);
        Ok(Self {
            store: reached(&config.files, s3.as_deref())?,
            s3,
            scanner,
            limit: config.file_bytes,
        })
    }

    /// The store of a location.
    ///
    /// # Errors
    /// 503 if it is a bucket, and the settings do not say how one is reached.
    pub fn at(&self, location: &str) -> crate::error::Result<Store> {
        if location == self.store.location() {
            return Ok(self.store.clone());
        }
        reached(location, self.s3.as_deref())
    }
}

fn reached(location: &str, s3: Option<&crate::config::S3>) -> crate::error::Result<Store> {
    match (store::bucket(location), s3) {
        (None, _) => Ok(Store::folder(location)),
        (Some(_), Some(settings)) => Ok(Store::bucket(location, s3::open(location, settings)?)),
        (Some(_), None) => Err(store::failed(&format!(
            "{location} is a bucket, and OPENPRM_S3_KEY_ID and OPENPRM_S3_SECRET are not set"
        ))),
    }
}
