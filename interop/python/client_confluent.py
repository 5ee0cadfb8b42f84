"""The verbs of the client scenarios, on confluent-kafka (librdkafka from Python)."""

import sys

from confluent_kafka import Consumer, Producer

HEADERS = [("origin", b"interop")]


def fail(error, _message=None):
    if error is not None:
        sys.exit(f"refused: {error.name()}")


def consumer(bootstrap, group):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "auto.commit.interval.ms": 200,
            "fetch.message.max.bytes": 12_000_000,
        }
    )


def producer(bootstrap, compression):
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": compression,
            "enable.idempotence": True,
            "message.max.bytes": 12_000_000,
            "linger.ms": 5,
        }
    )


def send(bootstrap, topic, compression, first_timestamp):
    client = producer(bootstrap, compression)
    for number, line in enumerate(sys.stdin.buffer):
        key, value = line.rstrip(b"\n").split(b"\t", 1)
        timestamp = int(first_timestamp) + number
        client.produce(topic, value, key, timestamp=timestamp, headers=HEADERS, on_delivery=fail)
        client.poll(0)
    assert client.flush(60) == 0


def show(message):
    headers = ",".join(f"{name}={value.decode()}" for name, value in message.headers() or [])
    key, value = (message.key() or b"").decode(), message.value().decode()
    place = f"{message.partition()}\t{message.offset()}"
    print(f"{place}\t{key}\t{headers}\t{message.timestamp()[1]}\t{value}", flush=True)


def messages(client, topic):
    client.subscribe([topic])
    while True:
        message = client.poll(1.0)
        if message is None:
            continue
        if message.error():
            print(message.error(), file=sys.stderr)
            continue
        yield message


def read(bootstrap, topic, count):
    client = consumer(bootstrap, f"read-{topic}")
    for _, message in zip(range(int(count)), messages(client, topic)):
        show(message)
    client.close()


def join(bootstrap, topic, group):
    for message in messages(consumer(bootstrap, group), topic):
        show(message)


def large(bootstrap, topic, length):
    client = producer(bootstrap, "none")
    client.produce(topic, b"x" * int(length), on_delivery=fail)
    client.flush(60)
    reader = consumer(bootstrap, f"large-{topic}")
    message = next(messages(reader, topic))
    print(f"read {len(message.value())}")
    reader.close()


bootstrap, verb, *rest = sys.argv[1:]
{"send": send, "read": read, "join": join, "large": large}[verb](bootstrap, *rest)
