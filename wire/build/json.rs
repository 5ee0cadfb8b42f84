//! The function that gives a struct its JSON form.

use crate::encode::{conditional, differs, refuse};
use crate::layout::Shape;
use crate::names;
use crate::schema::Field;
use crate::types::type_name;
use std::fmt::Write;

/// `impl ToJson`: the fields that the version carries, in the order of the schema.
pub(crate) fn implementation(shape: &Shape) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "impl ToJson for {} {{", type_name(shape, "'_"));
    text += "fn to_json(&self, form: Form) -> Result<Json, EncodeError> {\nlet mut members = Vec::new();\n";
    for field in shape.fields {
        text += &conditional(&shape.in_versions(field.versions), &member(field), &refuse(shape, field));
    }
    text + "Ok(Json::Object(members))\n}\n}\n\n"
}

fn member(field: &Field) -> String {
    let name = names::field(&field.name);
    let push = format!("members.push((\"{}\", self.{name}.to_json(form)?));", camel(&field.name));
    if field.tag.is_some() { format!("if {} {{\n{push}\n}}", differs(field)) } else { push }
}

/// `kRaftVersion` for `KRaftVersion`.
fn camel(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
