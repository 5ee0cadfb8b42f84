//! Kraftlog.
mod group;
