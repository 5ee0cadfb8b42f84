//! Struct definitions, their defaults, and what follows from their shape alone.

use crate::layout::{Layout, Shape};
use crate::schema::{Field, Kind, Message, Type};
use crate::{decode, encode, json, names};
use std::fmt::Write;

/// Names that generated modules import; no struct may have one of them.
const IMPORTED: &[&str] = &[
    "Array",
    "DecodeError",
    "Detach",
    "EncodeError",
    "Field",
    "Form",
    "Json",
    "Nullable",
    "Reader",
    "Records",
    "Writer",
    "Message",
    "Request",
    "ToJson",
    "VersionRange",
    "Uuid",
    "Cow",
];

/// What a message without fields, or without some kinds of them, leaves unused.
const ALLOWED: &str =
    "#[allow(unused, unreachable_pub, clippy::all, reason = \"one pattern serves every message\")]";

/// The module of one message. A request's knows what answers it; records have a JSON form as well.
pub(crate) fn module(message: &Message, response: Option<&Message>) -> String {
    let layout = Layout::new(message);
    let shapes = layout.shapes();
    let name = &message.name;
    let with_json = !matches!(message.kind, Kind::Request | Kind::Response);
    let mut text = String::new();
    let _ = writeln!(text, "/// `{name}`, versions {}.", message.versions);
    let _ = writeln!(text, "{ALLOWED}");
    let _ = writeln!(text, "pub mod {} {{\nuse crate::codec::prelude::*;\n", names::snake(name));
    for shape in &shapes {
        assert!(!IMPORTED.contains(&shape.name), "{name}: struct {} needs another name", shape.name);
        text += &definition(shape);
        text += &default(shape);
        text += &field_impl(shape);
        text += &detach(shape);
        if with_json {
            text += &json::implementation(shape);
        }
    }
    text += &message_impl(message, &shapes[0]);
    if let Some(response) = response {
        text += &request_impl(&shapes[0], response);
    }
    text + "}\n\n"
}

/// `FetchTopic<'a>`, or without the lifetime if nothing is borrowed.
pub(crate) fn type_name(shape: &Shape, lifetime: &str) -> String {
    if shape.borrows() { format!("{}<{lifetime}>", shape.name) } else { shape.name.to_owned() }
}

/// A field's type in Rust.
fn field_type(shape: &Shape, field: &Field) -> String {
    let ty = rust_type(shape.layout, &field.ty);
    if is_option(field) { format!("Option<{ty}>") } else { ty }
}

fn rust_type(layout: &Layout, ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Int8 => "i8".into(),
        Type::Int16 => "i16".into(),
        Type::Uint16 => "u16".into(),
        Type::Int32 => "i32".into(),
        Type::Uint32 => "u32".into(),
        Type::Int64 => "i64".into(),
        Type::Float64 => "f64".into(),
        Type::Uuid => "Uuid".into(),
        Type::String => "Cow<'a, str>".into(),
        Type::Bytes => "Cow<'a, [u8]>".into(),
        Type::Records => "Records<'a>".into(),
        Type::Struct(name) if layout.borrows(ty) => format!("{name}<'a>"),
        Type::Struct(name) => name.clone(),
        Type::Array(element) => format!("Array<'a, {}>", rust_type(layout, element)),
    }
}

/// Whether the field is an `Option`: records always are.
pub(crate) fn is_option(field: &Field) -> bool {
    !field.nullable.is_empty() || field.ty == Type::Records
}

fn definition(shape: &Shape) -> String {
    let mut text = String::new();
    let derived = if has_plain_default(shape) { ", Default" } else { "" };
    let _ = writeln!(text, "/// `{}`, versions {}.", shape.name, shape.versions);
    let _ = writeln!(text, "#[derive(Clone, Debug, PartialEq{derived})]");
    let _ = writeln!(text, "pub struct {} {{", type_name(shape, "'a"));
    for field in shape.fields {
        let tag = field.tag.map(|tag| format!(", tag {tag}")).unwrap_or_default();
        let null =
            if field.nullable.is_empty() { String::new() } else { format!(", null in {}", field.nullable) };
        let _ = writeln!(text, "/// `{}`, versions {}{tag}{null}.", field.name, field.versions);
        let _ = writeln!(text, "pub {}: {},", names::field(&field.name), field_type(shape, field));
    }
    text + "}\n\n"
}

/// Whether every field's default is the one of its Rust type.
fn has_plain_default(shape: &Shape) -> bool {
    shape.fields.iter().all(|field| default_value(field) == "Default::default()")
}

/// A field's default, as an expression.
pub(crate) fn default_value(field: &Field) -> String {
    match field.default.as_deref() {
        Some("null") => "Default::default()".into(),
        Some(text) if text.starts_with('"') => format!("Cow::Borrowed({text})"),
        Some(value) => value.to_owned(),
        None if is_option(field) && field.ty != Type::Records => "Some(Default::default())".into(),
        None => "Default::default()".into(),
    }
}

fn default(shape: &Shape) -> String {
    if has_plain_default(shape) {
        return String::new();
    }
    let mut text = String::new();
    let _ = writeln!(text, "impl Default for {} {{", type_name(shape, "'_"));
    let _ = writeln!(text, "fn default() -> Self {{\nSelf {{");
    for field in shape.fields {
        let _ = writeln!(text, "{}: {},", names::field(&field.name), default_value(field));
    }
    text + "}\n}\n}\n\n"
}

fn field_impl(shape: &Shape) -> String {
    let min_size = shape.layout.min_size(shape.fields, shape.versions);
    let name = type_name(shape, "'a");
    // Only elements of arrays are counted; a message alone may be empty.
    assert!(min_size > 0 || shape.name == shape.layout.message.name, "{name}: elements without bytes");
    let mut text = String::new();
    let _ = writeln!(text, "impl<'a> Field<'a> for {name} {{");
    let _ = writeln!(text, "const MIN_SIZE: usize = {min_size};\n");
    text += &decode::function(shape);
    text += &encode::function(shape);
    text += "}\n\n";
    if shape.layout.is_nullable_struct(shape.name) {
        let _ = writeln!(text, "nullable_struct!({name});\n");
    }
    text
}

fn detach(shape: &Shape) -> String {
    if !shape.borrows() {
        return format!("detach_itself!({});\n\n", shape.name);
    }
    let (name, borrowed) = (shape.name, type_name(shape, "'_"));
    let mut text = String::new();
    let _ = writeln!(text, "impl {borrowed} {{");
    let _ = writeln!(text, "/// The same value, borrowing nothing.");
    let _ = writeln!(text, "pub fn into_owned(self) -> {name}<'static> {{\n{name} {{");
    for field in shape.fields {
        let field = names::field(&field.name);
        let _ = writeln!(text, "{field}: self.{field}.detach(),");
    }
    let _ = writeln!(text, "}}\n}}\n}}\n\nimpl Detach for {borrowed} {{\ntype Owned = {name}<'static>;");
    let _ = writeln!(text, "fn detach(self) -> Self::Owned {{\nself.into_owned()\n}}\n}}\n");
    text
}

fn message_impl(message: &Message, shape: &Shape) -> String {
    let name = type_name(shape, "'a");
    let mut text = String::new();
    let _ = writeln!(text, "impl<'a> Message<'a> for {name} {{");
    let _ = writeln!(text, "const NAME: &'static str = \"{}\";", message.name);
    let _ = writeln!(text, "const VERSIONS: VersionRange = {};", range(message.versions));
    let _ = writeln!(text, "const FLEXIBLE: VersionRange = {};\n}}\n", range(message.flexible));
    text
}

fn request_impl(shape: &Shape, response: &Message) -> String {
    let layout = Layout::new(response);
    let shapes = layout.shapes();
    let api = shape.name.strip_suffix("Request").expect("a request's name says so");
    let mut text = String::new();
    let _ = writeln!(text, "impl<'a> Request<'a> for {} {{", type_name(shape, "'a"));
    let _ = writeln!(text, "const API_KEY: crate::ApiKey = crate::ApiKey::{api};");
    let module = names::snake(&response.name);
    let _ = writeln!(text, "type Response<'b> = super::{module}::{};\n}}\n", type_name(&shapes[0], "'b"));
    text
}

/// A `VersionRange` as an expression.
pub(crate) fn range(versions: crate::schema::Versions) -> String {
    format!("VersionRange::new({}, {})", versions.min, versions.max)
}
