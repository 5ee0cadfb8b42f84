//! Accepting connections and giving them to the threads.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

use crate::authorise::Principal;
use crate::limits::ACCEPT_RETRY_MS;
use crate::net::admission::{Admission, Place};
use crate::net::{ListenerInfo, NetConfig, Peer};

/// A connection on its way to a thread.
pub(super) struct Accepted {
    pub(super) stream: std::net::TcpStream,
    pub(super) peer: Peer,
    pub(super) place: Place,
}

/// A thread, as the acceptor sees it.
#[derive(Clone)]
pub(super) struct ThreadSlot {
    pub(super) connections: Arc<AtomicUsize>,
    pub(super) sender: UnboundedSender<Accepted>,
}

/// Opens a listening socket; connections queue in the kernel from here on.
pub(super) fn listen(address: SocketAddr, config: &NetConfig) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if let Some(bytes) = config.socket_receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(config.socket_listen_backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// Accepts connections of one listener until its task is dropped.
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) info: Arc<ListenerInfo>,
    pub(super) admission: Arc<Admission>,
    pub(super) threads: Vec<ThreadSlot>,
    pub(super) send_buffer_bytes: Option<usize>,
}

impl Acceptor {
    pub(super) async fn run(self) {
        loop {
            self.admission.wait_for_place().await;
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    if let Err(error) = self.hand_over(stream, address) {
                        tracing::debug!(%address, %error, "connection lost while it was accepted");
                    }
                }
                Err(error) => {
                    tracing::warn!(listener = self.info.name, %error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                }
            }
        }
    }

    /// Gives a connection to the thread that has the fewest.
    fn hand_over(&self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let Some(place) = self.admission.admit(address.ip()) else {
            tracing::info!(%address, "refused: max.connections.per.ip is reached");
            return Ok(());
        };
        let stream = stream.into_std()?;
        stream.set_nodelay(true)?;
        if let Some(bytes) = self.send_buffer_bytes {
            socket2::SockRef::from(&stream).set_send_buffer_size(bytes)?;
        }
        let peer = Peer { address, listener: Arc::clone(&self.info), principal: Principal::anonymous() };
        let least = self.threads.iter().min_by_key(|slot| slot.connections.load(Ordering::Relaxed));
        let slot = least.expect("a server has at least one thread");
        slot.connections.fetch_add(1, Ordering::Relaxed);
        if slot.sender.send(Accepted { stream, peer, place }).is_err() {
            tracing::debug!(%address, "dropped: the server is stopping");
        }
        Ok(())
    }
}
