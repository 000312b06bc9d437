//! Providers that lie, break and lead astray: nobody is signed in by them, and nothing of ours is called for them.

mod certified;
mod documented;
mod endpoints;
mod id_token;
mod kinds;
mod quirks;
