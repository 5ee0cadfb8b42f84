//! The five kinds of work, as numbers for the generator.

use std::time::{Duration, Instant};

use crate::bare::{self, Duty};
use crate::batches::Batch;
use crate::connection::ask;
use crate::frames;
use crate::generator::{GeneratorError, Limits, Measured, Source, generate};

/// The topic that fetches read; filled once per server.
const READ_TOPIC: &str = "read";
/// The topic that produce requests fill; made and deleted by each run.
const WRITE_TOPIC: &str = "write";
const READ_PARTITIONS: i32 = 4;
const READ_BATCH_BYTES: usize = 16 << 10;
const READ_PARTITION_BYTES: usize = 256 << 20;

/// A produce run ends here even if time is left, so that the disk never becomes the subject.
const PRODUCE_BYTES_MAX: u64 = 2 << 30;
const RECORD_BYTES: usize = 1000;
/// Makes a request with one record 170 bytes long, length field included.
const SMALL_VALUE_BYTES: usize = 51;
const WARM_UP: Duration = Duration::from_secs(1);
const TOPIC_READY_WITHIN: Duration = Duration::from_secs(20);

/// What one connection asks for, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Batches of about this many bytes, with records of 1 kB.
    ProduceBatches(usize),
    /// One record in a request of 170 bytes.
    ProduceSmall,
    /// At most this many bytes.
    Fetch(usize),
}

/// One row of the table: the work, and how it is spread over connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
    pub(crate) connections: i32,
    pub(crate) depth: usize,
}

/// The work of the table, in its order.
pub(crate) const WORKLOADS: [Workload; 5] = [
    Workload {
        name: "produce, 64 KiB batches of 1 kB records, 4 connections × 5 in flight, acks=all",
        work: Work::ProduceBatches(64 << 10),
        connections: 4,
        depth: 5,
    },
    Workload {
        name: "produce, 170-byte requests, 8 connections × 1, acks=all",
        work: Work::ProduceSmall,
        connections: 8,
        depth: 1,
    },
    Workload {
        name: "produce, 4 kB batches, 8 connections × 32 in flight, acks=all",
        work: Work::ProduceBatches(4096),
        connections: 8,
        depth: 32,
    },
    Workload {
        name: "fetch, 1 MiB, 4 connections × 2 in flight",
        work: Work::Fetch(1 << 20),
        connections: READ_PARTITIONS,
        depth: 2,
    },
    Workload {
        name: "fetch, 64 KiB, 4 connections × 2 in flight",
        work: Work::Fetch(64 << 10),
        connections: READ_PARTITIONS,
        depth: 2,
    },
];

/// A measured run, and the payload that each request carried.
pub(crate) struct Run {
    pub(crate) measured: Measured,
    /// Bytes of record batches, both ways.
    pub(crate) payload_bytes: u64,
}

impl Workload {
    /// Runs the work for `time` against the server on `port`, after `warm` has been called at the
    /// moment from which the server's use of CPU counts.
    pub(crate) fn run(&self, port: u16, time: Duration, warm: impl FnOnce()) -> Result<Run, GeneratorError> {
        match self.work {
            Work::Fetch(max_bytes) => self.run_fetch(port, time, max_bytes, warm),
            Work::ProduceSmall | Work::ProduceBatches(_) => self.run_produce(port, time, warm),
        }
    }

    /// Runs the work for `time` against a server that only moves the bytes.
    pub(crate) fn run_bare(&self, time: Duration) -> Result<Run, GeneratorError> {
        match self.work {
            Work::Fetch(max_bytes) => {
                let port = bare::start(frames::fetch_reply(READ_TOPIC), Duty::Send(max_bytes))?;
                self.run_fetch(port, time, max_bytes, || {})
            }
            Work::ProduceSmall | Work::ProduceBatches(_) => {
                let port = bare::start(frames::produce_reply(WRITE_TOPIC), Duty::Keep)?;
                self.measure_produce(port, time, &self.batch(), || {})
            }
        }
    }

    /// What one produce request carries.
    fn batch(&self) -> Batch {
        match self.work {
            Work::ProduceBatches(bytes) => Batch::filling(bytes, RECORD_BYTES),
            Work::ProduceSmall | Work::Fetch(_) => Batch::of(1, SMALL_VALUE_BYTES),
        }
    }

    fn run_produce(&self, port: u16, time: Duration, warm: impl FnOnce()) -> Result<Run, GeneratorError> {
        let batch = self.batch();
        create_topic(port, WRITE_TOPIC, self.connections, &batch)?;
        let run = self.measure_produce(port, time, &batch, warm)?;
        ask(port, &frames::delete_topic(WRITE_TOPIC), frames::topic_reply(WRITE_TOPIC))?;
        Ok(run)
    }

    fn measure_produce(
        &self,
        port: u16,
        time: Duration,
        batch: &Batch,
        warm: impl FnOnce(),
    ) -> Result<Run, GeneratorError> {
        let shape = frames::produce_reply(WRITE_TOPIC);
        let source = |n| Source::Same(frames::produce(WRITE_TOPIC, n, batch));
        let sources = || (0..self.connections).map(source).collect();
        generate(port, sources(), shape, self.depth, Limits { time: WARM_UP, requests: u64::MAX })?;
        warm();
        let batch_bytes = batch.bytes.len() as u64;
        let limits = Limits { time, requests: PRODUCE_BYTES_MAX / batch_bytes };
        let measured = generate(port, sources(), shape, self.depth, limits)?;
        let payload_bytes = measured.requests * batch_bytes;
        Ok(Run { measured, payload_bytes })
    }

    fn run_fetch(
        &self,
        port: u16,
        time: Duration,
        max_bytes: usize,
        warm: impl FnOnce(),
    ) -> Result<Run, GeneratorError> {
        let shape = frames::fetch_reply(READ_TOPIC);
        let sources = || (0..self.connections).map(|partition| walk(partition, max_bytes)).collect();
        generate(port, sources(), shape, self.depth, Limits { time: WARM_UP, requests: u64::MAX })?;
        warm();
        let measured = generate(port, sources(), shape, self.depth, Limits { time, requests: u64::MAX })?;
        let payload_bytes = measured.records_bytes;
        Ok(Run { measured, payload_bytes })
    }
}

fn read_batch() -> Batch {
    Batch::filling(READ_BATCH_BYTES, RECORD_BYTES)
}

/// Batches in each partition of the read topic.
fn read_batches(batch: &Batch) -> usize {
    READ_PARTITION_BYTES / batch.bytes.len()
}

/// Fetches one partition of the read topic from end to end, each request behind the whole batches
/// that the one before returned.
fn walk(partition: i32, max_bytes: usize) -> Source {
    let batch = read_batch();
    let records = |batches: usize| i64::try_from(batches).expect("a small number") * i64::from(batch.records);
    let max = i32::try_from(max_bytes).expect("a fetch of a bench is small");
    let (frame, offset_at) = frames::fetch(READ_TOPIC, partition, 0, max);
    let stride = records((max_bytes / batch.bytes.len()).max(1));
    Source::Walk { frame, offset_at, offset: 0, stride, end: records(read_batches(&batch)) }
}

/// Makes the topic that fetches read, and fills it.
pub(crate) fn fill_read_topic(port: u16) -> Result<(), GeneratorError> {
    let batch = read_batch();
    create_topic(port, READ_TOPIC, READ_PARTITIONS, &batch)?;
    for partition in 0..READ_PARTITIONS {
        let source = Source::Same(frames::produce(READ_TOPIC, partition, &batch));
        let limits = Limits { time: Duration::MAX, requests: read_batches(&batch) as u64 };
        generate(port, vec![source], frames::produce_reply(READ_TOPIC), 5, limits)?;
    }
    Ok(())
}

/// Creates a topic, or waits until a deleted one of that name may be created again, and until each
/// partition takes `batch`.
fn create_topic(port: u16, topic: &str, partitions: i32, batch: &Batch) -> Result<(), GeneratorError> {
    let request = frames::create_topic(topic, partitions);
    retry(|| ask(port, &request, frames::topic_reply(topic)))?;
    for partition in 0..partitions {
        let request = frames::produce(topic, partition, batch);
        retry(|| ask(port, &request, frames::produce_reply(topic)))?;
    }
    Ok(())
}

/// Repeats what is refused until it succeeds or its time is over.
fn retry(mut attempt: impl FnMut() -> Result<(), GeneratorError>) -> Result<(), GeneratorError> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(GeneratorError::Refused(_)) if start.elapsed() < TOPIC_READY_WITHIN => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_request_has_170_bytes() {
        assert_eq!(frames::produce("write", 0, &Batch::of(1, SMALL_VALUE_BYTES)).len(), 170);
    }
}
