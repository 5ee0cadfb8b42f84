//! Kraftlog.

pub mod batch;
pub mod compression;
