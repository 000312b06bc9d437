//! `GET /api/social/` and `DELETE /api/social/identities/{identity_id}/`

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::flow::social::identities;
use crate::http::extract::Segment;
use crate::http::json::{Json, Nothing};
use crate::http::visit::Visit;
use crate::http::wire::Detail;
use crate::http::wire::ProviderView;
use crate::mail::outbox::Occasion;
use crate::model::social::Identity;

/// A provider's account that opens this one.
#[derive(Serialize, ToSchema)]
struct IdentityView {
    /// To unlink it by.
    id: String,
    /// The provider's id.
    provider: String,
    /// The name that its owner knows it by.
    label: String,
    /// Since when it opens this account.
    #[schema(value_type = String, format = DateTime)]
    linked_at: Timestamp,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id,
            provider: identity.provider,
            label: identity.label,
            linked_at: identity.linked_at,
        }
    }
}

/// The linked identities, and the providers that could be linked.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Linked {
    /// Oldest first.
    identities: Vec<IdentityView>,
    /// Every provider of this installation.
    providers: Vec<ProviderView>,
}

/// List linked identities
#[utoipa::path(
    get,
    path = "/api/social/",
    tag = "social",
    responses((status = 200, body = Linked)),
)]
pub(in crate::http) async fn identities(visit: Visit) -> Result<Json<Linked>> {
    let linked = identities::list(visit.context(), visit.require_session().await?).await?;
    Ok(Json(Linked {
        identities: linked.into_iter().map(IdentityView::from).collect(),
        providers: visit.context().config().provider.iter().map(ProviderView::from).collect(),
    }))
}

/// Unlink
///
/// Needs a recent proof of identity. The last way to sign in stays.
#[utoipa::path(
    delete,
    path = "/api/social/identities/{identity_id}/",
    tag = "social",
    params(("identity_id" = String, Path, description = "As `GET /api/social/` tells it")),
    responses(
        (status = 200, body = Detail),
        (status = 403, description = "reauthentication_required"),
        (status = 404, description = "not_found"),
        (status = 409, description = "last_sign_in_method"),
    ),
)]
pub(in crate::http) async fn unlink(
    visit: Visit,
    occasion: Occasion,
    Segment(identity_id): Segment,
    _: Nothing,
) -> Result<Json<Detail>> {
    identities::unlink(visit.context(), visit.authenticated(&occasion).await?, &identity_id).await?;
    Ok(Json(Detail { detail: "Unlinked" }))
}
