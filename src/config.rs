//! Every setting: an environment variable with a default, checked at start. The environment is read here alone.

mod settings;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

pub use settings::{SETTINGS, Setting, help};

use crate::{identity::SecondFactorPolicy, modules::Modules, webhooks::WebhookSettings};

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `DATABASE_URL`
    pub database_url: String,
    /// `OPENPRM_BIND`
    pub bind: SocketAddr,
    /// `OPENPRM_PUBLIC_URL`
    pub public_url: String,
    /// `OPENPRM_PORTAL_URL`
    pub portal_url: String,
    /// `OPENPRM_WORKERS`
    pub workers: usize,
    /// `OPENPRM_POOL`
    pub pool: u32,
    /// `OPENPRM_SECRET`
    pub secret: Option<String>,
    /// Where the master secret is made and kept if `OPENPRM_SECRET` names none; nowhere for a database in memory.
    pub secret_file: Option<PathBuf>,
    /// `OPENPRM_ADMIN_EMAIL`
    pub admin_email: String,
    /// `OPENPRM_ADMIN_PASSWORD`
    pub admin_password: Option<String>,
    /// `OPENPRM_RATE_LIMIT`
    pub rate_limit: u32,
    /// `OPENPRM_EXPORT_ROWS`
    pub export_rows: u32,
    /// `OPENPRM_CORS_ORIGINS`
    pub cors_origins: Vec<String>,
    /// `OPENPRM_TRUSTED_PROXIES`
    pub trusted_proxies: Vec<IpAddr>,
    /// `OPENPRM_SMTP_URL`
    pub smtp_url: Option<String>,
    /// `OPENPRM_MAIL_FROM`
    pub mail_from: String,
    /// `OPENPRM_ACCESS_TOKEN_SECONDS`
    pub access_token_seconds: i64,
    /// `OPENPRM_SECOND_FACTOR`
    pub second_factor: SecondFactorPolicy,
    /// `OPENPRM_IDENTITY_PROVIDER_HTTP`
    pub identity_provider_http: bool,
    /// `OPENPRM_MODULES_OFF`
    pub modules: Modules,
    /// `OPENPRM_USAGE`
    pub usage: bool,
    /// `OPENPRM_USAGE_RETENTION_DAYS`, `OPENPRM_SIGN_IN_RETENTION_DAYS`, `OPENPRM_ADDRESS_RETENTION_DAYS`,
    /// `OPENPRM_EVENT_RETENTION_DAYS`
    pub retention: Retention,
    /// `OPENPRM_FILES_URL`: a folder, or `s3://bucket/prefix`
    pub files: String,
    /// `OPENPRM_S3_…`
    pub s3: Option<S3>,
    /// `OPENPRM_FILE_BYTES`
    pub file_bytes: u64,
    /// `OPENPRM_CLAMD`
    pub clamd: Option<String>,
    /// `OPENPRM_WEBHOOK_…`
    pub webhooks: WebhookSettings,
    /// `OPENPRM_IMPORT_RETENTION_DAYS`
    pub import_days: i64,
    /// `OPENPRM_LOG`
    pub log: String,
    /// `OPENPRM_REQUEST_LOG`
    pub request_log: bool,
}

/// For how many days facts about people are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// What is counted of their use, and how long answers took.
    pub usage: i64,
    /// Sign-ins and failed tries.
    pub sign_ins: i64,
    /// Where a sign-in came from.
    pub addresses: i64,
    /// The events of the feed.
    pub events: i64,
}

/// How a store that speaks S3 is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct S3 {
    /// `OPENPRM_S3_ENDPOINT`; Amazon's own if none is named.
    pub endpoint: Option<String>,
    /// `OPENPRM_S3_REGION`
    pub region: String,
    /// `OPENPRM_S3_KEY_ID`
    pub key_id: String,
    /// `OPENPRM_S3_SECRET`
    pub secret: String,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A setting that cannot be used.
#[derive(Debug)]
pub struct WrongSetting(pub String);

impl std::fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongSetting {}

impl Config {
    /// The settings out of the environment; for the demo program with what it makes up itself.
    ///
    /// # Errors
    /// A sentence that names the variable and says what it must look like.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_environment(demo: bool) -> Result<Self, WrongSetting> {
        Self::of(|name| std::env::var(name).ok(), demo)
    }

    /// The settings out of any source.
    ///
    /// # Errors
    /// As [`Config::from_environment`].
    pub fn read(source: impl Fn(&str) -> Option<String>) -> Result<Self, WrongSetting> {
        Self::of(source, false)
    }

    /// The settings out of any source; those of the demo program make up what others must be told.
    fn of(source: impl Fn(&str) -> Option<String>, demo: bool) -> Result<Self, WrongSetting> {
        let text = |name: &str| {
            let default = SETTINGS
                .iter()
                .find(|setting| setting.name == name)
                .map_or("", |setting| setting.default);
            source(name)
                .filter(|value| !value.trim().is_empty())
                .unwrap_or_else(|| default.to_owned())
        };
        let optional = |name: &str| Some(text(name)).filter(|value| !value.is_empty());
        let list = |name: &str| {
            text(name)
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let days = |name: &str, least| number::<i64>(name, &text(name), least, 3650);
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let workers = match number::<usize>("OPENPRM_WORKERS", &text("OPENPRM_WORKERS"), 0, 256)? {
            0 => cores,
            workers => workers,
        };
        let database_url = text("DATABASE_URL");
        crate::db::Engine::of(&database_url).map_err(|error| WrongSetting(error.message().to_owned()))?;
        let pool = match number::<u32>("OPENPRM_POOL", &text("OPENPRM_POOL"), 0, 1000)? {
            0 if database_url.starts_with("sqlite") => u32::try_from(workers).unwrap_or(2).saturating_mul(2),
            0 => 8,
            pool => pool,
        };
        let bind: SocketAddr = parsed(
            "OPENPRM_BIND",
            &text("OPENPRM_BIND"),
            "an address and a port, as in 127.0.0.1:8080",
        )?;
        let secret = optional("OPENPRM_SECRET");
        if secret.as_ref().is_some_and(|secret| secret.len() < 32) {
            return Err(WrongSetting(
                "OPENPRM_SECRET must have at least 32 characters; make one with: openssl rand -base64 48".to_owned(),
            ));
        }
        let secret_file = secret_file(&database_url, demo);
        if secret.is_none() && secret_file.is_none() && !database_url.starts_with("sqlite") {
            return Err(WrongSetting(
                "OPENPRM_SECRET is required with PostgreSQL; make one with: openssl rand -base64 48".to_owned(),
            ));
        }
        let trusted_proxies = list("OPENPRM_TRUSTED_PROXIES")
            .iter()
            .map(|part| parsed("OPENPRM_TRUSTED_PROXIES", part, "IP addresses separated by commas"))
            .collect::<Result<_, _>>()?;
        let public_url = optional("OPENPRM_PUBLIC_URL")
            .unwrap_or_else(|| format!("http://{bind}"))
            .trim_end_matches('/')
            .to_owned();
        let files = optional("OPENPRM_FILES_URL").unwrap_or_else(|| files_beside(&database_url));
        let endpoint = optional("OPENPRM_S3_ENDPOINT");
        if endpoint
            .as_ref()
            .is_some_and(|endpoint| !endpoint.starts_with("https://") && !endpoint.starts_with("http://"))
        {
            return Err(WrongSetting(
                "OPENPRM_S3_ENDPOINT must be an address, as in https://minio.example.com.".to_owned(),
            ));
        }
        let s3 = match (optional("OPENPRM_S3_KEY_ID"), optional("OPENPRM_S3_SECRET")) {
            (Some(key_id), Some(secret)) => Some(S3 {
                endpoint,
                region: text("OPENPRM_S3_REGION"),
                key_id,
                secret,
            }),
            _ => None,
        };
        match files.strip_prefix("s3://") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                return Err(WrongSetting(format!(
                    "OPENPRM_FILES_URL is `{files}`, but must name a bucket, as in s3://BUCKET/PREFIX."
                )));
            }
            Some(_) if s3.is_none() => {
                return Err(WrongSetting(
                    "OPENPRM_S3_KEY_ID and OPENPRM_S3_SECRET are required with s3:// in OPENPRM_FILES_URL.".to_owned(),
                ));
            }
            None if files.contains("://") => {
                return Err(WrongSetting(format!(
                    "OPENPRM_FILES_URL is `{files}`, but must be a folder or s3://BUCKET/PREFIX."
                )));
            }
            _ => {}
        }
        Ok(Self {
            portal_url: optional("OPENPRM_PORTAL_URL")
                .unwrap_or_else(|| public_url.clone())
                .trim_end_matches('/')
                .to_owned(),
            public_url,
            database_url,
            bind,
            workers,
            pool,
            secret,
            secret_file,
            admin_email: text("OPENPRM_ADMIN_EMAIL"),
            admin_password: optional("OPENPRM_ADMIN_PASSWORD"),
            rate_limit: number("OPENPRM_RATE_LIMIT", &text("OPENPRM_RATE_LIMIT"), 0, 100_000_000)?,
            export_rows: number("OPENPRM_EXPORT_ROWS", &text("OPENPRM_EXPORT_ROWS"), 1, 5000)?,
            cors_origins: list("OPENPRM_CORS_ORIGINS"),
            trusted_proxies,
            smtp_url: optional("OPENPRM_SMTP_URL"),
            mail_from: text("OPENPRM_MAIL_FROM"),
            access_token_seconds: number(
                "OPENPRM_ACCESS_TOKEN_SECONDS",
                &text("OPENPRM_ACCESS_TOKEN_SECONDS"),
                60,
                3600,
            )?,
            second_factor: parsed(
                "OPENPRM_SECOND_FACTOR",
                &text("OPENPRM_SECOND_FACTOR"),
                "optional, vendor or all",
            )?,
            identity_provider_http: switch(
                "OPENPRM_IDENTITY_PROVIDER_HTTP",
                &text("OPENPRM_IDENTITY_PROVIDER_HTTP"),
            )?,
            modules: Modules::without(&list("OPENPRM_MODULES_OFF"))
                .map_err(|why| WrongSetting(format!("OPENPRM_MODULES_OFF must be names of modules: {why}.")))?,
            usage: match text("OPENPRM_USAGE").as_str() {
                "on" => true,
                "off" => false,
                other => {
                    return Err(WrongSetting(format!(
                        "OPENPRM_USAGE is `{other}`, but must be on or off."
                    )));
                }
            },
            retention: Retention {
                usage: days("OPENPRM_USAGE_RETENTION_DAYS", 30)?,
                sign_ins: days("OPENPRM_SIGN_IN_RETENTION_DAYS", 30)?,
                addresses: days("OPENPRM_ADDRESS_RETENTION_DAYS", 1)?,
                events: days("OPENPRM_EVENT_RETENTION_DAYS", 30)?,
            },
            files,
            s3,
            file_bytes: number("OPENPRM_FILE_BYTES", &text("OPENPRM_FILE_BYTES"), 1, 1 << 40)?,
            clamd: optional("OPENPRM_CLAMD"),
            webhooks: webhooks(&text)?,
            import_days: days("OPENPRM_IMPORT_RETENTION_DAYS", 1)?,
            log: text("OPENPRM_LOG"),
            request_log: switch("OPENPRM_REQUEST_LOG", &text("OPENPRM_REQUEST_LOG"))?,
        })
    }
}

/// How webhooks are sent.
fn webhooks(text: &dyn Fn(&str) -> String) -> Result<WebhookSettings, WrongSetting> {
    let whole = |name: &str, most: i64| number::<i64>(name, &text(name), 1, most);
    Ok(WebhookSettings {
        schedule: parsed(
            "OPENPRM_WEBHOOK_SCHEDULE",
            &text("OPENPRM_WEBHOOK_SCHEDULE"),
            "1 to 50 numbers of seconds separated by commas, as in 0,5,300",
        )?,
        timeout_seconds: number(
            "OPENPRM_WEBHOOK_TIMEOUT_SECONDS",
            &text("OPENPRM_WEBHOOK_TIMEOUT_SECONDS"),
            1,
            60,
        )?,
        failing_seconds: whole("OPENPRM_WEBHOOK_FAILING_SECONDS", 2_592_000)?,
        retention_days: whole("OPENPRM_WEBHOOK_RETENTION_DAYS", 3650)?,
        allow_http: match text("OPENPRM_WEBHOOK_ALLOW_HTTP").as_str() {
            "true" => true,
            "false" => false,
            word => switch("OPENPRM_WEBHOOK_ALLOW_HTTP", word)?,
        },
        allowed_networks: parsed(
            "OPENPRM_WEBHOOK_ALLOW_PRIVATE",
            &text("OPENPRM_WEBHOOK_ALLOW_PRIVATE"),
            "networks separated by commas, as in 10.1.0.0/16, or on",
        )?,
    })
}

/// The file of an `SQLite` database; none of a database in memory, or of PostgreSQL.
fn database_file(database_url: &str) -> Option<&str> {
    let file = database_url.strip_prefix("sqlite://")?.split('?').next()?;
    (!file.is_empty() && file != ":memory:").then_some(file)
}

/// The folder of files beside an SQLite database.
fn files_beside(database_url: &str) -> String {
    let folder = database_file(database_url).and_then(|file| Path::new(file).parent());
    folder
        .map_or_else(PathBuf::new, Path::to_path_buf)
        .join("openprm-files")
        .display()
        .to_string()
}

/// The file of a master secret that nobody named.
///
/// With SQLite it lies beside the database: the two are one machine's, and kept together. PostgreSQL is elsewhere, serves
/// several instances and is backed up by others, so whoever relies on it must say where its secret is kept. The demo program
/// holds nothing that is anybody's, and shall run on PostgreSQL by its URL alone: its secret lies where the program is
/// started, as its uploaded files do, so that the next start there opens what this one sealed. It does not lie in the
/// database, where it would protect nothing, and what is tried would not be what is run.
fn secret_file(database_url: &str, demo: bool) -> Option<PathBuf> {
    match database_file(database_url) {
        Some(file) => Some(PathBuf::from(format!("{file}.secret"))),
        None => (demo && database_url.starts_with("postgres")).then(|| PathBuf::from("openprm-demo.secret")),
    }
}

fn parsed<T: FromStr>(name: &str, text: &str, wanted: &str) -> Result<T, WrongSetting> {
    text.parse()
        .map_err(|_malformed| WrongSetting(format!("{name} is `{text}`, but must be {wanted}.")))
}

fn switch(name: &str, text: &str) -> Result<bool, WrongSetting> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(WrongSetting(format!("{name} is `{other}`, but must be `on` or `off`."))),
    }
}

fn number<T: FromStr + PartialOrd + std::fmt::Display + Copy>(
    name: &str,
    text: &str,
    least: T,
    most: T,
) -> Result<T, WrongSetting> {
    let wanted = format!("a whole number from {least} to {most}");
    let number = parsed(name, text, &wanted)?;
    if number < least || number > most {
        Err(WrongSetting(format!("{name} is `{text}`, but must be {wanted}.")))
    } else {
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Config, WrongSetting> {
        Config::read(move |asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_it_must_be() {
        for (name, value) in [
            ("OPENPRM_BIND", "nowhere"),
            ("DATABASE_URL", "mysql://x"),
            ("OPENPRM_SECRET", "short"),
            ("OPENPRM_ACCESS_TOKEN_SECONDS", "5"),
            ("DATABASE_URL", "postgres://h/d"),
            ("OPENPRM_SECOND_FACTOR", "sometimes"),
            ("OPENPRM_MODULES_OFF", "dealz"),
            ("OPENPRM_MODULES_OFF", "customers"),
            ("OPENPRM_USAGE", "some"),
            ("OPENPRM_USAGE_RETENTION_DAYS", "7"),
            ("OPENPRM_ADDRESS_RETENTION_DAYS", "0"),
            ("OPENPRM_EVENT_RETENTION_DAYS", "29"),
            ("OPENPRM_WEBHOOK_SCHEDULE", "soon"),
            ("OPENPRM_WEBHOOK_TIMEOUT_SECONDS", "0"),
            ("OPENPRM_WEBHOOK_ALLOW_HTTP", "perhaps"),
            ("OPENPRM_WEBHOOK_ALLOW_PRIVATE", "10.0.0.0/33"),
        ] {
            let refusal = with(name, value).unwrap_err().0;
            assert!(refusal.contains("must") || refusal.contains("required"), "{refusal}");
        }
        assert_eq!(with("OPENPRM_WORKERS", "3").unwrap().workers, 3);
    }

    #[test]
    fn a_secret_that_nobody_names_has_its_file_beside_sqlite_and_for_the_demo_program() {
        let of = |url: &'static str, demo| {
            let source = move |name: &str| (name == "DATABASE_URL").then(|| url.to_owned());
            Config::of(source, demo)
        };
        let file = |url, demo| of(url, demo).unwrap().secret_file;
        for demo in [false, true] {
            assert_eq!(
                file("sqlite://data/a.db", demo),
                Some(PathBuf::from("data/a.db.secret"))
            );
            assert_eq!(file("sqlite://:memory:", demo), None);
        }
        assert_eq!(file("postgres://h/d", true), Some(PathBuf::from("openprm-demo.secret")));
        let refusal = of("postgres://h/d", false).unwrap_err().0;
        assert_eq!(
            refusal,
            "OPENPRM_SECRET is required with PostgreSQL; make one with: openssl rand -base64 48"
        );
    }
}
