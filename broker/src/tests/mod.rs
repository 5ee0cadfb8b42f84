//! The broker as its clients see it, over real sockets.

mod admin;
mod configs;
mod disk;
mod fetch;
mod lifecycle;
mod metadata;
mod produce;
