//! Ports that no other test takes, also not while a node is down between two starts.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex};

/// Below the range from which the kernel numbers outgoing connections, so that a stopped node's
/// port isn't taken by somebody's connection before the node starts again.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// The ports of this process, each with its locked file; a port stays ours until the process ends.
static TAKEN: LazyLock<Mutex<BTreeMap<u16, File>>> = LazyLock::new(Mutex::default);

/// A port on 127.0.0.1 on which nobody listens and which no other process with this harness takes.
///
/// # Panics
/// When no port of the range is free.
pub fn free_port() -> u16 {
    let mut taken = TAKEN.lock().expect("no holder of the port table panics");
    let span = u32::from(PORTS.end - PORTS.start);
    let first = std::process::id().wrapping_mul(97) % span;
    for step in 0..span {
        let offset = u16::try_from((first + step) % span).expect("the range is shorter than u16");
        let port = PORTS.start + offset;
        if taken.contains_key(&port) {
            continue;
        }
        let Some(lock) = lock_port(port) else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            taken.insert(port, lock);
            return port;
        }
    }
    panic!("no free port between {} and {}", PORTS.start, PORTS.end)
}

fn lock_port(port: u16) -> Option<File> {
    // One directory per user: nobody can write into another's.
    let user = rustix::process::getuid().as_raw();
    let dir = std::env::temp_dir().join(format!("kraftlog-interop-ports-{user}"));
    std::fs::create_dir_all(&dir).expect("the temporary directory can be written");
    let file = File::create(dir.join(port.to_string())).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_port_is_given_twice() {
        let ports: std::collections::BTreeSet<u16> = (0..20).map(|_| super::free_port()).collect();
        assert_eq!(ports.len(), 20);
    }
}
