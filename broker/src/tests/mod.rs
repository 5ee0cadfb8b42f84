//! The broker as its clients see it, over real sockets.

mod fetch;
mod metadata;
mod produce;
