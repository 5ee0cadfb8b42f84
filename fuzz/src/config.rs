//! Configuration files. Input: the content of a `.properties` file.

use std::path::Path;

use kraftlog::config::{ConfigError, NodeConfig};
use log_store::properties;

/// Judges one input.
pub fn run(data: &[u8]) {
    run_properties(data);
    match NodeConfig::from_bytes(Path::new("server.properties"), data, &[]) {
        Ok(config) => {
            assert!(!config.roles.is_empty(), "a node has a role");
            let _any = (config.all_directories(), config.listeners.advertised_controller());
        }
        Err(ConfigError::Problems(problems)) => {
            assert!(!problems.is_empty(), "a refusal has a reason");
            for problem in &problems {
                assert!(!problem.message.is_empty(), "a problem has words");
                assert!(problem.to_string().starts_with("server.properties:"), "{problem}");
            }
        }
        Err(ConfigError::Unreadable(message)) => panic!("nothing was opened: {message}"),
    }
}

/// Settings that are written and read again stay what they are.
fn run_properties(data: &[u8]) {
    let Ok(settings) = properties::parse(data) else { return };
    let pairs: Vec<_> =
        settings.iter().map(|setting| (setting.key.as_str(), setting.value.as_str())).collect();
    let text = properties::write(&pairs);
    let again = properties::parse(text.as_bytes()).expect("just written");
    let again: Vec<_> = again.iter().map(|setting| (setting.key.as_str(), setting.value.as_str())).collect();
    assert_eq!(again, pairs, "{text:?}");
}
