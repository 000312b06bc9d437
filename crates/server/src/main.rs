//! The binary `cloakroom`: reads the command line and calls the module that does the work.

mod audit;
mod backup;
mod cli;
mod dev;
mod instance;
mod mail;
mod pages;
mod request_lines;
mod running;
mod start;
mod user;

use std::process::ExitCode;

use clap::Parser as _;
use cloakroom::config::Overrides;
use cloakroom::{Brand, Cloakroom, Config};
use cloakroom_edge::telemetry;

use crate::cli::{Arguments, Command, Place, SessionCommand};
use crate::user::say;

/// The allocator. A request makes about twenty small allocations, which take half the time of the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The reason why a command failed.
pub(crate) enum Failure {
    /// A wrong call of the command, with exit status 2.
    Usage(String),
    /// A refusal or an error, with exit status 1.
    Refused(String),
}

impl From<cloakroom::Error> for Failure {
    fn from(error: cloakroom::Error) -> Self {
        Self::Refused(match &error {
            cloakroom::Error::Validation(fields) => {
                fields.iter().map(|field| field.detail.as_str()).collect::<Vec<_>>().join("\n")
            }
            // The cause says what was tried, and where it is configured.
            cloakroom::Error::Unavailable(cause) => cause.to_string(),
            other => other.with_causes(),
        })
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<telemetry::log::Error> for Failure {
    fn from(error: telemetry::log::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::Refused(error.to_string())),
    };
    let status = match runtime.block_on(run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    };
    // A thread that hangs in a system call (a name look-up, say) must not keep the process alive.
    runtime.shutdown_background();
    status
}

fn fail(failure: &Failure) -> ExitCode {
    let (message, status) = match failure {
        Failure::Usage(message) => (message, 2),
        Failure::Refused(message) => (message, 1),
    };
    eprintln!("{message}");
    ExitCode::from(status)
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Dev { listen, data_dir } => dev::run(listen, &data_dir).await,
        Command::Serve { config, listen } => start::serve(config.as_deref(), listen).await,
        Command::User(command) => user::run(command).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Mail(command) => mail::run(command).await,
        Command::Session(SessionCommand::End { all: _, place }) => backup::end_sessions(&place).await,
        Command::Migrate(place) => migrate(&place).await,
        Command::Backup { file, place } => backup::backup(&place, &file).await,
        Command::Restore { file, keep_sessions, place } => {
            backup::restore(&place, &file, keep_sessions).await
        }
        Command::Check { place, example, schema } => check(&place, example, schema),
        Command::Openapi => {
            say(cloakroom::openapi().trim_end());
            Ok(())
        }
    }
}

/// Runs `cloakroom migrate`: opening the storage migrates it.
async fn migrate(place: &Place) -> Result<(), Failure> {
    let cloakroom = Cloakroom::for_administration(place.config()?).await?;
    cloakroom.close().await;
    say("The schema is up to date.");
    Ok(())
}

/// Runs `cloakroom check`: prints the configuration and the brand on standard output, and warnings about it on standard error.
fn check(place: &Place, example: bool, schema: bool) -> Result<(), Failure> {
    let text = match &place.data_dir {
        _ if example => Config::example(),
        _ if schema => format!("{:#}\n", Config::schema()),
        Some(directory) => Config::explain_development(directory)?,
        None => Config::explain(cli::config_file(place.config.as_deref()).as_deref(), &Overrides::default())?,
    };
    say(text.trim_end());
    if !example && !schema {
        let config = place.config()?;
        say(&format!("\n{}", Brand::open(&config)?.summary().trim_end()));
        for warning in config.warnings() {
            eprintln!("warning: {warning}");
        }
    }
    Ok(())
}
