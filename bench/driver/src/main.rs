//! `driver run | peers | soak | instructions | accept | page [--quick]`: what `make bench` and its sisters run.

mod chart;
mod circumstances;
mod commands;
mod http;
mod load;
mod page;
mod parts;
mod peers;
mod place;
mod process;
mod results;
mod seed;
mod sink;
mod statistics;
mod tables;
mod targets;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Whatever ends the work drops it, and a dropped server is killed.
    let outcome = tokio::select! {
        outcome = work(&arguments) => outcome,
        stopped = stopped() => stopped,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn work(arguments: &[String]) -> process::Result<()> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    match arguments.first().map(String::as_str) {
        Some("run") => commands::run(is_quick).await,
        Some("peers") => commands::peers(is_quick).await,
        Some("soak") => commands::soak(is_quick).await,
        Some("instructions") => commands::instructions(false).await,
        Some("accept") => commands::instructions(true).await,
        Some("page") => commands::write_page(),
        _ => Err("usage: driver run | peers | soak | instructions | accept | page [--quick]".into()),
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn stopped() -> process::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Err("stopped before the end".into())
}
