//! ApiVersions: what this node speaks (KIP-35, KIP-511), and the features of the cluster (KIP-584).

use metadata::features::{FEATURES, METADATA_VERSION, MetadataVersion};
use metadata::image::FeaturesImage;
use wire::messages::api_versions_request::ApiVersionsRequest;
use wire::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use wire::{ApiKey, ErrorCode, VersionRange};

use crate::context::RequestContext;
use crate::dispatch::{served_apis, served_versions};

/// From here on clients can read a feature whose lowest level is 0 (KAFKA-17492).
const FIRST_VERSION_WITH_LEVEL_0: i16 = 4;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: ApiVersionsRequest<'_>,
) -> ApiVersionsResponse<'static> {
    if ctx.api_version >= 3 && !is_valid(&request) {
        return ApiVersionsResponse {
            error_code: ErrorCode::InvalidRequest.code(),
            ..ApiVersionsResponse::default()
        };
    }
    let image = ctx.broker.image();
    ApiVersionsResponse {
        api_keys: served_apis(ctx.listener.kind).iter().map(|api| advertised(*api)).collect(),
        supported_features: supported_features(ctx.api_version).into(),
        finalized_features: finalized_features(image.features()).into(),
        finalized_features_epoch: image.provenance().end_offset - 1,
        ..ApiVersionsResponse::default()
    }
}

/// The answer to a version that this node does not know, in version 0.
pub(crate) fn unsupported() -> ApiVersionsResponse<'static> {
    ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: vec![advertised(ApiKey::ApiVersions)].into(),
        ..ApiVersionsResponse::default()
    }
}

fn advertised(api: ApiKey) -> ApiVersion {
    let VersionRange { min, max } = served_versions(api);
    // Old librdkafka takes compression kinds from the lowest version of Produce (KAFKA-18659).
    let min_version = if api == ApiKey::Produce { 0 } else { min };
    ApiVersion { api_key: api.code(), min_version, max_version: max }
}

/// Levels of features this node can work with: name, lowest, highest.
pub(crate) fn supported_levels() -> impl Iterator<Item = (&'static str, i16, i16)> {
    let metadata_version =
        (METADATA_VERSION, MetadataVersion::MINIMUM.level(), MetadataVersion::LATEST.level());
    let others = FEATURES.iter().map(|feature| (feature.name, 0, feature.latest_level()));
    std::iter::once(metadata_version).chain(others)
}

fn supported_features(api_version: i16) -> Vec<SupportedFeatureKey<'static>> {
    supported_levels()
        .filter(|(_, min, _)| *min > 0 || api_version >= FIRST_VERSION_WITH_LEVEL_0)
        .map(|(name, min_version, max_version)| SupportedFeatureKey {
            name: name.into(),
            min_version,
            max_version,
        })
        .collect()
}

fn finalized_features(features: &FeaturesImage) -> Vec<FinalizedFeatureKey<'static>> {
    let metadata_version = features.metadata_version().map(|version| (METADATA_VERSION, version.level()));
    let finalized = metadata_version.into_iter().chain(features.levels());
    finalized
        .map(|(name, level)| FinalizedFeatureKey {
            name: name.to_owned().into(),
            max_version_level: level,
            min_version_level: level,
        })
        .collect()
}

/// Whether a client's name and version are words of letters, digits, dots and hyphens that begin
/// and end with a letter or digit.
fn is_valid(request: &ApiVersionsRequest<'_>) -> bool {
    let is_word = |text: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        outer(bytes.first()) && outer(bytes.last()) && bytes.iter().all(|byte| inner(*byte))
    };
    is_word(&request.client_software_name) && is_word(&request.client_software_version)
}
