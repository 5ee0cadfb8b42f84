//! Kraftlog.
