//! The function that writes a struct.

use crate::layout::{Shape, is_tagged_nullable_struct};
use crate::names;
use crate::schema::{Field, Type};
use crate::types::{default_value, is_option};
use std::fmt::Write;

/// `fn write`: put what the version carries, in order; refuse what it cannot carry and must not lose.
pub(crate) fn function(shape: &Shape) -> String {
    let mut text = String::from("fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError> {\n");
    for field in shape.fields.iter().filter(|field| field.tag.is_none()) {
        text += &conditional(&shape.in_versions(field.versions), &put(shape, field), &refuse(shape, field));
    }
    let lost: String = shape.tagged().into_iter().map(|field| refuse(shape, field)).collect();
    text += &conditional(shape.is_flexible(), &tagged(shape), &lost);
    text + "Ok(())\n}\n"
}

/// One of two statements, by a condition that may be certain.
pub(crate) fn conditional(condition: &str, then: &str, otherwise: &str) -> String {
    match condition {
        "true" => format!("{then}\n"),
        "false" => format!("{otherwise}\n"),
        _ if otherwise.is_empty() => format!("if {condition} {{\n{then}\n}}\n"),
        _ => format!("if {condition} {{\n{then}\n}} else {{\n{otherwise}}}\n"),
    }
}

fn put(shape: &Shape, field: &Field) -> String {
    let name = names::field(&field.name);
    let form = if field.flexible.is_some() { "form.rigid()" } else { "form" };
    let whole = format!("w.put(&self.{name}, {form})?;");
    if !is_option(field) {
        return whole;
    }
    let present = format!("w.put_present(&self.{name}, {form}, \"{}.{}\")?;", shape.name, field.name);
    match shape.is_nullable(field).as_str() {
        "true" => whole,
        "false" => present,
        condition => format!("if {condition} {{\n{whole}\n}} else {{\n{present}\n}}"),
    }
}

/// The error for a value that would be lost; nothing for an ignorable field.
pub(crate) fn refuse(shape: &Shape, field: &Field) -> String {
    if field.ignorable {
        return String::new();
    }
    let path = format!("{}.{}", shape.name, field.name);
    format!(
        "if {} {{\nreturn Err(EncodeError::UnsupportedField {{ field: \"{path}\", version: form.version }});\n}}\n",
        differs(field)
    )
}

/// Whether the field has another value than its default, as an expression.
pub(crate) fn differs(field: &Field) -> String {
    let name = names::field(&field.name);
    let default = default_value(field);
    if is_option(field) {
        return match default.as_str() {
            "Default::default()" => format!("self.{name}.is_some()"),
            _ => format!("self.{name} != {default}"),
        };
    }
    match &field.ty {
        Type::Bool if default == "true" => format!("!self.{name}"),
        Type::Bool => format!("self.{name}"),
        Type::Array(_) => format!("!self.{name}.is_empty()"),
        Type::String | Type::Bytes if field.default.is_none() => format!("!self.{name}.is_empty()"),
        _ => format!("self.{name} != {default}"),
    }
}

fn tagged(shape: &Shape) -> String {
    let tagged = shape.tagged();
    assert!(tagged.len() < 128, "{}: the count of tagged fields takes one byte", shape.name);
    if tagged.is_empty() {
        return "w.u8(0);".into();
    }
    let mut text = String::from("let section = w.tagged_fields();\n");
    for field in tagged {
        assert!(field.ty != Type::Records, "{}: records in a tagged field", shape.name);
        let (tag, name) = (field.tag.expect("tagged fields have a tag"), names::field(&field.name));
        let put = if is_tagged_nullable_struct(field) { "put_tagged_struct" } else { "put" };
        let put = format!("w.tagged_field(section, {tag}, |w| w.{put}(&self.{name}, form))?;");
        let guarded = format!("if {} {{\n{put}\n}}\n", differs(field));
        let _ = write!(
            text,
            "{}",
            conditional(&shape.in_versions(field.versions), &guarded, &refuse(shape, field))
        );
    }
    text
}
