"""The verbs of the client scenarios, on kafka-python (a client written in Python)."""

import sys

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

HEADERS = [("origin", b"interop")]


def consumer(bootstrap, group, topic):
    return KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
        auto_commit_interval_ms=200,
        max_partition_fetch_bytes=12_000_000,
    )


def producer(bootstrap, compression):
    return KafkaProducer(
        bootstrap_servers=bootstrap,
        compression_type=None if compression == "none" else compression,
        max_request_size=12_000_000,
        linger_ms=5,
    )


def send(bootstrap, topic, compression, first_timestamp):
    client = producer(bootstrap, compression)
    sent = []
    for number, line in enumerate(sys.stdin.buffer):
        key, value = line.rstrip(b"\n").split(b"\t", 1)
        timestamp = int(first_timestamp) + number
        sent.append(client.send(topic, value, key, headers=HEADERS, timestamp_ms=timestamp))
    client.flush(60)
    for future in sent:
        future.get(60)


def show(message):
    headers = ",".join(f"{name}={value.decode()}" for name, value in message.headers)
    key, value = (message.key or b"").decode(), message.value.decode()
    place = f"{message.partition}\t{message.offset}"
    print(f"{place}\t{key}\t{headers}\t{message.timestamp}\t{value}", flush=True)


def read(bootstrap, topic, count):
    client = consumer(bootstrap, f"read-{topic}", topic)
    for _, message in zip(range(int(count)), client):
        show(message)
    client.close()


def join(bootstrap, topic, group):
    for message in consumer(bootstrap, group, topic):
        show(message)


def large(bootstrap, topic, length):
    client = producer(bootstrap, "none")
    try:
        client.send(topic, b"x" * int(length)).get(60)
    except KafkaError as error:
        sys.exit(f"refused: {error}")
    reader = consumer(bootstrap, f"large-{topic}", topic)
    print(f"read {len(next(reader).value)}")
    reader.close()


bootstrap, verb, *rest = sys.argv[1:]
{"send": send, "read": read, "join": join, "large": large}[verb](bootstrap, *rest)
