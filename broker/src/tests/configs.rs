use std::collections::BTreeMap;

use wire::ErrorCode;
use wire::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use wire::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use wire::messages::list_config_resources_request::ListConfigResourcesRequest;

use super::produce::produce;
use crate::testing::{Client, TestBroker, batch_of};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const GROUP: i8 = 32;

fn describe(client: &mut Client, resource_type: i8, name: &str) -> DescribeConfigsResult<'static> {
    let resource = DescribeConfigsResource {
        resource_type,
        resource_name: name.to_owned().into(),
        configuration_keys: None,
    };
    let request = DescribeConfigsRequest {
        resources: vec![resource].into(),
        include_synonyms: true,
        include_documentation: true,
    };
    client.call(&request, 4).results.to_vec().remove(0)
}

fn by_name(
    result: &DescribeConfigsResult<'static>,
) -> BTreeMap<String, DescribeConfigsResourceResult<'static>> {
    result.configs.iter().map(|entry| (entry.name.to_string(), entry)).collect()
}

/// Value, and the synonyms as name=value(source).
fn shown(entry: &DescribeConfigsResourceResult<'_>) -> String {
    let synonyms = entry.synonyms.iter().map(|synonym| {
        format!("{}={}({})", synonym.name, synonym.value.unwrap_or("null".into()), synonym.source)
    });
    let value = entry.value.clone().unwrap_or("null".into());
    format!("{value}({}) {}", entry.config_source, synonyms.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_topics_settings_say_where_they_come_from() {
    let broker = TestBroker::start_with(&[("log.retention.hours", "24"), ("message.max.bytes", "5000")]);
    broker.create_topic("t", 1, &[("retention.ms", "1000")]);
    broker.controller.set_config(BROKER, "", "message.max.bytes", Some("6000"));
    let mut client = broker.connect();
    let entries = by_name(&describe(&mut client, TOPIC, "t"));
    assert_eq!(
        shown(&entries["retention.ms"]),
        "1000(1) retention.ms=1000(1)",
        "log.retention.ms is not set and has no default"
    );
    assert_eq!(
        shown(&entries["max.message.bytes"]),
        "6000(3) message.max.bytes=6000(3) message.max.bytes=5000(4) message.max.bytes=1048588(5)"
    );
    assert_eq!(shown(&entries["segment.bytes"]), "1073741824(5) log.segment.bytes=1073741824(5)");
    assert!(entries["segment.bytes"].documentation.is_some());
    assert!(!entries.contains_key("internal.segment.bytes"));
}

#[test]
fn a_brokers_settings_are_all_there() {
    let broker =
        TestBroker::start_with(&[("num.io.threads", "3"), ("ssl.key.password", "secret"), ("x.y", "z")]);
    broker.controller.set_config(BROKER, "1", "num.io.threads", Some("4"));
    broker.controller.set_config(BROKER, "", "num.network.threads", Some("5"));
    let mut client = broker.connect();
    let entries = by_name(&describe(&mut client, BROKER, "1"));
    assert!(entries.len() > 300);
    let threads = &entries["num.io.threads"];
    assert_eq!(shown(threads), "4(2) num.io.threads=4(2) num.io.threads=3(4) num.io.threads=8(5)");
    assert!(!threads.read_only);
    assert!(entries["log.dirs"].read_only);
    for hidden in ["ssl.key.password", "x.y"] {
        assert_eq!((entries[hidden].is_sensitive, entries[hidden].value.as_deref()), (true, None));
    }
    let defaults = by_name(&describe(&mut client, BROKER, ""));
    assert_eq!(defaults.len(), 1);
    assert_eq!(shown(&defaults["num.network.threads"]), "5(3) num.network.threads=5(3)");
    let group = by_name(&describe(&mut client, GROUP, "g"));
    assert_eq!(group["consumer.session.timeout.ms"].value.as_deref(), Some("45000"));
}

#[test]
fn what_cannot_be_described_gets_kafkas_code() {
    let broker = TestBroker::start();
    let mut client = broker.connect();
    let cases = [
        (TOPIC, "nobody", ErrorCode::UnknownTopicOrPartition),
        (TOPIC, "a b", ErrorCode::InvalidTopicException),
        (BROKER, "7", ErrorCode::InvalidRequest),
        (BROKER, "x", ErrorCode::InvalidRequest),
        (GROUP, "", ErrorCode::InvalidRequest),
        (99, "x", ErrorCode::InvalidRequest),
    ];
    for (kind, name, expected) in cases {
        let result = describe(&mut client, kind, name);
        assert_eq!(ErrorCode::from_code(result.error_code), Some(expected), "{kind} {name}");
        assert!(result.configs.is_empty());
    }
}

#[test]
fn changed_settings_are_in_force_at_once() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[&[b'x'; 500]])).error_code, 0);
    let entry = |kind: i8, name: &str, key: &str, value: &str| {
        let config = AlterableConfig {
            name: key.to_owned().into(),
            config_operation: 0,
            value: Some(value.to_owned().into()),
        };
        let resource = AlterConfigsResource {
            resource_type: kind,
            resource_name: name.to_owned().into(),
            configs: vec![config].into(),
        };
        IncrementalAlterConfigsRequest { resources: vec![resource].into(), validate_only: false }
    };
    let too_large = ErrorCode::MessageTooLarge.code();
    client.call(&entry(TOPIC, "t", "max.message.bytes", "100"), 1);
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[&[b'x'; 500]])).error_code, too_large);
    client.call(&entry(TOPIC, "t", "max.message.bytes", "1000"), 1);
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[&[b'x'; 500]])).error_code, 0);
    broker.create_topic("u", 1, &[]);
    client.call(&entry(BROKER, "", "message.max.bytes", "100"), 1);
    assert_eq!(produce(&mut client, "u", 0, 1, batch_of(&[&[b'x'; 500]])).error_code, too_large);
    let refused = client.call(&entry(8, "1", "root", "DEBUG"), 1);
    assert_eq!(refused.responses.to_vec().remove(0).error_code, ErrorCode::InvalidRequest.code());
}

#[test]
fn what_has_settings_is_listed() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    broker.controller.set_config(GROUP, "g", "consumer.session.timeout.ms", Some("50000"));
    let mut client = broker.connect();
    let mut list = |types: Vec<i8>| {
        let response = client.call(&ListConfigResourcesRequest { resource_types: types.into() }, 1);
        let names = response.config_resources.iter().map(|resource| resource.resource_name.into_owned());
        (ErrorCode::from_code(response.error_code), names.collect::<Vec<_>>())
    };
    assert_eq!(list(vec![TOPIC, GROUP]), (Some(ErrorCode::None), vec!["t".to_owned(), "g".to_owned()]));
    assert_eq!(list(vec![]).1.len(), 4);
    assert_eq!(list(vec![3]), (Some(ErrorCode::UnsupportedVersion), vec![]));
}
