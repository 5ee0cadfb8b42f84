//! The tables against what Apache Kafka 4.3.1 said about itself (`testdata/`), and Kafka's sentences.

use std::collections::BTreeMap;

use super::*;

const DEFS: &str = include_str!("../../testdata/config_defs.tsv");
const DESCRIBED: &str = include_str!("../../testdata/described_configs.tsv");

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn table_of(resource: &str) -> &'static ConfigTable {
    match resource {
        "broker" | "BROKER" => broker(),
        "topic" | "TOPIC" => topic(),
        "group" | "GROUP" => group(),
        _ => client_metrics(),
    }
}

fn print_default(default: Default) -> &'static str {
    match default {
        Default::Required => "<required>",
        Default::Null => "<null>",
        Default::Value(text) => text,
    }
}

fn print_update_mode(mode: UpdateMode) -> &'static str {
    match mode {
        UpdateMode::ReadOnly => "read-only",
        UpdateMode::PerBroker => "per-broker",
        UpdateMode::ClusterWide => "cluster-wide",
    }
}

#[test]
fn every_setting_equals_apaches() {
    let mut count = BTreeMap::new();
    for row in lines(DEFS) {
        let (resource, name) = (row[0], row[1]);
        let def = table_of(resource).get(name).unwrap_or_else(|| panic!("{resource} {name} is missing"));
        let mode = if resource == "broker" { print_update_mode(def.update_mode) } else { "-" };
        let visibility = if def.internal { "internal" } else { "public" };
        let validator = def.validator.to_string();
        let ours = [
            resource,
            name,
            def.kind.name(),
            print_default(def.default),
            def.importance.name(),
            visibility,
            &validator,
            mode,
        ];
        assert_eq!(ours.as_slice(), row.as_slice());
        *count.entry(resource).or_insert(0) += 1;
    }
    let ours = [broker(), topic(), group(), client_metrics()].map(|table| table.iter().count());
    assert_eq!(ours, [360, 34, 17, 3]);
    assert_eq!(count.values().sum::<usize>(), ours.iter().sum::<usize>());
}

#[test]
fn what_a_broker_describes_is_what_the_tables_say() {
    for row in lines(DESCRIBED) {
        let &[resource, name, value, kind, source, sensitivity, mutability, _] = row.as_slice() else {
            panic!("{row:?}")
        };
        let def = table_of(resource).get(name).expect(name);
        assert!(!def.internal, "{name}");
        assert_eq!(def.kind.name(), kind, "{name}");
        assert_eq!(def.is_sensitive(), sensitivity == "sensitive", "{name}");
        if resource == "BROKER" {
            assert_eq!(def.update_mode == UpdateMode::ReadOnly, mutability == "read-only", "{name}");
        }
        if source == "DEFAULT_CONFIG" && name != "retention.ms" && !def.is_sensitive() {
            let shown = def.default_value().expect(name).to_config_string();
            assert_eq!(shown.as_deref().unwrap_or("null"), value, "{resource} {name}");
        }
    }
}

#[test]
fn topics_inherit_from_the_broker_with_units_converted() {
    let node = |name: &str| (name == "log.retention.hours").then(|| "100".to_owned());
    let defaults = topic_defaults(node);
    for row in lines(DESCRIBED).filter(|row| row[0] == "TOPIC" && row[1] != "segment.bytes") {
        assert_eq!(defaults.get(row[1]).map(String::as_str), Some(row[2]), "{}", row[1]);
    }
    assert_eq!(
        topic_defaults(|name| (name == "log.retention.ms").then(|| "-5".into()))["retention.ms"],
        "-1"
    );
    let flush = topic_defaults(|name| (name == "log.flush.scheduler.interval.ms").then(|| "7".into()));
    assert_eq!(flush["flush.ms"], "7");
}

#[test]
fn a_broker_setting_answers_to_its_other_names() {
    assert_eq!(broker_synonyms("log.retention.ms").len(), 3);
    assert_eq!(broker_synonyms("log.flush.scheduler.interval.ms"), ["log.flush.scheduler.interval.ms"]);
    assert_eq!(broker_synonyms("num.io.threads"), ["num.io.threads"]);
    let jaas = "listener.name.external.plain.sasl.jaas.config";
    assert_eq!(broker_synonyms(jaas), [jaas, "sasl.jaas.config"]);
    let store = "listener.name.external.ssl.keystore.location";
    assert_eq!(broker_synonyms(store), [store, "ssl.keystore.location"]);
}

#[test]
fn refusals_read_as_kafkas() {
    #[rustfmt::skip]
    let cases = [
        (topic(), "segment.bytes", "x", "Invalid value x for configuration segment.bytes: Not a number of type INT"),
        (topic(), "segment.bytes", "14", "Invalid value 14 for configuration segment.bytes: Value must be at least 1048576"),
        (topic(), "retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1"),
        (topic(), "preallocate", "yes", "Invalid value yes for configuration preallocate: Expected value to be either true or false"),
        (topic(), "cleanup.policy", "shred", "Invalid value shred for configuration cleanup.policy: String must be one of: compact, delete"),
        (topic(), "cleanup.policy", "delete,,compact", "Configuration 'cleanup.policy' values must not be empty."),
        (topic(), "min.cleanable.dirty.ratio", "2", "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1"),
        (topic(), "compression.gzip.level", "0", "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1"),
        (topic(), "leader.replication.throttled.replicas", "1:2,x", "Invalid value [1:2, x] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."),
        (broker(), "process.roles", "", "Configuration 'process.roles' must not be empty. Valid values include: [broker, controller]"),
        (broker(), "log.cleaner.io.max.bytes.per.second", "1e400x", "Invalid value 1e400x for configuration log.cleaner.io.max.bytes.per.second: Not a number of type DOUBLE"),
    ];
    for (table, name, raw, expected) in cases {
        assert_eq!(table.parse(name, Some(raw)).expect_err(raw).to_string(), expected);
    }
    let missing = broker().parse("node.id", None).expect_err("required");
    assert_eq!(missing.to_string(), "Missing required configuration \"node.id\" which has no default value.");
}

#[test]
fn values_print_as_in_a_configuration_file() {
    let text =
        |table: &ConfigTable, name, raw| table.parse(name, raw).expect(name).to_config_string().expect(name);
    assert_eq!(text(topic(), "cleanup.policy", Some(" compact , delete,compact")), "compact,delete");
    assert_eq!(text(broker(), "log.cleaner.io.max.bytes.per.second", None), "1.7976931348623157E308");
    assert_eq!(text(broker(), "log.cleaner.io.max.bytes.per.second", Some("2e7")), "2.0E7");
    assert_eq!(text(topic(), "min.cleanable.dirty.ratio", Some("1")), "1.0");
    assert_eq!(Value::Password("secret".into()).to_string(), "[hidden]");
    for raw in ["latest", "EARLIEST", "by_duration:P1DT2H", "by_duration:PT0.5S"] {
        assert!(group().parse("share.auto.offset.reset", Some(raw)).is_ok(), "{raw}");
    }
    for raw in ["none", "by_duration:", "by_duration:P", "by_duration:PT", "by_duration:-PT1S"] {
        assert!(group().parse("share.auto.offset.reset", Some(raw)).is_err(), "{raw}");
    }
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn topic_settings_must_agree_with_each_other() {
    let defaults = topic_defaults(|_| None);
    let check = |old: &[_], new: &[_], tiered| {
        validate_topic(&settings(old), &settings(new), &defaults, tiered).map_err(|e| e.to_string())
    };
    assert_eq!(check(&[], &[("segment.bytes", "1048576")], false), Ok(()));
    assert_eq!(check(&[], &[("nonsense", "1")], false), Err("Unknown topic config name: nonsense".into()));
    let lag = check(&[], &[("min.compaction.lag.ms", "5"), ("max.compaction.lag.ms", "4")], false);
    assert!(lag.expect_err("lag").starts_with("conflict topic config setting min.compaction.lag.ms (5)"));
    let tiered = [("remote.storage.enable", "true")];
    assert!(check(&[], &tiered, false).expect_err("tiering is off").starts_with("Tiered Storage"));
    assert_eq!(check(&[], &tiered, true), Ok(()));
    assert!(check(&tiered, &[], true).is_err());
    assert_eq!(check(&tiered, &[("remote.log.delete.on.disable", "true")], true), Ok(()));
    let compacted = [("remote.storage.enable", "true"), ("cleanup.policy", "compact")];
    assert!(check(&[], &compacted, true).is_err());
    let local = [("remote.storage.enable", "true"), ("local.retention.ms", "604800001")];
    assert!(check(&[], &local, true).expect_err("local").contains("must not be more than retention.ms"));
}

#[test]
fn group_settings_keep_within_the_brokers_limits() {
    let check = |new: &[_]| validate_group(&settings(new), |_| None).map_err(|e| e.to_string());
    assert_eq!(check(&[("consumer.session.timeout.ms", "50000")]), Ok(()));
    assert_eq!(
        check(&[("consumer.session.timeout.ms", "70000")]),
        Err(
            "consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms"
                .into()
        )
    );
    assert_eq!(
        check(&[("streams.num.standby.replicas", "3")]),
        Err("streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas"
            .into())
    );
    assert_eq!(check(&[("retention.ms", "3")]), Err("Unknown group config name: retention.ms".into()));
}

#[test]
fn client_metrics_subscriptions_are_checked() {
    let check = |new: &[_]| validate_client_metrics("m", &settings(new)).map_err(|e| e.to_string());
    assert_eq!(check(&[("metrics", "*"), ("match", "client_id=a.*")]), Ok(()));
    assert!(check(&[("interval.ms", "99")]).is_err());
    assert_eq!(check(&[("match", "who=me")]), Err("Illegal client matching pattern: who=me".into()));
    assert!(matches!(validate_client_metrics("", &settings(&[])), Err(RuleViolation::InvalidRequest(_))));
}
