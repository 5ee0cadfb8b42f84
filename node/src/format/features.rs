//! The feature levels that a new cluster begins with.

use std::collections::BTreeMap;

use metadata::features::{
    ELIGIBLE_LEADER_REPLICAS_VERSION, FEATURES, Feature, KRAFT_VERSION, METADATA_VERSION, MetadataVersion,
};
use wire::Writer;
use wire::metadata_records::{MetadataRecord, feature_level_record::FeatureLevelRecord};

/// Levels of all features, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Levels {
    release: MetadataVersion,
    levels: BTreeMap<&'static str, i16>,
}

impl Levels {
    /// The levels of a release, with those that `asked` names replaced.
    ///
    /// `is_dynamic` says that the voters are kept in the log, which is what kraft.version 1 means. An error is a
    /// sentence for whoever asked.
    pub(crate) fn choose(
        release: Option<MetadataVersion>,
        asked: &[(String, i16)],
        is_dynamic: bool,
    ) -> Result<Self, String> {
        let release = choose_release(release, asked)?;
        let mut levels: BTreeMap<&'static str, i16> = BTreeMap::new();
        for feature in FEATURES {
            levels.insert(feature.name, feature.default_level(release));
        }
        levels.insert(KRAFT_VERSION, i16::from(is_dynamic));
        for (name, level) in asked.iter().filter(|(name, _)| name != METADATA_VERSION) {
            let feature = Feature::named(name).ok_or_else(|| unsupported_feature(name))?;
            check_level(feature, *level, release, is_dynamic)?;
            levels.insert(feature.name, *level);
        }
        Ok(Self { release, levels })
    }

    /// The metadata version.
    pub(crate) fn release(&self) -> MetadataVersion {
        self.release
    }

    /// The level of `kraft.version`.
    pub(crate) fn kraft_version(&self) -> i16 {
        self.levels[KRAFT_VERSION]
    }

    /// Features that the metadata log begins with: the metadata version, then the others that are above 0, without
    /// `kraft.version`, which Raft keeps in records of its own.
    pub(crate) fn begin_with(&self) -> Vec<(&'static str, i16)> {
        let others = self.levels.iter().filter(|(name, level)| **name != KRAFT_VERSION && **level > 0);
        let first = (METADATA_VERSION, self.release.level());
        std::iter::once(first).chain(others.map(|(name, level)| (*name, *level))).collect()
    }

    /// The same as encoded records.
    pub(crate) fn records(&self) -> Vec<Vec<u8>> {
        let encode = |(name, level): (&'static str, i16)| {
            let record = MetadataRecord::from(FeatureLevelRecord { name: name.into(), feature_level: level });
            let mut bytes = Writer::new();
            record.encode(&mut bytes, 0).expect("version 0 can name every feature");
            bytes.into_bytes()
        };
        self.begin_with().into_iter().map(encode).collect()
    }
}

fn choose_release(
    release: Option<MetadataVersion>,
    asked: &[(String, i16)],
) -> Result<MetadataVersion, String> {
    let named = asked.iter().find(|(name, _)| name == METADATA_VERSION);
    match (release, named) {
        (Some(_), Some(_)) => Err(format!(
            "Use --release-version instead of --feature {METADATA_VERSION}=X to avoid ambiguity."
        )),
        (Some(release), None) => Ok(release),
        (None, Some((_, level))) => MetadataVersion::from_level(*level)
            .ok_or_else(|| format!("No MetadataVersion with feature level {level}.")),
        (None, None) => Ok(MetadataVersion::LATEST),
    }
}

fn unsupported_feature(name: &str) -> String {
    let mut names: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    names.sort_unstable();
    format!("Unsupported feature: {name}. Supported features are: {}", names.join(", "))
}

fn check_level(
    feature: &Feature,
    level: i16,
    release: MetadataVersion,
    is_dynamic: bool,
) -> Result<(), String> {
    let name = feature.name;
    if !(0..=feature.latest_level()).contains(&level) {
        return Err(format!(
            "No feature:{name} with feature level {level}: there are 0 to {}",
            feature.latest_level()
        ));
    }
    if name == KRAFT_VERSION && level == 0 && is_dynamic {
        return Err(
            "Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the flags \
            --standalone, --initial-controllers, or --no-initial-controllers is used. For dynamic \
            controllers support, try removing the --feature flag for kraft.version."
                .to_owned(),
        );
    }
    if name == KRAFT_VERSION && level > 0 && !is_dynamic {
        return Err(format!(
            "Cannot set kraft.version to {level} unless controller.quorum.voters is empty and one of the flags --standalone, \
             --initial-controllers, or --no-initial-controllers is used. \
             For dynamic controllers support, try using one of --standalone, --initial-controllers, \
             or --no-initial-controllers and removing controller.quorum.voters."
        ));
    }
    match required_release(name, level).filter(|required| release < *required) {
        Some(required) => Err(format!(
            "{name} could not be set to {level} because it depends on {METADATA_VERSION} level {}",
            required.level()
        )),
        None => Ok(()),
    }
}

/// The metadata version that a level of a feature cannot do without.
pub(crate) fn required_release(name: &str, level: i16) -> Option<MetadataVersion> {
    let needs_elr = name == ELIGIBLE_LEADER_REPLICAS_VERSION && level > 0;
    needs_elr.then(|| MetadataVersion::all().find(|version| version.has_elr())).flatten()
}
