//! Addresses to bind, and addresses to tell.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use broker::AdvertisedListener;
use broker::net::{ListenerInfo, ListenerKind, NetConfig, Server};

use crate::config::{ListenerAddress, NodeConfig};

/// Opens the listening sockets of all roles; the error names the listener and what is wrong with it.
pub(super) fn bind(config: &NodeConfig) -> Result<Server, String> {
    let mut listeners = Vec::new();
    for address in &config.listeners.bound {
        let kind = match config.listeners.is_controller(address) {
            true => ListenerKind::Controller,
            false => ListenerKind::Broker,
        };
        let resolved = resolve(address).map_err(|error| format!("listener {address}: {error}"))?;
        listeners.push((ListenerInfo { name: address.name.clone(), kind }, resolved));
    }
    Server::bind(listeners, net_config(config)).map_err(|(address, error)| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another process: stop it, or change the port in `listeners`")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Where clients reach the broker's listeners.
pub(super) fn advertised(config: &NodeConfig, server: &Server) -> Vec<AdvertisedListener> {
    let told = |address: &ListenerAddress| AdvertisedListener {
        name: address.name.clone(),
        host: address.host.clone().unwrap_or_else(host_name),
        // Port 0 stands for the one that the system has chosen.
        port: match address.port {
            0 => server.address(&address.name).map_or(0, |bound| bound.port()),
            port => port,
        },
        security_protocol: config
            .listeners
            .protocols
            .get(&address.name)
            .map_or(0, |protocol| protocol.code()),
    };
    config.listeners.advertised_broker().map(told).collect()
}

/// The name of this machine, as a listener without a host is told to the cluster.
pub(super) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

fn resolve(address: &ListenerAddress) -> io::Result<SocketAddr> {
    let Some(host) = &address.host else { return Ok(wildcard(address.port)) };
    let mut found = (host.as_str(), address.port).to_socket_addrs()?;
    found.next().ok_or_else(|| io::Error::other(format!("{host} has no address")))
}

/// Every address of the machine, of both families where it has both.
fn wildcard(port: u16) -> SocketAddr {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => (Ipv6Addr::UNSPECIFIED, port).into(),
        Err(_) => (Ipv4Addr::UNSPECIFIED, port).into(),
    }
}

fn net_config(config: &NodeConfig) -> NetConfig {
    let values = &config.values;
    let size = |key: &str| usize::try_from(values.integer(key)).ok();
    let overrides = values.list("max.connections.per.ip.overrides");
    let per_ip = |entry: &String| {
        let (host, count) = entry.rsplit_once(':')?;
        Some((host.trim().parse().ok()?, count.trim().parse().ok()?))
    };
    NetConfig {
        threads: None,
        socket_request_max_bytes: size("socket.request.max.bytes").unwrap_or(0),
        socket_send_buffer_bytes: size("socket.send.buffer.bytes"),
        socket_receive_buffer_bytes: size("socket.receive.buffer.bytes"),
        socket_listen_backlog: u32::try_from(values.integer("socket.listen.backlog.size")).unwrap_or(50),
        queued_max_request_bytes: size("queued.max.request.bytes"),
        connections_max_idle: std::time::Duration::from_millis(
            u64::try_from(values.integer("connections.max.idle.ms")).unwrap_or(u64::MAX / 1_000),
        ),
        max_connections: size("max.connections").unwrap_or(usize::MAX),
        max_connections_per_ip: size("max.connections.per.ip").unwrap_or(usize::MAX),
        max_connections_per_ip_overrides: overrides.iter().filter_map(per_ip).collect(),
    }
}
