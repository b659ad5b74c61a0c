//! Every setting with its default and what it means, as `--help` and the README list them.

use std::fmt::Write as _;

/// A setting as `--help` and the README list it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// Its value if it is not set.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Every setting there is.
pub static SETTINGS: &[Setting] = &[
    Setting {
        name: "DATABASE_URL",
        default: "sqlite://openprm.db",
        meaning: "The database: sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME.",
    },
    Setting {
        name: "OPENPRM_BIND",
        default: "127.0.0.1:8080",
        meaning: "The address and port to listen on.",
    },
    Setting {
        name: "OPENPRM_PUBLIC_URL",
        default: "",
        meaning: "The address that people and tokens use, as in https://prm.example.com; by default http:// and OPENPRM_BIND.",
    },
    Setting {
        name: "OPENPRM_PORTAL_URL",
        default: "",
        meaning: "The address of the portal that mails lead people to; by default OPENPRM_PUBLIC_URL.",
    },
    Setting {
        name: "OPENPRM_WORKERS",
        default: "0",
        meaning: "Threads that serve requests; 0 means one for each core.",
    },
    Setting {
        name: "OPENPRM_POOL",
        default: "0",
        meaning: "Database connections; 0 means 8 with PostgreSQL, two for each worker with SQLite. With PostgreSQL two more give events their order.",
    },
    Setting {
        name: "OPENPRM_SECRET",
        default: "",
        meaning: "The master secret, at least 32 characters; with SQLite it is made and kept in a file beside the database, with PostgreSQL it is required, but for serve --demo, which makes one and keeps it in openprm-demo.secret in the present folder.",
    },
    Setting {
        name: "OPENPRM_ADMIN_EMAIL",
        default: "admin@example.com",
        meaning: "The first administrator's e-mail, used once on an empty database.",
    },
    Setting {
        name: "OPENPRM_ADMIN_PASSWORD",
        default: "",
        meaning: "The first administrator's password, used once; by default one is made and printed.",
    },
    Setting {
        name: "OPENPRM_RATE_LIMIT",
        default: "600000",
        meaning: "Calls a minute for each caller; 0 means no limit.",
    },
    Setting {
        name: "OPENPRM_EXPORT_ROWS",
        default: "500",
        meaning: "How many rows an export of a list reads at once, and has in memory, 1 to 5000.",
    },
    Setting {
        name: "OPENPRM_CORS_ORIGINS",
        default: "",
        meaning: "Origins, separated by commas, whose pages may call from a browser, with cookies.",
    },
    Setting {
        name: "OPENPRM_TRUSTED_PROXIES",
        default: "",
        meaning: "Addresses, separated by commas, of proxies whose X-Forwarded-For counts.",
    },
    Setting {
        name: "OPENPRM_SMTP_URL",
        default: "",
        meaning: "Where mail goes, smtps://USER:PASSWORD@HOST; by default mail is written to the log.",
    },
    Setting {
        name: "OPENPRM_MAIL_FROM",
        default: "OpenPRM <no-reply@example.com>",
        meaning: "The sender of mail.",
    },
    Setting {
        name: "OPENPRM_ACCESS_TOKEN_SECONDS",
        default: "600",
        meaning: "How long an access token is good for, 60 to 3600.",
    },
    Setting {
        name: "OPENPRM_SECOND_FACTOR",
        default: "optional",
        meaning: "Who must have a second factor to sign in: optional (whoever wants it), vendor (the vendor's people), all.",
    },
    Setting {
        name: "OPENPRM_IDENTITY_PROVIDER_HTTP",
        default: "off",
        meaning: "Whether an identity provider on this very machine may be reached by http://, for trials: on or off. All others need https://.",
    },
    Setting {
        name: "OPENPRM_MODULES_OFF",
        default: "",
        meaning: "Modules, separated by commas, that this deployment does without: deals, conflict_cases, customers, holdings, programs, handovers, applications, reports, sync, work, files, notices, webhooks, imports, calendars.",
    },
    Setting {
        name: "OPENPRM_USAGE",
        default: "on",
        meaning: "Whether it is counted how much partners' people use the portal: on or off.",
    },
    Setting {
        name: "OPENPRM_USAGE_RETENTION_DAYS",
        default: "400",
        meaning: "How many days those counts, and the times that answers took, are kept; 30 to 3650.",
    },
    Setting {
        name: "OPENPRM_SIGN_IN_RETENTION_DAYS",
        default: "400",
        meaning: "How many days sign-ins and failed tries are kept; 30 to 3650.",
    },
    Setting {
        name: "OPENPRM_ADDRESS_RETENTION_DAYS",
        default: "90",
        meaning: "How many days a sign-in keeps its network address and browser; 1 to 3650.",
    },
    Setting {
        name: "OPENPRM_EVENT_RETENTION_DAYS",
        default: "400",
        meaning: "How many days the events of the feed are kept, and their cursors are good; 30 to 3650.",
    },
    Setting {
        name: "OPENPRM_FILES_URL",
        default: "",
        meaning: "Where uploaded files lie: a folder, which every server of the database must share, or s3://BUCKET/PREFIX; by default the folder openprm-files beside an SQLite database, and in the present folder with PostgreSQL.",
    },
    Setting {
        name: "OPENPRM_S3_ENDPOINT",
        default: "",
        meaning: "The address of the store that speaks S3, as in https://minio.example.com; by default Amazon's of the region.",
    },
    Setting {
        name: "OPENPRM_S3_REGION",
        default: "us-east-1",
        meaning: "The region of the bucket.",
    },
    Setting {
        name: "OPENPRM_S3_KEY_ID",
        default: "",
        meaning: "The id of the key that reads, writes and deletes objects in the bucket; required with s3://.",
    },
    Setting {
        name: "OPENPRM_S3_SECRET",
        default: "",
        meaning: "The secret of that key; required with s3://.",
    },
    Setting {
        name: "OPENPRM_FILE_BYTES",
        default: "26214400",
        meaning: "The most bytes of an uploaded file.",
    },
    Setting {
        name: "OPENPRM_CLAMD",
        default: "",
        meaning: "The address HOST:PORT of ClamAV's daemon, which scans uploaded files; by default they are not scanned.",
    },
    Setting {
        name: "OPENPRM_IMPORT_RETENTION_DAYS",
        default: "90",
        meaning: "How many days the rows of an import and the content of its file are kept after its end, and it can be undone; 1 to 3650.",
    },
    Setting {
        name: "OPENPRM_WEBHOOK_SCHEDULE",
        default: "0,5,300,1800,7200,18000,36000,50400,72000,86400",
        meaning: "Seconds before each try of a webhook delivery, separated by commas; a fifth more or less by chance.",
    },
    Setting {
        name: "OPENPRM_WEBHOOK_TIMEOUT_SECONDS",
        default: "15",
        meaning: "How long a receiver of webhooks may take for its whole answer, 1 to 60.",
    },
    Setting {
        name: "OPENPRM_WEBHOOK_FAILING_SECONDS",
        default: "259200",
        meaning: "After how many seconds of nothing but failures a webhook endpoint is disabled, 1 to 2592000.",
    },
    Setting {
        name: "OPENPRM_WEBHOOK_RETENTION_DAYS",
        default: "30",
        meaning: "How many days webhook deliveries are kept once they are settled; 1 to 3650.",
    },
    Setting {
        name: "OPENPRM_WEBHOOK_ALLOW_HTTP",
        default: "off",
        meaning: "Whether webhooks may go to http:// addresses: on or off. For development.",
    },
    Setting {
        name: "OPENPRM_WEBHOOK_ALLOW_PRIVATE",
        default: "",
        meaning: "Networks that webhooks may go to though they are private, separated by commas, as in 10.1.0.0/16; on for all. For development, and for receivers within the vendor's own network.",
    },
    Setting {
        name: "OPENPRM_LOG",
        default: "info",
        meaning: "What is logged, in env_logger's form: warn, info, openprm=debug.",
    },
    Setting {
        name: "OPENPRM_REQUEST_LOG",
        default: "on",
        meaning: "Whether each request is logged with its operation, status and time: on or off.",
    },
];

/// The settings as a text for `--help`.
pub fn help() -> String {
    let mut text = String::from("Settings (environment variables):\n");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() {
            String::new()
        } else {
            format!(" [default: {}]", setting.default)
        };
        let _ = writeln!(text, "  {}{default}\n      {}", setting.name, setting.meaning);
    }
    text
}
