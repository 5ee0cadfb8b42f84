//! The function that reads a struct.

use crate::layout::{Shape, is_tagged_nullable_struct};
use crate::names;
use crate::schema::Field;
use crate::types::{default_value, is_option};
use std::fmt::Write;

/// `fn read`: take what the version carries, in order; the rest has its default.
pub(crate) fn function(shape: &Shape) -> String {
    let flexible = shape.is_flexible();
    let binding = if flexible == "false" || shape.tagged().is_empty() { "let it" } else { "let mut it" };
    let mut text = format!(
        "fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {{\n{binding} = Self {{\n"
    );
    for field in shape.fields {
        let carried = if field.tag.is_none() { shape.in_versions(field.versions) } else { "false".into() };
        let value = choose(&carried, &read(shape, field), &default_value(field));
        let _ = writeln!(text, "{}: {value},", names::field(&field.name));
    }
    text += "};\n";
    text += &match flexible {
        "true" => tagged(shape),
        "false" => String::new(),
        condition => format!("if {condition} {{\n{}\n}}\n", tagged(shape)),
    };
    text + "Ok(it)\n}\n\n"
}

/// One of two expressions, by a condition that may be certain.
fn choose(condition: &str, then: &str, otherwise: &str) -> String {
    match condition {
        "true" => then.into(),
        "false" => otherwise.into(),
        condition => format!("if {condition} {{ {then} }} else {{ {otherwise} }}"),
    }
}

/// The expression that takes a field's value.
fn read(shape: &Shape, field: &Field) -> String {
    let form = if field.flexible.is_some() { "form.rigid()" } else { "form" };
    let get = if is_tagged_nullable_struct(field) { "get_tagged_struct" } else { "get" };
    let value = format!("r.{get}({form})?");
    if is_option(field) {
        choose(&shape.is_nullable(field), &value, &format!("Some({value})"))
    } else {
        value
    }
}

/// The statement that takes the tagged fields.
fn tagged(shape: &Shape) -> String {
    let tagged = shape.tagged();
    if tagged.is_empty() {
        return "r.skip_tagged_fields()?;\n".into();
    }
    let mut text = String::from("r.tagged_fields(|tag, r| {\nmatch tag {\n");
    for field in tagged {
        let tag = field.tag.expect("tagged fields have a tag");
        let guard = match shape.in_versions(field.versions).as_str() {
            "true" => String::new(),
            condition => format!(" if {condition}"),
        };
        let _ = writeln!(text, "{tag}{guard} => it.{} = {},", names::field(&field.name), read(shape, field));
    }
    text + "_ => return Ok(false),\n}\nOk(true)\n})?;\n"
}
