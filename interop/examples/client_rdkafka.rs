//! The verbs of the client scenarios, on the `rdkafka` crate.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the program at the first record that a server refuses.
struct EndWhenRefused;

impl ClientContext for EndWhenRefused {}

impl ProducerContext for EndWhenRefused {
    type DeliveryOpaque = ();

    #[expect(clippy::print_stderr, reason = "a program that is watched by a test")]
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            eprintln!("refused: {error}");
            std::process::exit(1);
        }
    }
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [bootstrap, "send", topic, compression, first_timestamp] => {
            send(&producer(bootstrap, compression)?, topic, first_timestamp.parse()?)
        }
        [bootstrap, "read", topic, count] => {
            read(&consumer(bootstrap, &format!("read-{topic}"), topic)?, count.parse()?)
        }
        [bootstrap, "join", topic, group] => read(&consumer(bootstrap, group, topic)?, u64::MAX),
        [bootstrap, "large", topic, length] => large(bootstrap, topic, length.parse()?),
        _ => Err("send, read, join or large, with their arguments".into()),
    }
}

fn producer(bootstrap: &str, compression: &str) -> Result<ThreadedProducer<EndWhenRefused>, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("compression.type", compression)
        .set("enable.idempotence", "true")
        .set("message.max.bytes", "12000000")
        .create_with_context(EndWhenRefused)
}

fn consumer(bootstrap: &str, group: &str, topic: &str) -> Result<BaseConsumer, KafkaError> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "500")
        .set("auto.commit.interval.ms", "200")
        .set("fetch.message.max.bytes", "12000000")
        .create()?;
    consumer.subscribe(&[topic])?;
    Ok(consumer)
}

fn send(producer: &ThreadedProducer<EndWhenRefused>, topic: &str, first_timestamp: i64) -> Outcome {
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        let (key, value) = line.split_once('\t').ok_or("a key, a tab and a value are wanted")?;
        let headers = OwnedHeaders::new().insert(Header { key: "origin", value: Some("interop") });
        let record = BaseRecord::to(topic).key(key).payload(value).headers(headers);
        let mut record = record.timestamp(first_timestamp + i64::try_from(number)?);
        while let Err((error, refused)) = producer.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            producer.flush(PATIENCE)?;
            record = refused;
        }
    }
    Ok(producer.flush(PATIENCE)?)
}

fn read(consumer: &BaseConsumer, count: u64) -> Outcome {
    for _ in 0..count {
        show(&next(consumer)?)?;
    }
    Ok(())
}

/// Waits for the next message; what librdkafka only reports (a lost connection) is not one.
fn next(consumer: &BaseConsumer) -> Result<BorrowedMessage<'_>, KafkaError> {
    loop {
        match consumer.poll(PATIENCE) {
            Some(Ok(message)) => return Ok(message),
            Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) => {
                return Err(error);
            }
            Some(Err(_)) | None => {}
        }
    }
}

fn show(message: &BorrowedMessage<'_>) -> Outcome {
    let headers = message.headers().map(|headers| {
        let shown = headers.iter().map(|header| {
            format!("{}={}", header.key, String::from_utf8_lossy(header.value.unwrap_or_default()))
        });
        shown.collect::<Vec<_>>().join(",")
    });
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}\t{}\t{}\t{}\t{}\t{}",
        message.partition(),
        message.offset(),
        text(message.key()),
        headers.unwrap_or_default(),
        message.timestamp().to_millis().unwrap_or(-1),
        text(message.payload()),
    )?;
    Ok(out.flush()?)
}

#[expect(clippy::print_stdout, reason = "a program that is watched by a test")]
fn large(bootstrap: &str, topic: &str, length: usize) -> Outcome {
    let producer = producer(bootstrap, "none")?;
    let value = vec![b'x'; length];
    producer.send(BaseRecord::<(), [u8]>::to(topic).payload(&value)).map_err(|(error, _)| error)?;
    producer.flush(PATIENCE)?;
    let consumer = consumer(bootstrap, &format!("large-{topic}"), topic)?;
    println!("read {}", next(&consumer)?.payload().map_or(0, <[u8]>::len));
    Ok(())
}
