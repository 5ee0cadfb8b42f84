//! Addresses in settings: `host:port`, `NAME://host:port`, `id@host:port`.

use std::fmt;

/// A host and a port, as written: nothing is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// Name or literal address; IPv6 without its brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl HostPort {
    /// Reads `host:port`, with brackets or not around an IPv6 address, with or without a leading `scheme://`.
    ///
    /// # Errors
    ///
    /// A sentence that names the form and what was found.
    pub fn parse(text: &str) -> Result<Self, String> {
        let address = text.split_once("://").map_or(text, |(_, address)| address);
        let (host, port) = split_host_port(address)?;
        if host.is_empty() {
            return Err(format!("expected host:port, got {text:?}"));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// One entry of `listeners` or `advertised.listeners`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerAddress {
    /// The listener's name, in capitals as Kafka normalises it.
    pub name: String,
    /// `None` when the host is empty: every interface.
    pub host: Option<String>,
    /// TCP port; 0 lets the system choose.
    pub port: u16,
}

impl fmt::Display for ListenerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) if host.contains(':') => write!(f, "{}://[{host}]:{}", self.name, self.port),
            Some(host) => write!(f, "{}://{host}:{}", self.name, self.port),
            None => write!(f, "{}://:{}", self.name, self.port),
        }
    }
}

impl ListenerAddress {
    /// Reads `NAME://host:port`; the host may be empty.
    ///
    /// # Errors
    ///
    /// A sentence that names the form and what was found.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((name, address)) = text.split_once("://").filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("expected NAME://host:port, got {text:?}"));
        };
        let (host, port) = split_host_port(address)?;
        let host = (!host.is_empty()).then(|| host.to_owned());
        Ok(Self { name: name.to_uppercase(), host, port })
    }

    /// Whether the host is the address that stands for all IPv4 interfaces, which nobody can dial.
    pub fn is_wildcard_v4(&self) -> bool {
        self.host.as_deref() == Some("0.0.0.0")
    }
}

/// One entry of `controller.quorum.voters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoterAddress {
    /// The voter's `node.id`.
    pub id: i32,
    /// Where it listens.
    pub address: HostPort,
}

impl VoterAddress {
    /// Reads `id@host:port`.
    ///
    /// # Errors
    ///
    /// A sentence that names the form and what was found.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((id, address)) = text.split_once('@') else {
            return Err(format!("expected id@host:port, got {text:?}"));
        };
        let id = id.trim().parse::<i32>().ok().filter(|&id| id >= 0);
        let id =
            id.ok_or_else(|| format!("expected id@host:port with a whole number ≥ 0 as id, got {text:?}"))?;
        let address = HostPort::parse(address).map_err(|_| format!("expected id@host:port, got {text:?}"))?;
        Ok(Self { id, address })
    }
}

/// Splits at the last colon; the host may be empty and loses its brackets.
fn split_host_port(address: &str) -> Result<(&str, u16), String> {
    let bad = || format!("expected host:port, got {address:?}");
    let (host, port) = address.rsplit_once(':').ok_or_else(bad)?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').ok_or_else(bad)?,
        None => host,
    };
    if !host.chars().all(is_host_character) {
        return Err(format!("{host:?} is not a host name or address"));
    }
    let port = port.parse::<u16>().map_err(|_| format!("expected a port from 0 to 65535, got {port:?}"))?;
    Ok((host, port))
}

fn is_host_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '%' | '.' | '_' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_name_host_port() {
        let listener = ListenerAddress::parse("plaintext://localhost:9092").unwrap();
        assert_eq!(listener.to_string(), "PLAINTEXT://localhost:9092");
        let any = ListenerAddress::parse("PLAINTEXT://:9092").unwrap();
        assert_eq!((any.host.as_deref(), any.port), (None, 9092));
        let six = ListenerAddress::parse("A://[::1]:1").unwrap();
        assert_eq!((six.host.as_deref(), six.to_string().as_str()), (Some("::1"), "A://[::1]:1"));
    }

    #[test]
    fn bad_listeners_say_what_was_expected() {
        for (text, message) in [
            ("localhost:9092", "expected NAME://host:port, got \"localhost:9092\""),
            ("://h:1", "expected NAME://host:port, got \"://h:1\""),
            ("A://host", "expected host:port, got \"host\""),
            ("A://host:x", "expected a port from 0 to 65535, got \"x\""),
            ("A://host:70000", "expected a port from 0 to 65535, got \"70000\""),
            ("A://ho st:1", "\"ho st\" is not a host name or address"),
        ] {
            assert_eq!(ListenerAddress::parse(text).unwrap_err(), message, "{text}");
        }
    }

    #[test]
    fn voters_are_id_at_host_port() {
        let voter = VoterAddress::parse("3@localhost:9093").unwrap();
        assert_eq!((voter.id, voter.address.to_string().as_str()), (3, "localhost:9093"));
        assert_eq!(
            VoterAddress::parse("localhost:9093").unwrap_err(),
            "expected id@host:port, got \"localhost:9093\""
        );
        assert!(VoterAddress::parse("x@localhost:9093").unwrap_err().contains("whole number"));
        assert!(VoterAddress::parse("1@localhost").is_err());
    }

    #[test]
    fn a_bootstrap_server_needs_a_host() {
        assert!(HostPort::parse(":9092").is_err());
        assert_eq!(HostPort::parse("[::1]:9092").unwrap().to_string(), "[::1]:9092");
        assert_eq!(HostPort::parse("PLAINTEXT://h:1").unwrap().host, "h");
    }
}
