//! What went wrong, in words that name host, address and cause.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use wire::ErrorCode;

use crate::config::HostPort;

/// Why a request has no answer, or a bad one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No server could be reached; one line for each that was tried.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unreachable(Vec<Unreachable>),
    /// The connection broke after it had worked.
    #[error("{server}: the connection was lost: {error}")]
    Lost {
        /// The server.
        server: HostPort,
        /// What the system said.
        error: io::Error,
    },
    /// The server's answer makes no sense.
    #[error("{server}: {reason}")]
    Garbled {
        /// The server.
        server: HostPort,
        /// What makes no sense.
        reason: String,
    },
    /// The server said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was waited for did not come.
    #[error("{0}")]
    TimedOut(String),
}

impl ClientError {
    /// Whether the same request may be answered by another server, or a moment later.
    pub(crate) fn is_retriable(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            Self::Refused(refusal) => refusal.code.is_retriable(),
            _ => false,
        }
    }
}

/// A refusal, with the server's words or else Kafka's for the code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

/// A server that could not be reached.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) server: HostPort,
    /// What its name resolved to.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) cause: Cause,
}

/// Why it could not be reached.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The name has no address.
    Unresolved(io::Error),
    /// No address took the connection; the last error.
    Refused(io::Error),
    /// It took the connection and did not answer a first request.
    Silent(io::Error),
    /// It offers no version in which the request can be said.
    TooOld(wire::EncodeError),
    /// It answered with something that is not Kafka's protocol.
    NotKafka(Vec<u8>),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot reach a broker at {}: ", self.server)?;
        match &self.cause {
            Cause::Unresolved(error) => {
                return write!(f, "the name {:?} could not be resolved ({error})", self.server.host);
            }
            Cause::Refused(error) => write!(f, "{}", connect_words(error))?,
            Cause::Silent(error) => write!(f, "{}", silence_words(error))?,
            Cause::TooOld(error) => write!(f, "the server is too old for these tools: {error}")?,
            Cause::NotKafka(bytes) => write!(f, "{}", foreign_words(bytes))?,
        }
        let mut addresses: Vec<String> =
            self.addresses.iter().map(|address| address.ip().to_string()).collect();
        addresses.dedup();
        if addresses.as_slice() != [self.server.host.as_str()] {
            write!(f, " ({} is {})", self.server.host, addresses.join(", "))?;
        }
        Ok(())
    }
}

fn connect_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused: nothing listens on this port".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            "no answer to the connection attempt: a firewall, or the wrong address".to_owned()
        }
        _ => format!("connecting failed: {error}"),
    }
}

fn silence_words(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            "connected, but no answer came; is this a Kafka port? A port that expects TLS can also be silent"
        }
        _ => {
            "connected, but the connection was closed at the first request; the port may expect TLS or SASL, and these \
             tools speak PLAINTEXT"
        }
    }
}

fn foreign_words(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x15, 0x03, ..] => {
            "connected, and got a TLS alert: this port expects TLS, and these tools speak PLAINTEXT; use a PLAINTEXT listener"
        }
        [b'H', b'T', b'T', b'P', ..] => "connected, and got HTTP: this port is a web server's",
        _ => "connected, and got something that is not Kafka's protocol",
    }
}
