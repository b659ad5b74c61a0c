//! The port to whoever looks for malicious software.

use std::{pin::Pin, time::Duration};

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What a scanner found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is no scanner.
    NotScanned,
    /// Nothing.
    Clean,
    /// Something, by that name.
    Infected(String),
    /// It could not look, for that reason.
    Unknown(String),
}

/// The content of a file, piece by piece.
pub type Content = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// Looks at the content of files.
pub trait Scanner: Send + Sync {
    /// Whether there is one: where there is none, files are served as they came.
    fn is_there(&self) -> bool;

    /// Looks.
    fn scan(&self, content: Content) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>>;
}

/// No scanner.
#[derive(Debug, Clone, Copy)]
pub struct NoScanner;

impl Scanner for NoScanner {
    fn is_there(&self) -> bool {
        false
    }

    fn scan(&self, _: Content) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>> {
        Box::pin(std::future::ready(Verdict::NotScanned))
    }
}

/// ClamAV's daemon, by its command `INSTREAM` over TCP.
#[derive(Debug, Clone)]
pub struct Clamd {
    address: String,
}

/// How long a scan may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// The most bytes of an answer.
const ANSWER: u64 = 4096;

impl Clamd {
    /// The daemon at `host:port`.
    pub const fn new(address: String) -> Self {
        Self { address }
    }

    async fn ask(&self, mut content: Content) -> std::io::Result<Verdict> {
        let mut link = TcpStream::connect(&self.address).await?;
        link.write_all(b"zINSTREAM\0").await?;
        while let Some(piece) = content.next().await {
            let piece = piece?;
            // A piece of no bytes would end the stream.
            for part in piece.chunks(64 * 1024) {
                let length = u32::try_from(part.len()).unwrap_or(0);
                link.write_all(&length.to_be_bytes()).await?;
                link.write_all(part).await?;
            }
        }
        link.write_all(&0_u32.to_be_bytes()).await?;
        let mut answer = String::new();
        link.take(ANSWER).read_to_string(&mut answer).await?;
        let answer = answer.trim_end_matches('\0').trim();
        let said = answer.strip_prefix("stream:").unwrap_or(answer).trim();
        Ok(match said.strip_suffix("FOUND") {
            Some(name) => Verdict::Infected(name.trim().to_owned()),
            None if said == "OK" => Verdict::Clean,
            None => Verdict::Unknown(said.to_owned()),
        })
    }
}

impl Scanner for Clamd {
    fn is_there(&self) -> bool {
        true
    }

    fn scan(&self, content: Content) -> Pin<Box<dyn Future<Output = Verdict> + Send + '_>> {
        Box::pin(async move {
            match tokio::time::timeout(DEADLINE, self.ask(content)).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(error)) => Verdict::Unknown(error.to_string()),
                Err(_elapsed) => Verdict::Unknown("it took too long".to_owned()),
            }
        })
    }
}
