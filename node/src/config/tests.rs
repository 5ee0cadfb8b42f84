//! Whole files, and what an operator reads about them.

use std::path::Path;

use super::*;

const COMBINED: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
log.dirs=/tmp/a,/tmp/b
";

fn load(text: &str) -> Result<NodeConfig, ConfigError> {
    NodeConfig::from_bytes(Path::new("server.properties"), text.as_bytes(), &[])
}

/// The combined file with some lines replaced or added.
fn with(lines: &[&str]) -> String {
    let key = |line: &str| line.split('=').next().unwrap_or_default().to_owned();
    let kept = COMBINED.lines().filter(|line| !lines.iter().any(|new| key(new) == key(line)));
    kept.chain(lines.iter().copied()).map(|line| format!("{line}\n")).collect()
}

fn complaints(text: &str) -> Vec<String> {
    match load(text) {
        Ok(config) => panic!("accepted, with notes {:?}:\n{text}", config.notes),
        Err(ConfigError::Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

fn notes(text: &str) -> Vec<String> {
    load(text).unwrap().notes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_combined_node_is_read_whole() {
    let config = load(COMBINED).unwrap();
    assert_eq!(config.roles, [Role::Broker, Role::Controller]);
    assert_eq!(config.node_id, 1);
    assert_eq!(config.log_dirs, [Path::new("/tmp/a"), Path::new("/tmp/b")]);
    assert_eq!(config.metadata_log_dir, Path::new("/tmp/a"));
    assert_eq!(config.listeners.inter_broker_name, "PLAINTEXT");
    assert_eq!(config.listeners.controller().count(), 1);
    assert_eq!(
        config.listeners.advertised_broker().next().unwrap().to_string(),
        "PLAINTEXT://localhost:9092"
    );
    assert_eq!(config.listeners.advertised_controller()[0].to_string(), "CONTROLLER://localhost:9093");
    assert_eq!(config.values.integer("num.partitions"), 1);
    assert!(config.notes.is_empty(), "{:?}", config.notes);
}

#[test]
fn a_node_id_that_is_no_number_is_named_at_its_line() {
    let text = COMBINED.replace("node.id=1", "node.id=x");
    assert_eq!(complaints(&text), ["server.properties:2: node.id: expected a whole number ≥ 0, got \"x\""]);
}

#[test]
fn every_problem_is_said_at_once_in_file_order() {
    let text = with(&["node.id=-3", "num.partitions=0", "auto.create.topics.enable=yes"]);
    assert_eq!(
        complaints(&text),
        [
            "server.properties:7: node.id: expected a whole number ≥ 0, got \"-3\"",
            "server.properties:8: num.partitions: expected a whole number ≥ 1, got \"0\"",
            "server.properties:9: auto.create.topics.enable: expected true or false, got \"yes\"",
        ]
    );
}

#[test]
fn a_mistyped_required_key_is_recognised() {
    let text = COMBINED.replace("controller.listener.names", "controller.listener.name");
    let said = complaints(&text);
    assert!(
        said.contains(
            &"server.properties:6: controller.listener.name: unknown key, did you mean controller.listener.names?"
                .to_owned()
        ),
        "{said:#?}"
    );
    assert!(
        said.iter()
            .any(|line| line
                .starts_with("server.properties: controller.listener.names: required, and not set")),
        "{said:#?}"
    );
}

#[test]
fn an_unknown_key_alone_is_only_mentioned() {
    assert_eq!(
        notes(&with(&["my.plugin.setting=1"])),
        ["server.properties:8: my.plugin.setting: unknown key"]
    );
    assert!(notes(&with(&["listener.name.plaintext.connections.max.reauth.ms=1"])).is_empty());
    assert!(notes(&with(&["rsm.config.bucket=x"])).is_empty());
}

#[test]
fn an_unmapped_listener_is_named_with_the_entry_to_add() {
    let text = with(&[
        "listeners=PLAINTEXT://:9092,CTRL://:9093",
        "advertised.listeners=PLAINTEXT://localhost:9092",
        "controller.listener.names=CTRL",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT",
    ]);
    assert_eq!(
        complaints(&text),
        [
            "server.properties:5: listeners: listener CTRL has no security protocol: listener.security.protocol.map maps \
          PLAINTEXT:PLAINTEXT; add it with listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CTRL:PLAINTEXT"
        ]
    );
}

#[test]
fn controller_listeners_are_plaintext_where_no_map_is_set() {
    let text = with(&[
        "listeners=PLAINTEXT://:9092,CTRL://:9093",
        "advertised.listeners=PLAINTEXT://localhost:9092",
        "controller.listener.names=CTRL",
    ]);
    assert_eq!(load(&text).unwrap().listeners.protocols["CTRL"], SecurityProtocol::Plaintext);
}

#[test]
fn listeners_with_tls_or_sasl_are_refused_in_plain_words() {
    let text = with(&[
        "listeners=SASL_SSL://:9092,CONTROLLER://:9093",
        "advertised.listeners=SASL_SSL://localhost:9092",
        "inter.broker.listener.name=SASL_SSL",
        "listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
    ]);
    let said = complaints(&text);
    assert!(
        said[0].contains("listeners: listener SASL_SSL uses SASL_SSL, which this version does not serve yet")
    );
}

#[test]
fn zookeeper_keys_are_refused_with_their_replacement() {
    let said = complaints(&with(&["zookeeper.connect=localhost:2181"]));
    assert!(
        said[0].starts_with("server.properties:8: zookeeper.connect: is for clusters with ZooKeeper"),
        "{said:?}"
    );
    assert!(said[0].contains("controller.quorum.bootstrap.servers"), "{said:?}");
    let text = COMBINED.replace("node.id=1", "broker.id=1");
    assert_eq!(
        complaints(&text),
        [
            "server.properties:2: broker.id: is for clusters with ZooKeeper; a KRaft node is named by node.id: write node.id=1"
        ]
    );
    let said = complaints(&with(&["broker.id=2"]));
    assert!(said[0].contains("must equal node.id=1, got 2"), "{said:?}");
    assert!(load(&with(&["broker.id=1"])).is_ok());
}

#[test]
fn missing_keys_are_all_named() {
    let said = complaints("log.dirs=/tmp/x\n").join("\n");
    for key in
        ["process.roles", "node.id", "controller.listener.names", "controller.quorum.bootstrap.servers"]
    {
        assert!(
            said.contains(&format!("server.properties: {key}: required, and not set")),
            "{key} in {said}"
        );
    }
}

#[test]
fn voters_must_fit_the_role() {
    let said = complaints(&with(&["controller.quorum.voters=2@localhost:9093,3@localhost:9094"]));
    assert!(said[0].contains("must contain this node, node.id=1"), "{said:?}");
    assert!(said[0].ends_with("got voters 2, 3"), "{said:?}");
    let broker = "process.roles=broker\nnode.id=2\ncontroller.quorum.voters=2@localhost:9093\n\
                  controller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://localhost:9092\n";
    assert!(complaints(broker)[0].contains("must not contain this node, node.id=2"));
    let said = complaints(&with(&["controller.quorum.voters=1@0.0.0.0:9093"]));
    assert!(said[0].contains("0.0.0.0 is no address that others can reach"), "{said:?}");
    let said = complaints(&with(&["controller.quorum.voters=localhost:9093"]));
    assert!(
        said[0].contains("controller.quorum.voters: expected id@host:port, …, got \"localhost:9093\""),
        "{said:?}"
    );
}

#[test]
fn controllers_listeners_belong_to_controllers() {
    let broker = "process.roles=broker\nnode.id=2\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
                  controller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://localhost:9092,CONTROLLER://:9093\n";
    assert!(complaints(broker)[0].contains("must not contain the controllers' listener CONTROLLER"));
    let controller = "process.roles=controller\nnode.id=2\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
                      controller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://localhost:9092,CONTROLLER://:9093\n";
    assert!(
        complaints(controller)[0].contains("because process.roles is controller alone, got \"PLAINTEXT\"")
    );
    let said = complaints(&with(&["controller.listener.names=CONTROLLER,OTHER"]));
    assert!(said.iter().any(|line| line.contains("got \"OTHER\"")), "{said:?}");
}

#[test]
fn a_controller_alone_needs_no_client_listener() {
    let controller = "process.roles=controller\nnode.id=2\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
                      controller.listener.names=CONTROLLER\nlisteners=CONTROLLER://:9093\n";
    let config = load(controller).unwrap();
    assert!(!config.has(Role::Broker));
    assert_eq!(config.log_dirs, [Path::new("/tmp/kafka-logs")]);
}

#[test]
fn ports_and_names_of_listeners_differ() {
    let said = complaints(&with(&["listeners=PLAINTEXT://:9092,CONTROLLER://:9092"]));
    assert!(said[0].contains("got 9092 for PLAINTEXT and CONTROLLER"), "{said:?}");
    let map = "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SIX:PLAINTEXT,CONTROLLER:PLAINTEXT";
    let both = "listeners=PLAINTEXT://127.0.0.1:9092,SIX://[::1]:9092,CONTROLLER://:9093";
    assert!(load(&with(&[both, map])).is_ok());
    let said = complaints(&with(&["listeners=PLAINTEXT://:9092,PLAINTEXT://:9094,CONTROLLER://:9093"]));
    assert!(said[0].contains("got PLAINTEXT twice"), "{said:?}");
}

#[test]
fn clients_need_an_address_they_can_reach() {
    let said = complaints(&with(&["advertised.listeners=PLAINTEXT://0.0.0.0:9092"]));
    assert!(said[0].contains("0.0.0.0 is no address that clients can reach"), "{said:?}");
    let said = complaints(&with(&["advertised.listeners=OTHER://h:1"]));
    assert!(
        said.iter().any(|line| line.contains("expected names out of listeners (PLAINTEXT, CONTROLLER)")),
        "{said:?}"
    );
}

#[test]
fn the_inter_broker_listener_is_advertised() {
    let said = complaints(&with(&["inter.broker.listener.name=INTERNAL"]));
    assert!(
        said[0].contains("expected a listener that brokers advertise (PLAINTEXT), got \"INTERNAL\""),
        "{said:?}"
    );
    let said = complaints(&with(&[
        "inter.broker.listener.name=PLAINTEXT",
        "security.inter.broker.protocol=PLAINTEXT",
    ]));
    assert!(said[0].contains("set this or security.inter.broker.protocol, not both"), "{said:?}");
}

#[test]
fn related_numbers_are_compared() {
    let said = complaints(&with(&["replica.fetch.wait.max.ms=40000"]));
    assert!(
        said[0].contains("replica.fetch.wait.max.ms (40000) must be ≤ replica.socket.timeout.ms (30000)"),
        "{said:?}"
    );
    assert_eq!(notes(&with(&["broker.heartbeat.interval.ms=8000"])).len(), 1);
}

#[test]
fn a_key_set_twice_takes_the_last_value_and_is_mentioned() {
    let text = format!("{COMBINED}num.partitions=3\nnum.partitions=4\n");
    assert_eq!(load(&text).unwrap().values.integer("num.partitions"), 4);
    assert_eq!(
        notes(&text),
        ["server.properties:9: num.partitions: set again; this value replaces the one of line 8"]
    );
}

#[test]
fn overrides_replace_lines_and_are_named_as_such() {
    let overrides = [("num.partitions".to_owned(), "x".to_owned())];
    let error = NodeConfig::from_bytes(Path::new("s"), COMBINED.as_bytes(), &overrides).unwrap_err();
    assert_eq!(error.to_string(), "--override: num.partitions: expected a whole number ≥ 1, got \"x\"");
    let overrides = [("num.partitions".to_owned(), "7".to_owned())];
    let config = NodeConfig::from_bytes(Path::new("s"), COMBINED.as_bytes(), &overrides).unwrap();
    assert_eq!(config.values.integer("num.partitions"), 7);
}

#[test]
fn a_bad_escape_names_its_line() {
    assert_eq!(
        load("a=1\nb=\\u12\n").unwrap_err().to_string(),
        "server.properties:2: malformed \\uxxxx escape: \\u must be followed by four hexadecimal digits"
    );
}

#[test]
fn a_password_is_never_shown() {
    let notes = notes(&with(&["ssl.keystore.password=secret"]));
    assert_eq!(
        notes,
        ["server.properties: known, and without effect in this version: ssl.keystore.password"]
    );
}

#[test]
fn settings_without_effect_are_named_in_one_line_unless_they_are_the_default() {
    let text = with(&["num.io.threads=16", "num.network.threads=3", "log.cleaner.threads=2"]);
    let expected =
        "server.properties: known, and without effect in this version: log.cleaner.threads, num.io.threads";
    assert_eq!(notes(&text), [expected]);
}

#[test]
fn what_somebody_relies_on_is_refused_rather_than_passed_over() {
    let said =
        complaints(&with(&["authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"]));
    assert!(said[0].contains("would allow everything to everybody"), "{said:?}");
    let said = complaints(&with(&["config.providers=env"]));
    assert!(said[0].contains("does not replace ${…}"), "{said:?}");
}
