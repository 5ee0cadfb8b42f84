# Short names for what people type all day. `just` lists them.

default:
    @just --list

# A ready node on localhost:9092.
dev:
    cargo run --release -- dev

# The inner loop: format, clippy, unit tests, tidy.
quick:
    ./check quick

# The gate. Changes nothing.
check:
    ./check

# Repairs what the gate would complain about and a machine can repair.
fix:
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
    cargo fmt --all

# The scenarios with real clients; `just interop apache` runs them on Apache Kafka itself.
interop server="kraftlog":
    KRAFTLOG_INTEROP_SERVER={{ if server == "kraftlog" { "" } else { server } }} ./check interop

# The same work on Apache Kafka and on kraftlog, side by side.
versus:
    cargo run --release -p kraftlog-benches --bin versus
