//! SIGKILL at random moments under a load of idempotent producers, again and again: what was
//! acknowledged is there, once and in order.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kraftlog_interop::{Client, Node, Server, java};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

const PRODUCERS: usize = 2;
const PARTITIONS: usize = 4;
/// The longest wait between two kills, ms.
const LIFE_MS_MAX: u64 = 500;
const RESTART_MAX: Duration = Duration::from_secs(2);
/// Records per producer and millisecond, so that 50 lives fit in memory twice.
const RECORDS_PER_TICK: u64 = 4;

/// Moments that look random and come again with the same seed.
struct Moments(u64);

impl Moments {
    /// From `KRAFTLOG_INTEROP_SEED` if it is set.
    #[expect(clippy::print_stderr, reason = "a red run must tell its seed")]
    fn new() -> Self {
        let given = std::env::var("KRAFTLOG_INTEROP_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
        eprintln!("KRAFTLOG_INTEROP_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % LIFE_MS_MAX)
    }
}

/// Where each acknowledged record lies: (partition, offset) by its text.
#[derive(Default)]
struct Acknowledged {
    places: Mutex<BTreeMap<String, (i32, i64)>>,
    failures: Mutex<Vec<String>>,
}

struct Witness(Arc<Acknowledged>);

impl ClientContext for Witness {}

impl ProducerContext for Witness {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => {
                let text = String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned();
                let place = (message.partition(), message.offset());
                let before = self.0.places.lock().expect("no holder panics").insert(text.clone(), place);
                if let Some(before) = before {
                    self.fail(format!("{text} was acknowledged at {before:?} and {place:?}"));
                }
            }
            Err((error, _)) => self.fail(error.to_string()),
        }
    }
}

impl Witness {
    fn fail(&self, what: String) {
        self.0.failures.lock().expect("no holder panics").push(what);
    }
}

/// Sends `producer partition number` to each partition in turn until told to stop, and waits until all
/// of it is acknowledged; returns how many numbers each partition got.
fn produce(bootstrap: &str, name: usize, witness: Witness, stop: &AtomicBool, sent: &AtomicU64) -> u64 {
    let producer: ThreadedProducer<Witness> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "0")
        .set("linger.ms", "2")
        .set("reconnect.backoff.ms", "10")
        .set("reconnect.backoff.max.ms", "100")
        .create_with_context(witness)
        .expect("the settings are right");
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..RECORDS_PER_TICK {
            for partition in 0..PARTITIONS {
                let text = format!("{name} {partition} {number}");
                let partition = i32::try_from(partition).expect("few partitions");
                let record = BaseRecord::<(), str>::to("crash").partition(partition).payload(&text);
                send(&producer, record);
            }
            number += 1;
        }
        sent.store(number, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
    }
    producer.flush(Duration::from_mins(2)).expect("all is acknowledged in the end");
    number
}

/// How long a queue may stay full: many times what a restart takes.
const FULL_MAX: Duration = Duration::from_mins(1);

/// Waits while the queue is full, as it is when the node is down.
fn send(producer: &ThreadedProducer<Witness>, record: BaseRecord<'_, (), str>) {
    let mut refused = producer.send(record).err();
    let deadline = Instant::now() + FULL_MAX;
    while let Some((error, record)) = refused {
        let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
        assert!(full, "{error}: {:?}", producer.client().fatal_error());
        assert!(Instant::now() < deadline, "the producer has given the node up");
        std::thread::sleep(Duration::from_millis(1));
        refused = producer.send(record).err();
    }
}

#[test]
fn acknowledged_records_survive_kills_under_load() {
    let mut node = Node::start();
    // A virtual machine needs seconds for each start; a few show that the scenario is right.
    let kills = if node.server() == Server::Kraftlog { 50 } else { 5 };
    java("TopicCommand")
        .words(&format!(
            "--bootstrap-server {} --create --topic crash --partitions {PARTITIONS}",
            node.bootstrap()
        ))
        .run();
    let acknowledged = Arc::new(Acknowledged::default());
    let (stop, bootstrap) = (AtomicBool::new(false), node.bootstrap());
    let mut restarts = Vec::new();
    let sent: Vec<u64> = std::thread::scope(|scope| {
        let progress: &'static [AtomicU64] = Vec::leak((0..PRODUCERS).map(|_| AtomicU64::new(0)).collect());
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|name| {
                let witness = Witness(acknowledged.clone());
                let (stop, bootstrap) = (&stop, &bootstrap);
                scope.spawn(move || produce(bootstrap, name, witness, stop, &progress[name]))
            })
            .collect();
        // Whatever happens to the node, the producers must end, or the scope never does.
        let _guard = StopOnDrop(&stop);
        let mut moments = Moments::new();
        for _ in 0..kills {
            std::thread::sleep(moments.next());
            node.kill();
            restarts.push(node.start_again());
        }
        stop.store(true, Ordering::Relaxed);
        producers.into_iter().map(|producer| producer.join().expect("a producer ends well")).collect()
    });
    let failures = acknowledged.failures.lock().unwrap();
    assert!(failures.is_empty(), "{} failures, first {:?}", failures.len(), failures[0]);
    assert_whole(&node, &sent, &acknowledged.places.lock().unwrap());
    report(&sent, &restarts);
    let slowest = restarts.iter().max().unwrap();
    assert!(node.server() != Server::Kraftlog || *slowest < RESTART_MAX, "a restart took {slowest:?}");
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Each producer's numbers lie in each partition without gap, double or disorder, where the
/// acknowledgement said.
fn assert_whole(node: &Node, sent: &[u64], acknowledged: &BTreeMap<String, (i32, i64)>) {
    let total = usize::try_from(sent.iter().sum::<u64>()).expect("it fits") * PARTITIONS;
    assert_eq!(acknowledged.len(), total, "every record was acknowledged in the end");
    let read = Client::Kcat.read(&node.bootstrap(), "crash", total).run();
    let mut next: BTreeMap<(usize, i32), u64> = BTreeMap::new();
    for line in read.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let place: (i32, i64) =
            (cells[0].parse().expect("a partition"), cells[1].parse().expect("an offset"));
        let words: Vec<u64> = cells[5].split(' ').map(|word| word.parse().expect("a number")).collect();
        let expected = next.entry((usize::try_from(words[0]).expect("few"), place.0)).or_insert(0);
        assert_eq!(
            words[2], *expected,
            "producer {} in partition {} at offset {}",
            words[0], place.0, place.1
        );
        *expected += 1;
        assert_eq!(
            acknowledged.get(cells[5]),
            Some(&place),
            "{} lies elsewhere than was acknowledged",
            cells[5]
        );
    }
    for ((producer, partition), count) in next {
        assert_eq!(count, sent[producer], "producer {producer} in partition {partition}");
    }
    let ends =
        java("GetOffsetShell").words(&format!("--bootstrap-server {} --topic crash", node.bootstrap())).run();
    let end: usize = ends.lines().filter_map(|line| line.rsplit(':').next()?.parse::<usize>().ok()).sum();
    assert_eq!(end, total, "the log holds more than was sent");
}

#[expect(clippy::print_stderr, reason = "numbers for those who run it with --nocapture")]
fn report(sent: &[u64], restarts: &[Duration]) {
    let (slowest, total) = (restarts.iter().max(), sent.iter().sum::<u64>() * PARTITIONS as u64);
    eprintln!("{} kills, {total} records, slowest restart {slowest:?}", restarts.len());
}
