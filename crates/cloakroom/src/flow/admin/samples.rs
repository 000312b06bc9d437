//! The sample users of development.

use crate::context::Context;
use crate::error::Result;
use crate::flow::admin::administration::{Actor, Administration, NewAccount, Rank};

/// The password of the sample users. Everybody knows it.
pub const PASSWORD: &str = "correct-horse-battery";

/// Adds three sample users to an empty database.
pub(crate) async fn add(context: &Context) -> Result<()> {
    let administration = Administration::new(context.clone()).by(Actor::service("development"));
    if !administration.accounts(None, 1).await?.accounts.is_empty() {
        return Ok(());
    }
    let sample = |email| NewAccount::new(email, PASSWORD);
    // All are added at once: an interrupted start leaves none of them, and the next one finds an empty database.
    let people = [
        sample("ada@example.test").rank(Rank::Superuser),
        sample("grace@example.test"),
        sample("alan@example.test").deactivated(),
    ];
    administration.add_all(&people).await.map(drop)
}
