//! Providers of all kinds, honest and hostile: a hostile one signs nobody in and reaches nothing of ours.

mod certified;
mod documented;
mod endpoints;
mod id_token;
mod kinds;
mod quirks;
