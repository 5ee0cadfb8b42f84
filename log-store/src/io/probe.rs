//! Which backend this process gets, and why.

use std::fmt::{self, Display, Formatter};
use std::io::{Error, Result};
use std::sync::Arc;

use super::{BlockingIo, Io, UringIo};

/// A backend that reaches a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// [`UringIo`].
    Uring,
    /// [`BlockingIo`].
    Blocking,
}

impl Display for Backend {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uring => "io_uring",
            Self::Blocking => "blocking",
        })
    }
}

/// What [`probe`] found.
#[derive(Clone, Debug)]
pub struct Probed {
    /// Ready for use.
    pub io: Arc<dyn Io>,
    /// Which it is.
    pub backend: Backend,
    /// Why, as half a sentence for the log.
    pub reason: String,
}

/// Gives the backend asked for; otherwise io_uring where the kernel lets this process have it
/// (containers often don't) and the blocking one elsewhere.
///
/// # Errors
/// io_uring was asked for and the kernel refuses it.
pub fn probe(wanted: Option<Backend>) -> Result<Probed> {
    let blocking = |reason| Probed { io: Arc::new(BlockingIo::new()), backend: Backend::Blocking, reason };
    if wanted == Some(Backend::Blocking) {
        return Ok(blocking("as configured".into()));
    }
    match UringIo::new() {
        Ok(io) => {
            let reason = if wanted.is_some() { "as configured" } else { "the kernel allows it" };
            Ok(Probed { io: Arc::new(io), backend: Backend::Uring, reason: reason.into() })
        }
        Err(error) if wanted.is_some() => Err(Error::new(error.kind(), explain(&error))),
        Err(error) => Ok(blocking(explain(&error))),
    }
}

fn explain(error: &Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => "this kernel has no io_uring, or a seccomp filter hides it".into(),
        Some(libc::EPERM | libc::EACCES) => {
            "io_uring is forbidden here (seccomp, or the sysctl kernel.io_uring_disabled)".into()
        }
        Some(libc::ENOMEM) => "io_uring got no locked memory (ulimit -l)".into(),
        _ => format!("io_uring failed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_backend_is_given_and_the_reason_told() {
        let probed = probe(Some(Backend::Blocking)).unwrap();
        assert_eq!((probed.backend, probed.reason.as_str()), (Backend::Blocking, "as configured"));
    }

    #[test]
    fn without_a_wish_there_is_always_a_backend() {
        let probed = probe(None).unwrap();
        let expected = if UringIo::new().is_ok() { Backend::Uring } else { Backend::Blocking };
        assert_eq!(probed.backend, expected, "{}", probed.reason);
    }

    #[test]
    fn a_refusal_names_what_forbids_io_uring() {
        let sentence = |code| explain(&Error::from_raw_os_error(code));
        assert!(sentence(libc::EPERM).contains("seccomp"));
        assert!(sentence(libc::ENOSYS).contains("no io_uring"));
        assert!(sentence(libc::ENOMEM).contains("ulimit -l"));
        assert!(sentence(libc::EMFILE).contains("Too many open files"));
    }
}
