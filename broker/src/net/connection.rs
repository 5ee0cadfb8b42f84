//! One connection: read frames, have them handled, send the answers in order.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::{FuturesOrdered, StreamExt};
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use crate::limits::IN_FLIGHT_PER_CONNECTION_MAX;
use crate::net::admission::FrameBudget;
use crate::net::buffers::BufferPool;
use crate::net::frame::{FrameError, Input};
use crate::net::idle::Activity;
use crate::net::service::LaterAnswer;
use crate::net::{Outcome, Outgoing, Peer, Service};

/// What the connections of one thread have in common.
pub(super) struct Shared {
    pub(super) service: Arc<dyn Service>,
    pub(super) buffers: BufferPool,
    pub(super) budget: FrameBudget,
    pub(super) request_bytes_max: usize,
}

/// Why a connection ended.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error("closed by the peer")]
    ByPeer,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("closed after a request that has no answer")]
    ByService,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A connection and its state.
pub(super) struct Connection {
    stream: TcpStream,
    peer: Peer,
    shared: Rc<Shared>,
    activity: Rc<Activity>,
    input: Input,
    outgoing: Outgoing,
    /// Answers outstanding, and those that stand behind one, in the order of the requests.
    pending: FuturesOrdered<LaterAnswer>,
    /// Share of the budget that belongs to the incomplete frame at the front.
    share: Option<OwnedSemaphorePermit>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, peer: Peer, shared: Rc<Shared>, activity: Rc<Activity>) -> Self {
        Self {
            stream,
            peer,
            shared,
            activity,
            input: Input::default(),
            outgoing: Outgoing::default(),
            pending: FuturesOrdered::new(),
            share: None,
        }
    }

    /// Serves the connection until either side ends it.
    pub(super) async fn run(mut self) -> Ended {
        loop {
            let handled = self.handle_frames();
            if let Err(error) = self.outgoing.send(&self.stream, &self.activity).await {
                return error.into();
            }
            let waited = match handled {
                Ok(true) => continue,
                Ok(false) => self.wait().await,
                Err(ended) => return ended,
            };
            if let Err(ended) = waited {
                return ended;
            }
        }
    }

    /// Handles the frames that are whole, up to one that must wait for an answer outstanding. True
    /// when it stopped at enough answers to send, so that more frames may be there.
    fn handle_frames(&mut self) -> Result<bool, Ended> {
        while !self.must_wait()? {
            if self.outgoing.is_full() {
                return Ok(true);
            }
            let Some(frame) = self.input.next_frame(self.shared.request_bytes_max)? else { break };
            self.share = None;
            if self.pending.is_empty() {
                match self.shared.service.handle(&self.peer, frame, &mut self.outgoing) {
                    Outcome::Answered | Outcome::Unanswered => {}
                    Outcome::Later(answer) => self.pending.push_back(answer),
                    Outcome::Close => return Err(Ended::ByService),
                }
            } else {
                Self::handle_behind(&*self.shared.service, &self.peer, frame, &mut self.pending)?;
            }
        }
        Ok(false)
    }

    /// Whether a frame is whole that must not be handled before another answer is there.
    fn must_wait(&self) -> Result<bool, FrameError> {
        if self.pending.is_empty() {
            return Ok(false);
        }
        let frame = self.input.frame(self.shared.request_bytes_max)?;
        let is_full = self.pending.len() >= IN_FLIGHT_PER_CONNECTION_MAX;
        Ok(frame.is_some_and(|frame| is_full || !self.shared.service.may_overtake(frame)))
    }

    /// Handles a frame whose answer stands behind others.
    fn handle_behind(
        service: &dyn Service,
        peer: &Peer,
        frame: &[u8],
        pending: &mut FuturesOrdered<LaterAnswer>,
    ) -> Result<(), Ended> {
        let mut answer = Outgoing::default();
        match service.handle(peer, frame, &mut answer) {
            Outcome::Answered => pending.push_back(Box::pin(std::future::ready(Some(answer)))),
            Outcome::Unanswered => {}
            Outcome::Later(answer) => pending.push_back(answer),
            Outcome::Close => return Err(Ended::ByService),
        }
        Ok(())
    }

    /// Waits for more bytes, or for the first of the outstanding answers.
    async fn wait(&mut self) -> Result<(), Ended> {
        self.input.release_if_empty(&self.shared.buffers);
        if self.pending.is_empty() {
            self.outgoing.release();
            return self.receive().await;
        }
        if self.must_wait()? {
            let answer = self.pending.next().await;
            return self.take_answers(answer.flatten());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let event = tokio::select! {
            biased;
            answer = pending.next() => Ok(answer.flatten()),
            received = self.receive() => Err(received),
        };
        self.pending = pending;
        match event {
            Ok(answer) => self.take_answers(answer),
            Err(received) => received,
        }
    }

    /// Adds an answer that came, and those behind it that are there too.
    fn take_answers(&mut self, answer: Option<Outgoing>) -> Result<(), Ended> {
        self.outgoing.append(answer.ok_or(Ended::ByService)?);
        while !self.outgoing.is_full() {
            match futures_util::FutureExt::now_or_never(self.pending.next()) {
                Some(Some(answer)) => self.outgoing.append(answer.ok_or(Ended::ByService)?),
                Some(None) | None => break,
            }
        }
        Ok(())
    }

    /// Reads what is there, waiting for something. Safe to drop while it waits.
    async fn receive(&mut self) -> Result<(), Ended> {
        if self.share.is_none()
            && let Some(length) = self.input.frame_length(self.shared.request_bytes_max)?
            && FrameBudget::applies_to(length)
        {
            self.share = self.shared.budget.share(length).await;
            self.activity.touch();
        }
        self.activity.holds_budget.set(self.share.is_some());
        self.stream.readable().await?;
        let buffer = self.input.room(&self.shared.buffers);
        let read = self.stream.read_buf(buffer).await?;
        self.input.received();
        self.activity.touch();
        if read == 0 { Err(Ended::ByPeer) } else { Ok(()) }
    }
}
