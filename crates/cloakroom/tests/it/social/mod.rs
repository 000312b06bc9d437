//! Signing in with a provider, and linked identities.

mod answer;
mod attempt;
mod callback;
mod email;
mod identities;
mod issuer;
mod link;
mod oidc_provider;
mod pause;
mod provider;
mod provider_kinds;
mod provider_quirks;
mod sign_in;
mod steps;
