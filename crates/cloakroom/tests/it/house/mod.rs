//! The library as a whole: its architecture, documents, configuration, and several nodes on one database.

mod architecture;
mod catalogue;
mod config;
mod development;
mod embed;
mod hearing;
mod meeting;
mod openapi;
mod pooler;
mod readiness;
mod rotation;
