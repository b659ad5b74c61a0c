//! Where the content of files lies: in a folder, or in a bucket of a store that speaks S3. A store is named by its location,
//! which stands with each object, so that what was written before the setting changed is still found.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use actix_web::web::{Bytes, block};
use futures_util::{Stream, StreamExt as _, stream};
use object_store::{
    ObjectStore, ObjectStoreExt as _, aws::AmazonS3, buffered::BufWriter, local::LocalFileSystem, path::Path as Key,
};
use tokio::io::AsyncWriteExt as _;

use crate::error::{Error, Result, codes};

/// Bytes of one part of an upload, the least that S3 takes: what is in memory of it at a time are two or three of them.
const PART: usize = 5 * 1024 * 1024;
/// How long the next piece of an object may take.
const PIECE: Duration = Duration::from_secs(30);
/// How many parts may be on their way.
const AT_ONCE: usize = 2;
/// How the location of a bucket begins: `s3://bucket/prefix`.
pub const BUCKET: &str = "s3://";

/// A store of one location.
#[derive(Debug, Clone)]
pub struct Store {
    location: Arc<str>,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// Opened with each use, so that a folder that comes later, as a mounted one does, is found.
    Folder(PathBuf),
    Bucket {
        objects: Arc<AmazonS3>,
        prefix: Key,
    },
}

/// An object that is being written. Dropped without [`Writing::finish`], it leaves nothing but perhaps a part: in a folder
/// [`Store::remove`] finds it; in a bucket it is not seen, and the bucket's own rules end it.
pub struct Writing(BufWriter);

/// The refusal of a store that does not answer as it should.
pub fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::new(&codes::UNAVAILABLE)
        .detail("The store of files cannot be reached; repeat the request.")
        .retry_after(5)
        .cause(error)
}

/// The bucket and the prefix of a location; nothing if it is none of a bucket.
pub fn bucket(location: &str) -> Option<(&str, &str)> {
    let rest = location.strip_prefix(BUCKET)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    Some((bucket, prefix.trim_matches('/')))
}

impl Store {
    /// The store in that folder.
    pub fn folder(folder: &str) -> Self {
        Self {
            location: Arc::from(folder),
            place: Place::Folder(PathBuf::from(folder)),
        }
    }

    /// The store in a bucket, of which `location` tells the prefix.
    pub fn bucket(location: &str, objects: AmazonS3) -> Self {
        let prefix = bucket(location).map_or("", |(_, prefix)| prefix);
        Self {
            location: Arc::from(location),
            place: Place::Bucket {
                objects: Arc::new(objects),
                prefix: Key::from(prefix),
            },
        }
    }

    /// Its location, as it stands with each object.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// What holds the object, and what it is called there.
    fn open(&self, key: &str) -> Result<(Arc<dyn ObjectStore>, Key)> {
        match &self.place {
            Place::Folder(folder) => {
                private_folder(folder).map_err(|error| failed(&format!("{}: {error}", folder.display())))?;
                let found = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
                Ok((Arc::new(found), Key::from(key)))
            }
            Place::Bucket { objects, prefix } => {
                let key = prefix.parts().chain(Key::from(key).parts()).collect();
                Ok((objects.clone(), key))
            }
        }
    }

    /// Begins an object.
    ///
    /// # Errors
    /// 503 if the store cannot be reached.
    pub fn begin(&self, key: &str) -> Result<Writing> {
        let (objects, key) = self.open(key)?;
        Ok(Writing(
            BufWriter::with_capacity(objects, key, PART).with_max_concurrency(AT_ONCE),
        ))
    }

    /// The object's content, piece by piece.
    ///
    /// # Errors
    /// 503 if the store cannot be reached, or has no such object.
    pub async fn read(
        &self,
        key: &str,
    ) -> Result<impl Stream<Item = std::result::Result<Bytes, io::Error>> + Send + 'static + use<>> {
        let (objects, key) = self.open(key)?;
        let found = objects.get(&key).await.map_err(|error| failed(&error))?;
        Ok(stream::unfold(found.into_stream(), |mut pieces| async move {
            let piece = match tokio::time::timeout(PIECE, pieces.next()).await {
                Ok(piece) => piece?.map_err(io::Error::other),
                Err(_elapsed) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            };
            Some((piece, pieces))
        }))
    }

    /// Deletes the object, and in a folder what an upload that was cut off left of it. Nothing happens if there is none.
    ///
    /// # Errors
    /// 503 if the store cannot be reached.
    pub async fn remove(&self, key: &str) -> Result<()> {
        match &self.place {
            Place::Folder(folder) => {
                let whole = folder.join(key);
                block(move || remove_file(&whole)).await.map_err(Error::internal)?
            }
            Place::Bucket { objects, .. } => {
                let (_, key) = self.open(key)?;
                match objects.delete(&key).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                    Err(error) => Err(failed(&error)),
                }
            }
        }
    }
}

fn remove_file(whole: &Path) -> Result<()> {
    let (Some(folder), Some(name)) = (whole.parent(), whole.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let parts = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|error| failed(&error))?,
    };
    for part in parts {
        let part = part.map_err(|error| failed(&error))?;
        let found = part.file_name();
        // A part of an upload is called like its object, with `#` and a number.
        let ours = found
            .to_str()
            .and_then(|found| found.strip_prefix(name))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
        if ours {
            match std::fs::remove_file(part.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error)),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Makes the folder if there is none, for its owner alone.
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

impl Writing {
    /// Writes a piece; waits while too much is on its way.
    ///
    /// # Errors
    /// 503 if the store cannot be reached.
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.0.put(piece).await.map_err(|error| failed(&error))
    }

    /// Ends the object: from now on it is there.
    ///
    /// # Errors
    /// 503 if the store cannot be reached.
    pub async fn finish(mut self) -> Result<()> {
        self.0.shutdown().await.map_err(|error| failed(&error))
    }

    /// Gives the object up.
    pub async fn abort(mut self) {
        if let Err(error) = self.0.abort().await {
            log::warn!("a part of an upload that was given up is left: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_name_and_perhaps_a_prefix() {
        assert_eq!(bucket("s3://prm"), Some(("prm", "")));
        assert_eq!(bucket("s3://prm/files/2026/"), Some(("prm", "files/2026")));
        assert_eq!(bucket("/var/lib/openprm"), None);
    }
}
