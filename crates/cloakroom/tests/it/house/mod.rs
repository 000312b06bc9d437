//! The library as a whole: architecture, documents, configuration, embedding, and several nodes on one
//! database.

mod architecture;
mod catalogue;
mod config;
mod development;
mod embed;
mod openapi;
mod overlapping_requests;
mod pooler;
mod readiness;
mod revocation_listener;
mod secret_rotation;
mod shared_database;
