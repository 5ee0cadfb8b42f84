//! `kafka-storage version-mapping` and `feature-dependencies`.

use std::io::Write;

use clap::Args;
use metadata::features::{FEATURES, Feature, METADATA_VERSION, MetadataVersion};

use super::super::Failure;
use crate::format::required_release;

/// Look up the corresponding features for a given metadata version
#[derive(Debug, Args)]
pub(super) struct VersionMapping {
    /// The release version to look up, from 3.3-IV3 on; the default is 4.3-IV0
    #[arg(long, short, value_name = "RELEASE_VERSION")]
    release_version: Option<String>,
}

/// Look up dependencies for a given feature version
#[derive(Debug, Args)]
pub(super) struct FeatureDependencies {
    /// A feature and its version, as feature=version
    #[arg(long, short, value_name = "FEATURE", required = true)]
    feature: Vec<String>,
}

/// The metadata version of a name such as `4.3-IV0` or `4.3`.
pub(super) fn parse_release(name: &str) -> Result<MetadataVersion, Failure> {
    MetadataVersion::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = MetadataVersion::all().map(MetadataVersion::name).collect();
        Failure::refused(format!(
            "Unknown {METADATA_VERSION} '{name}'. Supported {METADATA_VERSION} are: {}",
            known.join(", ")
        ))
    })
}

impl VersionMapping {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let name = self.release_version.unwrap_or_else(|| MetadataVersion::LATEST.name().to_owned());
        let version = parse_release(&name)?;
        writeln!(out, "{METADATA_VERSION}={} ({name})", version.level())?;
        for feature in FEATURES {
            writeln!(out, "{}={}", feature.name, feature.default_level(version))?;
        }
        Ok(())
    }
}

impl FeatureDependencies {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        for asked in &self.feature {
            let Some((name, version)) = asked.split_once('=') else {
                return Err(Failure::refused(format!(
                    "Invalid feature format: {asked}. Expected format: 'feature=version' (e.g. 'group.version=1')"
                )));
            };
            let (name, version) = (name.trim(), version.trim());
            let invalid =
                || Failure::refused(format!("Invalid version format: {version} for feature {name}"));
            print_dependencies(name, version.parse().map_err(|_| invalid())?, out)?;
        }
        Ok(())
    }
}

fn print_dependencies(name: &str, level: i16, out: &mut dyn Write) -> Result<(), Failure> {
    if name == METADATA_VERSION {
        let version = MetadataVersion::from_level(level)
            .ok_or_else(|| Failure::refused(format!("Unknown {METADATA_VERSION} {level}")))?;
        return Ok(writeln!(out, "{name}={level} ({version}) has no dependencies.")?);
    }
    let feature = Feature::named(name).ok_or_else(|| Failure::refused(format!("Unknown feature: {name}")))?;
    if !(0..=feature.latest_level()).contains(&level) {
        return Err(Failure::refused(format!("Feature level {level} is not supported for feature {name}")));
    }
    match required_release(name, level) {
        None => writeln!(out, "{name}={level} has no dependencies.")?,
        Some(required) => {
            writeln!(out, "{name}={level} requires:")?;
            writeln!(out, "    {METADATA_VERSION}={} ({required})", required.level())?;
        }
    }
    Ok(())
}
