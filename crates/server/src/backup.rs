//! `cloakroom backup`, `restore`, and `session end`, which is needed after a restore.

use std::path::Path;

use crate::Failure;
use crate::audit::actor;
use crate::cli::Place;
use crate::instance::Instance;
use crate::user::say;

/// Runs `cloakroom backup FILE`.
pub(crate) async fn backup(place: &Place, file: &Path) -> Result<(), Failure> {
    cloakroom::backup::backup(&place.config()?, file).await?;
    say(&format!(
        "{} holds everything, and has been checked. Keep it as close as the database.",
        file.display()
    ));
    Ok(())
}

/// Runs `cloakroom restore FILE`.
pub(crate) async fn restore(place: &Place, file: &Path, keeps_sessions: bool) -> Result<(), Failure> {
    let config = place.config()?;
    // A running server would continue with the old file.
    let _instance = Instance::claim(&config)?;
    let ended = cloakroom::backup::restore(&config, file, keeps_sessions).await?;
    let sessions = if keeps_sessions {
        "Sessions are as they were then: whoever signed out since is signed in again.".to_owned()
    } else {
        format!("{ended} sessions have ended.")
    };
    say(&format!(
        "{} is in place; what was there before is beside it, as .replaced. {sessions}",
        file.display()
    ));
    Ok(())
}

/// Runs `cloakroom session end --all`.
pub(crate) async fn end_sessions(place: &Place) -> Result<(), Failure> {
    let ended = place.open().await?.administration().by(actor()).end_all_sessions().await?;
    say(&format!("{ended} sessions have ended."));
    Ok(())
}
