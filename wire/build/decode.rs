//! The function that reads a struct.

use crate::layout::Shape;
use crate::names;
use crate::schema::Field;
use crate::types::is_option;
use std::fmt::Write;

/// `fn read`: start from the defaults, then take what the version carries, in order.
pub(crate) fn function(shape: &Shape) -> String {
    let mut text = String::from(
        "fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {\nlet mut it = Self::default();\n",
    );
    for field in shape.fields.iter().filter(|field| field.tag.is_none()) {
        text += &conditional(&shape.in_versions(field.versions), &read(shape, field));
    }
    text += &conditional(shape.is_flexible(), &tagged(shape));
    text + "Ok(it)\n}\n\n"
}

/// `statement` under `condition`, or whichever of the two is certain.
fn conditional(condition: &str, statement: &str) -> String {
    match condition {
        "true" => format!("{statement}\n"),
        "false" => String::new(),
        condition => format!("if {condition} {{\n{statement}\n}}\n"),
    }
}

fn read(shape: &Shape, field: &Field) -> String {
    let name = names::field(&field.name);
    let form = if field.flexible.is_some() { "form.rigid()" } else { "form" };
    if !is_option(field) {
        return format!("it.{name} = r.get({form})?;");
    }
    match shape.is_nullable(field).as_str() {
        "true" => format!("it.{name} = r.get({form})?;"),
        "false" => format!("it.{name} = Some(r.get({form})?);"),
        condition => {
            format!("it.{name} = if {condition} {{ r.get({form})? }} else {{ Some(r.get({form})?) }};")
        }
    }
}

fn tagged(shape: &Shape) -> String {
    let tagged = shape.tagged();
    if tagged.is_empty() {
        return "r.skip_tagged_fields()?;".into();
    }
    let mut text = String::from("r.tagged_fields(|tag, r| {\nmatch tag {\n");
    for field in tagged {
        let tag = field.tag.expect("tagged fields have a tag");
        let guard = match shape.in_versions(field.versions).as_str() {
            "true" => String::new(),
            condition => format!(" if {condition}"),
        };
        let _ = writeln!(text, "{tag}{guard} => {}", read(shape, field).replace(';', ","));
    }
    text + "_ => return Ok(false),\n}\nOk(true)\n})?;"
}
