//! The few constructs of JSON Schema (2020-12) that the labs' bodies need.

use serde_json::{Map, Value, json};

use crate::body::{Asked, Fields, FromFields};

/// A string of `min..=max` characters.
pub fn text(min: usize, max: usize) -> Value {
    json!({ "type": "string", "minLength": min, "maxLength": max })
}

/// A string that is one of these words.
pub fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// A string that is exactly this word.
pub fn constant(word: &str) -> Value {
    json!({ "type": "string", "const": word })
}

/// A string that is a UUID.
pub fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// A whole number from 0.
pub fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// A boolean.
pub fn truth() -> Value {
    json!({ "type": "boolean" })
}

/// An array of any number of these items.
pub fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// This shape, or null.
pub fn nullable(mut shape: Value) -> Value {
    shape["type"] = json!([shape["type"], "null"]);
    if let Some(words) = shape.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    shape
}

/// An object with exactly these fields, all of them required.
pub fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// This object with one more field, which may be missing.
pub fn optional(mut object: Value, name: &str, shape: Value) -> Value {
    object["properties"][name] = shape;
    object
}

/// A problem document (RFC 9457) of any status.
pub(super) fn problem() -> Value {
    let flaw = object([("pointer", json!({ "type": "string" })), ("detail", text(1, 200))]);
    let problem = object([
        ("type", json!({ "type": "string", "pattern": "^/problems/" })),
        ("title", text(1, 100)),
        ("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
        ("detail", text(1, 300)),
        ("code", json!({ "type": "string", "pattern": "^[a-z_]+$" })),
    ]);
    optional(problem, "errors", list(flaw))
}

/// The body that `T` is parsed from. The parser determines the fields and which of them are required by asking for them;
/// [`FromFields::shapes`] determines their values. Unknown fields are ignored, so they are allowed.
pub fn body<T: FromFields>() -> Value {
    let shapes = T::shapes();
    let asked = Fields::asked_by::<T>();
    let shape_of = |field: &Asked| {
        let shape = shapes.iter().find(|(name, _)| *name == field.name).map(|(_, shape)| shape.clone());
        let shape = shape.unwrap_or_else(|| json!({ "type": "string" }));
        if field.required { shape } else { nullable(shape) }
    };
    let properties: Map<String, Value> =
        asked.iter().map(|field| (field.name.to_owned(), shape_of(field))).collect();
    let required: Vec<&str> = asked.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// The fields of `T` that are read and have no shape, or have a shape and are not read: the document is wrong unless this
/// is empty.
pub fn strays<T: FromFields>() -> Vec<&'static str> {
    let (asked, shapes) = (Fields::asked_by::<T>(), T::shapes());
    let shapeless =
        asked.iter().map(|field| field.name).filter(|read| shapes.iter().all(|(name, _)| name != read));
    let unread =
        shapes.iter().map(|(name, _)| *name).filter(|name| asked.iter().all(|field| field.name != *name));
    shapeless.chain(unread).collect()
}
