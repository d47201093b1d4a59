//! The public API of a crate as lines of text, from what rustdoc writes as JSON.
//!
//! An item stands at the path where a user finds it, whatever private module it lies in. Implementations that the
//! compiler or a blanket gives are left out, but for a type that is not `Send`, `Sync` or `Unpin`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::render::{Docs, colon, list};

/// The lines, in the order of paths, or `None` where the JSON has a form that is not known here.
pub(super) fn lines(docs: &Value) -> Option<Vec<String>> {
    let mut listing = Listing { docs: Docs(docs), lines: BTreeSet::new() };
    let root = listing.docs.item(docs.get("root")?)?;
    listing.module(root, "")?;
    Some(listing.lines.into_iter().map(|(_, line)| line).collect())
}

struct Listing<'a> {
    docs: Docs<'a>,
    /// Each with the path that it is ordered by.
    lines: BTreeSet<(String, String)>,
}

impl<'a> Listing<'a> {
    fn add(&mut self, path: &str, line: String) {
        self.lines.insert((path.to_owned(), line));
    }

    fn module(&mut self, module: &'a Value, above: &str) -> Option<()> {
        for id in module.pointer("/inner/module/items")?.as_array()? {
            let Some(item) = self.docs.item(id) else { continue };
            if item.get("visibility")? != "public" {
                continue;
            }
            match item.pointer("/inner/use") {
                Some(import) => self.import(import, above)?,
                None => self.item(item, above, item.get("name")?.as_str()?)?,
            }
        }
        Some(())
    }

    /// What lies in this crate is listed where it is shown; what does not is named.
    fn import(&mut self, import: &'a Value, above: &str) -> Option<()> {
        let (name, source) = (import.get("name")?.as_str()?, import.get("source")?.as_str()?);
        let is_glob = import.get("is_glob")?.as_bool()?;
        match self.docs.item(import.get("id")?) {
            Some(module) if is_glob => self.module(module, above)?,
            Some(item) => self.item(item, above, name)?,
            None if is_glob => self.add(above, format!("use {source}::*")),
            None if above.is_empty() && source.ends_with(&format!("::{name}")) => {
                self.add(name, format!("use {source}"))
            }
            None => self.add(&format!("{above}{name}"), format!("use {source} as {above}{name}")),
        }
        Some(())
    }

    fn item(&mut self, item: &'a Value, above: &str, name: &str) -> Option<()> {
        let docs = self.docs;
        let path = format!("{above}{name}");
        let (kind, inner) = item.get("inner")?.as_object()?.iter().next()?;
        let marks = marks(item)?;
        match kind.as_str() {
            "module" => {
                self.add(&path, format!("mod {path}"));
                self.module(item, &format!("{path}::"))?;
            }
            "struct" => {
                let (generics, shape) = (inner.get("generics")?, self.fields(inner.get("kind")?, &path)?);
                let shown = docs.parameters(generics)? + &shape + &docs.conditions(generics)?;
                self.add(&path, format!("{marks}struct {path}{shown}"));
                self.implementations(inner, &path)?;
            }
            "enum" => {
                let generics = inner.get("generics")?;
                let shown = docs.parameters(generics)? + &docs.conditions(generics)?;
                self.add(&path, format!("{marks}enum {path}{shown}"));
                self.variants(inner, &path)?;
                self.implementations(inner, &path)?;
            }
            "trait" => {
                let generics = inner.get("generics")?;
                let bounds = colon(docs.bounds(inner.get("bounds")?)?);
                let shown = docs.parameters(generics)? + &bounds + &docs.conditions(generics)?;
                self.add(&path, format!("{marks}trait {path}{shown}"));
                self.members(inner, ["", &path, ""], &path)?;
            }
            "constant" => {
                let value = inner.pointer("/const/expr")?.as_str()?;
                self.add(&path, format!("{marks}const {path}: {} = {value}", docs.ty(inner.get("type")?)?));
            }
            "type_alias" => {
                let generics = docs.parameters(inner.get("generics")?)?;
                self.add(&path, format!("{marks}type {path}{generics} = {}", docs.ty(inner.get("type")?)?));
            }
            "function" => {
                let line = self.function(inner, &path)?;
                self.add(&path, marks + &line);
            }
            "macro" | "proc_macro" => self.add(&path, format!("{marks}macro {path}!")),
            _ => return None,
        }
        Some(())
    }

    /// The shape of a struct, with a line for each public field that has a name.
    fn fields(&mut self, kind: &'a Value, path: &str) -> Option<String> {
        if kind == "unit" {
            return Some(String::new());
        }
        if let Some(fields) = kind.get("tuple") {
            return Some(format!("({})", self.tuple(fields)?));
        }
        let plain = kind.get("plain")?;
        for id in plain.get("fields")?.as_array()? {
            let field = self.docs.item(id)?;
            let name = field.get("name")?.as_str()?;
            let ty = self.docs.ty(field.pointer("/inner/struct_field")?)?;
            self.add(&format!("{path}.{name}"), format!("{path}.{name}: {ty}"));
        }
        let more = plain.get("has_stripped_fields")?.as_bool()?;
        Some(if more { " { .. }" } else { " {}" }.to_owned())
    }

    fn tuple(&self, fields: &Value) -> Option<String> {
        list(fields.as_array()?, |id| {
            if id.is_null() {
                return Some("_".to_owned());
            }
            self.docs.ty(self.docs.item(id)?.pointer("/inner/struct_field")?)
        })
    }

    fn variants(&mut self, inner: &'a Value, path: &str) -> Option<()> {
        for id in inner.get("variants")?.as_array()? {
            let variant = self.docs.item(id)?;
            let path = format!("{path}::{}", variant.get("name")?.as_str()?);
            let of = variant.pointer("/inner/variant")?;
            let kind = of.get("kind")?;
            let shape = if kind == "plain" {
                String::new()
            } else if let Some(fields) = kind.get("tuple") {
                format!("({})", self.tuple(fields)?)
            } else {
                let fields = list(kind.pointer("/struct/fields")?.as_array()?, |id| {
                    let field = self.docs.item(id)?;
                    let ty = self.docs.ty(field.pointer("/inner/struct_field")?)?;
                    Some(format!("{}: {ty}", field.get("name")?.as_str()?))
                })?;
                format!(" {{ {fields} }}")
            };
            let value = of.pointer("/discriminant/value").and_then(Value::as_str);
            let value = value.map(|value| format!(" = {value}")).unwrap_or_default();
            self.add(&path, format!("{}{path}{shape}{value}", marks(variant)?));
        }
        Some(())
    }

    fn implementations(&mut self, inner: &'a Value, path: &str) -> Option<()> {
        for id in inner.get("impls")?.as_array()? {
            // One that the crate cannot list, such as that of a private trait, is nobody's promise.
            let Some(item) = self.docs.item(id) else { continue };
            let of = item.pointer("/inner/impl")?;
            if !of.get("blanket_impl")?.is_null() {
                continue;
            }
            let generics = of.get("generics")?;
            let (this, conditions) = (self.docs.ty(of.get("for")?)?, self.docs.conditions(generics)?);
            if of.get("trait")?.is_null() {
                let bounded = self.docs.parameters(generics)?;
                let prefix = if bounded.contains(": ") { format!("impl{bounded} ") } else { String::new() };
                self.members(of, [&prefix, &this, &conditions], path)?;
                continue;
            }
            let of_trait = self.docs.path(of.get("trait")?)?;
            if of_trait == "StructuralPartialEq" {
                continue;
            }
            let negative = of.get("is_negative")?.as_bool()?;
            if of.get("is_synthetic")?.as_bool()?
                && !(negative && ["Send", "Sync", "Unpin"].contains(&of_trait.as_str()))
            {
                continue;
            }
            let not = if negative { "!" } else { "" };
            let parameters = self.docs.parameters(generics)?;
            let line = format!("impl{parameters} {not}{of_trait} for {this}{conditions}");
            self.add(&format!("{path} {of_trait}"), line);
            self.associated_types(of, &format!("<{this} as {of_trait}>"), &format!("{path} {of_trait}"))?;
        }
        Some(())
    }

    /// What an implementation of a trait says beyond that it is one.
    fn associated_types(&mut self, of: &'a Value, this: &str, path: &str) -> Option<()> {
        for id in of.get("items")?.as_array()? {
            let Some(item) = self.docs.item(id) else { continue };
            if let Some(inner) = item.pointer("/inner/assoc_type") {
                let line = format!(
                    "type {this}::{}{}",
                    item.get("name")?.as_str()?,
                    self.docs.equals(inner.get("type")?)?
                );
                self.add(path, line);
            }
        }
        Some(())
    }

    /// The members of a trait, or of an implementation of none, with what stands before, how the type is written, and
    /// what stands behind.
    fn members(&mut self, of: &'a Value, around: [&str; 3], path: &str) -> Option<()> {
        let (docs, [prefix, this, conditions]) = (self.docs, around);
        for id in of.get("items")?.as_array()? {
            let Some(item) = docs.item(id) else { continue };
            let name = item.get("name")?.as_str()?;
            let (kind, inner) = item.get("inner")?.as_object()?.iter().next()?;
            let line = match kind.as_str() {
                "function" => self.function(inner, &format!("{this}::{name}"))? + conditions,
                "assoc_const" => format!("const {this}::{name}: {}", docs.ty(inner.get("type")?)?),
                "assoc_type" => {
                    let bounds = colon(docs.bounds(inner.get("bounds")?)?);
                    format!("type {this}::{name}{bounds}{}", docs.equals(inner.get("type")?)?)
                }
                _ => return None,
            };
            self.add(&format!("{path}::{name}"), marks(item)? + prefix + &line);
        }
        Some(())
    }

    fn function(&self, inner: &Value, path: &str) -> Option<String> {
        let (header, generics) = (inner.get("header")?, inner.get("generics")?);
        let word = |name: &str, word| Some(if header.get(name)?.as_bool()? { word } else { "" });
        let words = [word("is_const", "const ")?, word("is_async", "async ")?, word("is_unsafe", "unsafe ")?]
            .concat();
        let (parameters, signature) =
            (self.docs.parameters(generics)?, self.docs.signature(inner.get("sig")?)?);
        let own = self.docs.conditions(generics)?;
        Some(format!("{words}fn {path}{parameters}{signature}{own}"))
    }
}

/// What changes how an item may be used.
fn marks(item: &Value) -> Option<String> {
    let attributes = item.get("attrs")?.as_array()?;
    let closed = attributes.iter().any(|attribute| attribute == "non_exhaustive");
    let old = !item.get("deprecation")?.is_null();
    Some([if closed { "#[non_exhaustive] " } else { "" }, if old { "#[deprecated] " } else { "" }].concat())
}
