//! The remote procedures and their versions.

use crate::message::VersionRange;

/// The kinds of listener that serve an api.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Served where clients and brokers connect.
    pub broker: bool,
    /// Served where voters and brokers reach a controller.
    pub controller: bool,
}

struct Facts {
    name: &'static str,
    versions: VersionRange,
    flexible_request: VersionRange,
    flexible_response: VersionRange,
    unstable: bool,
    listeners: Listeners,
}

macro_rules! api_keys {
    ($(
        $name:ident = $code:literal, versions $min:literal $max:literal,
        flexible $request:expr, $response:expr, unstable $unstable:literal,
        listeners $broker:literal $controller:literal;
    )+) => {
        /// A remote procedure of Apache Kafka 4.3.1. Those that 4.0 removed are here without
        /// versions, since their codes stay taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey {
            $(#[doc = concat!("Api key ", stringify!($code), ".")] $name = $code,)+
        }

        impl ApiKey {
            /// Every api, by code.
            pub const ALL: &'static [ApiKey] = &[$(ApiKey::$name,)+];
        }

        const FACTS: &[Facts] = &[$(Facts {
            name: stringify!($name),
            versions: VersionRange::new($min, $max),
            flexible_request: $request,
            flexible_response: $response,
            unstable: $unstable,
            listeners: Listeners { broker: $broker, controller: $controller },
        },)+];
    };
}

include!(concat!(env!("OUT_DIR"), "/api_keys.rs"));

impl ApiKey {
    /// The api with this code, if there is one.
    pub fn from_code(code: i16) -> Option<ApiKey> {
        ApiKey::ALL.get(usize::try_from(code).ok()?).copied()
    }

    /// Its number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// Its name as in the schemas, e.g. `ListOffsets`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Versions that can be read and written; none if the api was removed.
    pub fn valid_versions(self) -> VersionRange {
        self.facts().versions
    }

    /// The newest version may still change; it is offered only when unstable versions are enabled.
    pub fn latest_version_unstable(self) -> bool {
        self.facts().unstable
    }

    /// Which kinds of listener serve it.
    pub fn listeners(self) -> Listeners {
        self.facts().listeners
    }

    /// Version of the header before a request of this version.
    pub fn request_header_version(self, version: i16) -> i16 {
        if self.facts().flexible_request.contains(version) { 2 } else { 1 }
    }

    /// Version of the header before a response of this version.
    ///
    /// Always 0 for ApiVersions: a client must understand the answer before it knows what the
    /// server speaks (KIP-511).
    pub fn response_header_version(self, version: i16) -> i16 {
        let flexible = self.facts().flexible_response.contains(version);
        if flexible && self != ApiKey::ApiVersions { 1 } else { 0 }
    }
}

// `from_code` and `facts` index by code.
const _: () = {
    let mut index = 0;
    while index < ApiKey::ALL.len() {
        assert!(ApiKey::ALL[index] as usize == index);
        index += 1;
    }
};

impl std::fmt::Display for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
