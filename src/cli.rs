//! The command line: `serve`, `migrate`, `openapi`, `import`, `admin`, `backup`, `verify`, `jobs`.
#![expect(clippy::print_stdout, reason = "what a command answers goes to standard output")]

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Parser, Subcommand};

use crate::{
    app,
    audit::{self, Anchor},
    auth::Caller,
    config::{self, Config},
    db::{Db, Settings, SystemClock},
    error::{Error, Result, codes},
    identity::{
        self,
        users::{RowScope, VendorRole},
    },
    imports::{self, ImportArgs},
    jobs,
    kernel::Time,
    server, verify,
};

/// Open-source, API-first partner relationship management.
#[derive(Debug, Parser)]
#[command(name = "openprm", version, after_long_help = config::help(), after_help = "Settings are environment variables; --help lists them.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API; makes and migrates the database if need be.
    Serve(Serve),
    /// Bring the database's schema up or down, or show where it stands.
    Migrate {
        #[command(subcommand)]
        way: Way,
    },
    /// Print the OpenAPI document.
    Openapi {
        /// Which form of it.
        #[arg(long, value_enum, default_value = "openapi")]
        form: Form,
    },
    /// Bring in CSV files, repeatably, with a verdict for every row.
    Import(ImportArgs),
    /// Look after users.
    Admin {
        #[command(subcommand)]
        act: Act,
    },
    /// Copy the database into a file, while it is in use.
    Backup {
        /// The file to make; it must not exist.
        file: PathBuf,
    },
    /// Check every invariant of the data, and walk the audit chain.
    Verify(Verify),
    /// Run the recurring work of the server by hand.
    Jobs {
        #[command(subcommand)]
        act: JobAct,
    },
}

#[derive(Debug, Args)]
struct Verify {
    /// A link of the audit chain that was noted earlier, as POSITION:HASH: the chain must still have it.
    #[arg(long, value_name = "POSITION:HASH")]
    anchor: Option<Anchor>,
}

#[derive(Debug, Subcommand)]
enum JobAct {
    /// List the jobs, and when each ran and will run.
    List,
    /// Run one now, whether or not it is due; nothing happens while a server runs it.
    Run {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
struct Serve {
    /// Fill an empty database with a believable program, and print a login for each role.
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Way {
    /// Run every migration that the database lacks.
    Up,
    /// Undo the newest migration.
    Down,
    /// List the migrations.
    Status,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Form {
    /// OpenAPI 3.1.
    Openapi,
    /// OpenAPI 3.0.3, for tools that read no newer one.
    Openapi30,
    /// OpenAPI 3.1 without webhooks.
    NoWebhooks,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a user of the vendor who can sign in at once.
    CreateUser {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// Their name.
        #[arg(long)]
        name: String,
        /// Their roles: admin, channel_ops, cam, approver, finance, content_manager, analyst.
        #[arg(long, value_delimiter = ',', required = true)]
        roles: Vec<VendorRole>,
        /// Their password; by default one is made and printed.
        #[arg(long)]
        password: Option<String>,
    },
}

impl Cli {
    /// Whether the demo program is served, which needs fewer settings than what somebody relies on.
    pub const fn is_demo(&self) -> bool {
        matches!(self.command, Command::Serve(Serve { demo: true }))
    }
}

/// Runs the command.
///
/// # Errors
/// What the command could not do, in a sentence that says what to do about it.
pub fn run(cli: Cli, config: Config) -> Result<()> {
    match cli.command {
        Command::Serve(options) => server::run(config, options.demo),
        Command::Migrate { way } => migrate(&config, way),
        Command::Openapi { form } => openapi(&config, form),
        Command::Import(arguments) => import(config, &arguments),
        Command::Admin { act } => admin(&config, act),
        Command::Backup { file } => {
            open(&config)?.backup(&file)?;
            println!("The backup is in {}.", file.display());
            Ok(())
        }
        Command::Verify(options) => check(&config, options.anchor.as_ref()),
        Command::Jobs { act } => run_jobs(&config, act),
    }
}

/// Opens the configured database.
///
/// # Errors
/// `unavailable` if it cannot be reached.
pub fn open(config: &Config) -> Result<Db> {
    open_with(config, config.pool)
}

/// Opens the configured database with so many connections.
///
/// # Errors
/// `unavailable` if it cannot be reached.
pub fn open_with(config: &Config, connections: u32) -> Result<Db> {
    Db::open(
        &Settings {
            url: config.database_url.clone(),
            pool: connections,
            durable: true,
        },
        Arc::new(SystemClock),
    )
}

fn migrate(config: &Config, way: Way) -> Result<()> {
    let db = open(config)?;
    match way {
        Way::Up => match db.migrate_up()?.as_slice() {
            [] => println!("The schema is up to date."),
            done => println!("Done: {}.", done.join(", ")),
        },
        Way::Down => println!("Undone: {}.", db.migrate_down()?),
        Way::Status => {
            for state in db.migrations()? {
                println!(
                    "{} {}",
                    state.version,
                    if state.applied { "applied" } else { "pending" }
                );
            }
        }
    }
    Ok(())
}

fn openapi(config: &Config, form: Form) -> Result<()> {
    let document = app::document_of(config.modules)?;
    let document = match form {
        Form::Openapi => document,
        Form::Openapi30 => crate::http::document::openapi_3_0(&document),
        Form::NoWebhooks => crate::http::document::without_webhooks(&document),
    };
    println!("{}", serde_json::to_string_pretty(&document).map_err(Error::internal)?);
    Ok(())
}

fn import(config: Config, arguments: &ImportArgs) -> Result<()> {
    let config = Config {
        database_url: arguments.url.clone().unwrap_or(config.database_url),
        ..config
    };
    let db = open(&config)?;
    db.migrate_up()?;
    let summary = imports::command(&db, arguments)?;
    println!("{summary}");
    Ok(())
}

fn admin(config: &Config, act: Act) -> Result<()> {
    let db = open(config)?;
    db.migrate_up()?;
    let Act::CreateUser {
        email,
        name,
        roles,
        password,
    } = act;
    let password = password.unwrap_or_else(identity::made_up_password);
    let new = identity::NewUser {
        id: None,
        email,
        name,
        password_hash: Some(identity::hash_password(&password)?),
        access: identity::Access::Vendor {
            roles,
            row_scope: RowScope::All,
            team: None,
            territories: Vec::new(),
        },
    };
    let user = db.run_now(&Caller::system("command line"), move |tx| {
        identity::create_user(tx, &new)
    })?;
    println!("{} can sign in with the password: {password}", user.email);
    Ok(())
}

fn check(config: &Config, anchor: Option<&Anchor>) -> Result<()> {
    let db = open(config)?;
    let caller = Caller::system("verify");
    let mut findings = db.ask_now(&caller, verify::findings)?;
    let report = db.ask_now(&caller, audit::verify)?;
    findings.extend(verify::of_audit(&report));
    if let Some(anchor) = anchor {
        let kept = db.ask_now(&caller, |tx| audit::anchored(tx, anchor))?;
        findings.push(verify::Finding {
            invariant: "the audit chain has the link that was noted",
            count: i64::from(!kept),
            first: (!kept).then(|| format!("there is no link {anchor}; the chain was made anew since then")),
        });
    }
    for finding in &findings {
        println!("{:>8}  {}", finding.count, finding.invariant);
        if let Some(first) = &finding.first {
            println!("          {first}");
        }
    }
    if let Some(head) = &report.head {
        println!("The audit chain ends with {head}; keep that elsewhere, to be checked with --anchor.");
    }
    if report.tail > 0 {
        println!(
            "{} audit records are not chained yet; the server chains them.",
            report.tail
        );
    }
    let broken = findings.iter().filter(|finding| finding.count != 0).count();
    if broken == 0 {
        println!("{} invariants hold.", findings.len());
        Ok(())
    } else {
        Err(Error::new(&codes::INTERNAL).detail(format!(
            "{broken} invariants do not hold; the rows above count what breaks them."
        )))
    }
}

fn run_jobs(config: &Config, act: JobAct) -> Result<()> {
    let db = open(config)?;
    db.migrate_up()?;
    match act {
        JobAct::List => {
            for (job, state) in jobs::states(&db, config.modules)? {
                let moment = |at: Option<Time>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                println!("{:<24} {}", job.name, job.does);
                println!(
                    "{:<24} last run {}, next {}{}",
                    "",
                    moment(state.as_ref().and_then(|state| state.finished_at)),
                    moment(state.as_ref().map(|state| state.due_at)),
                    state
                        .and_then(|state| state.last_error)
                        .map_or_else(String::new, |error| format!("; failed: {error}"))
                );
            }
            Ok(())
        }
        JobAct::Run { name } => {
            let contract = app::Contract::of(config.modules)?;
            let done = jobs::run_by_name(&db, &contract.switches, &name)?;
            println!("{name}: {done} done.");
            Ok(())
        }
    }
}
