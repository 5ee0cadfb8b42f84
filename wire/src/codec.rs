//! How values become bytes: the reader, the writer, and what stands in a message.
//!
//! [`Reader`] borrows from one frame and never allocates; [`Writer`] grows one buffer and notes
//! where bytes from elsewhere belong. [`Field`] is anything that can stand in a message,
//! [`Array`] the lazily decoded list of them.

mod array;
mod error;
mod field;
mod reader;
mod records;
mod writer;

pub use array::{Array, IntoIter, Iter};
pub use error::{DecodeError, EncodeError};
pub use field::{Detach, Field, Form, Nullable};
pub use reader::Reader;
pub use records::Records;
pub use writer::{Splice, Writer};

#[cfg(test)]
mod tests;

/// What generated modules import.
pub(crate) mod prelude {
    pub(crate) use super::field::{detach_itself, nullable_struct};
    pub(crate) use super::{
        Array, DecodeError, Detach, EncodeError, Field, Form, Nullable, Reader, Records, Writer,
    };
    pub(crate) use crate::json::{Json, ToJson};
    pub(crate) use crate::message::{Message, Request, VersionRange};
    pub(crate) use crate::uuid::Uuid;
    pub(crate) use std::borrow::Cow;
}
