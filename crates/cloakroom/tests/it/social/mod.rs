//! Sign-in with a provider, and linked identities.

mod answer;
mod attempt;
mod callback;
mod email;
mod identities;
mod issuer;
mod link;
mod pause;
mod provider;
mod sign_in;
mod steps;
