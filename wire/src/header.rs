//! The headers before requests and responses.
//!
//! ```text
//! request   api key i16 | api version i16 | correlation id i32 | client id (16-bit length) | v2: tagged fields
//! response  correlation id i32 | v1: tagged fields
//! ```
//! Which version applies follows from the api and the request's version:
//! [`ApiKey::request_header_version`](crate::ApiKey::request_header_version).

pub use request_header::RequestHeader;
pub use response_header::ResponseHeader;

use crate::api_key::ApiKey;
use crate::codec::{DecodeError, Reader};
use crate::message::Message;

include!(concat!(env!("OUT_DIR"), "/header.rs"));

/// The code of an api and a version of it, as a request names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Api key, perhaps one that is unknown here.
    pub api_key: i16,
    /// Version of the request, perhaps one that is unknown here.
    pub api_version: i16,
}

impl Target {
    /// What the request in `frame` asks for, by its first four bytes.
    pub fn peek(frame: &[u8]) -> Result<Target, DecodeError> {
        let mut r = Reader::new(frame);
        Ok(Target { api_key: r.i16()?, api_version: r.i16()? })
    }
}

impl<'a> RequestHeader<'a> {
    /// Takes the header off a request's frame, in the version that its own first bytes call for.
    ///
    /// [`DecodeError::Unknown`] for an api that does not exist. A version outside the api's range
    /// is not an error here, since ApiVersions answers those; whatever is newer has the newest header.
    pub fn decode_any(r: &mut Reader<'a>) -> Result<(ApiKey, RequestHeader<'a>), DecodeError> {
        let target = Target::peek(r.rest())?;
        let unknown = DecodeError::Unknown { what: "api key", code: i64::from(target.api_key) };
        let api = ApiKey::from_code(target.api_key).ok_or(unknown)?;
        let version = target.api_version.min(api.valid_versions().max);
        Ok((api, RequestHeader::decode(r, api.request_header_version(version))?))
    }
}
