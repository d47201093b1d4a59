//! Types, bounds and generics of rustdoc's JSON, as one would write them in Rust.
//!
//! A type of another crate is shown with that crate's name, one of the language or of the crate itself without. Names
//! of arguments are no part of what a caller relies on, and are left out.

use serde_json::Value;

/// Of the language: shown without their crate.
const LANGUAGE: [&str; 3] = ["alloc", "core", "std"];

/// What rustdoc said of one crate. Each method gives `None` where the JSON has a form that is not known here.
#[derive(Clone, Copy)]
pub(super) struct Docs<'a>(pub(super) &'a Value);

impl<'a> Docs<'a> {
    pub(super) fn item(self, id: &Value) -> Option<&'a Value> {
        self.0.get("index")?.get(id.as_u64()?.to_string())
    }

    /// `Name<…>`, with its crate where that is not obvious. The name is that of the definition: what the source says
    /// may be another, or nothing.
    pub(super) fn path(self, path: &Value) -> Option<String> {
        let arguments = self.arguments(path.get("args")?)?;
        let id = path.get("id")?.as_u64()?.to_string();
        let Some(definition) = self.0.get("paths")?.get(&id) else {
            let name = path.get("path")?.as_str().filter(|name| !name.is_empty())?.rsplit("::").next()?;
            return Some(format!("{name}{arguments}"));
        };
        let name = definition.get("path")?.as_array()?.last()?.as_str()?;
        let krate = match definition.get("crate_id")?.as_u64()? {
            0 => "",
            krate => self.0.get("external_crates")?.get(krate.to_string())?.get("name")?.as_str()?,
        };
        let is_plain = krate.is_empty() || LANGUAGE.contains(&krate);
        Some(if is_plain { format!("{name}{arguments}") } else { format!("{krate}::{name}{arguments}") })
    }

    pub(super) fn ty(self, ty: &Value) -> Option<String> {
        if ty == "infer" {
            return Some("_".to_owned());
        }
        let (kind, of) = ty.as_object()?.iter().next()?;
        Some(match kind.as_str() {
            "resolved_path" => self.path(of)?,
            "generic" | "primitive" => match of.as_str()? {
                "never" => "!".to_owned(),
                name => name.to_owned(),
            },
            "tuple" => match of.as_array()?.as_slice() {
                [one] => format!("({},)", self.ty(one)?),
                many => format!("({})", list(many, |ty| self.ty(ty))?),
            },
            "slice" => format!("[{}]", self.ty(of)?),
            "array" => format!("[{}; {}]", self.ty(of.get("type")?)?, of.get("len")?.as_str()?),
            "borrowed_ref" => {
                let lifetime =
                    of.get("lifetime")?.as_str().map(|name| format!("{name} ")).unwrap_or_default();
                let mutable = if of.get("is_mutable")?.as_bool()? { "mut " } else { "" };
                format!("&{lifetime}{mutable}{}", self.ty(of.get("type")?)?)
            }
            "raw_pointer" => {
                let mutable = if of.get("is_mutable")?.as_bool()? { "mut" } else { "const" };
                format!("*{mutable} {}", self.ty(of.get("type")?)?)
            }
            "impl_trait" => format!("impl {}", self.bounds(of)?),
            "dyn_trait" => {
                let mut bounds: Vec<_> = of
                    .get("traits")?
                    .as_array()?
                    .iter()
                    .map(|bound| self.trait_bound(bound))
                    .collect::<Option<_>>()?;
                bounds.extend(of.get("lifetime")?.as_str().map(str::to_owned));
                format!("dyn {}", bounds.join(" + "))
            }
            "qualified_path" => {
                let name = of.get("name")?.as_str()?;
                let arguments = self.arguments(of.get("args")?)?;
                let this = self.ty(of.get("self_type")?)?;
                match of.get("trait")? {
                    Value::Null => format!("{this}::{name}{arguments}"),
                    of_trait => format!("<{this} as {}>::{name}{arguments}", self.path(of_trait)?),
                }
            }
            "function_pointer" => {
                format!("{}fn{}", self.for_any(of.get("generic_params")?)?, self.signature(of.get("sig")?)?)
            }
            _ => return None,
        })
    }

    /// `(&self, A) -> B`
    pub(super) fn signature(self, sig: &Value) -> Option<String> {
        let inputs = list(sig.get("inputs")?.as_array()?, |input| {
            let (name, ty) = (input.get(0)?.as_str()?, self.ty(input.get(1)?)?);
            Some(match (name, ty.as_str()) {
                ("self", "Self") => "self".to_owned(),
                ("self", ty) => match ty.strip_suffix("Self").filter(|rest| rest.starts_with('&')) {
                    Some(reference) => format!("{reference}self"),
                    None => format!("self: {ty}"),
                },
                _ => ty,
            })
        })?;
        let output = match sig.get("output")? {
            Value::Null => String::new(),
            ty => format!(" -> {}", self.ty(ty)?),
        };
        Some(format!("({inputs}){output}"))
    }

    /// `<'a, T: Bound = Default>`, or nothing.
    pub(super) fn parameters(self, generics: &Value) -> Option<String> {
        let mut shown = Vec::new();
        for parameter in generics.get("params")?.as_array()? {
            let name = parameter.get("name")?.as_str()?;
            let (kind, of) = parameter.get("kind")?.as_object()?.iter().next()?;
            match kind.as_str() {
                "lifetime" => shown.push(name.to_owned()),
                "type" if of.get("is_synthetic")?.as_bool()? => {}
                "type" => {
                    let bounds = colon(self.bounds(of.get("bounds")?)?);
                    shown.push(format!("{name}{bounds}{}", self.equals(of.get("default")?)?));
                }
                "const" => shown.push(format!("const {name}: {}", self.ty(of.get("type")?)?)),
                _ => return None,
            }
        }
        Some(angles(&shown.join(", ")))
    }

    /// ` where T: Bound`, or nothing.
    pub(super) fn conditions(self, generics: &Value) -> Option<String> {
        let shown = list(generics.get("where_predicates")?.as_array()?, |predicate| {
            let (kind, of) = predicate.as_object()?.iter().next()?;
            match kind.as_str() {
                "bound_predicate" => {
                    let any = self.for_any(of.get("generic_params")?)?;
                    Some(format!("{any}{}: {}", self.ty(of.get("type")?)?, self.bounds(of.get("bounds")?)?))
                }
                "lifetime_predicate" => {
                    let outlives =
                        list(of.get("outlives")?.as_array()?, |name| name.as_str().map(str::to_owned))?;
                    Some(format!("{}: {outlives}", of.get("lifetime")?.as_str()?))
                }
                _ => None,
            }
        })?;
        Some(if shown.is_empty() { shown } else { format!(" where {shown}") })
    }

    pub(super) fn bounds(self, bounds: &Value) -> Option<String> {
        let bounds = bounds.as_array()?.iter().map(|bound| {
            let (kind, of) = bound.as_object()?.iter().next()?;
            match kind.as_str() {
                "trait_bound" => self.trait_bound(of),
                "outlives" => of.as_str().map(str::to_owned),
                "use" => {
                    let name =
                        |argument: &Value| argument.as_object()?.values().next()?.as_str().map(str::to_owned);
                    Some(format!("use<{}>", list(of.as_array()?, name)?))
                }
                _ => None,
            }
        });
        Some(bounds.collect::<Option<Vec<_>>>()?.join(" + "))
    }

    /// ` = T`, or nothing.
    pub(super) fn equals(self, ty: &Value) -> Option<String> {
        Some(if ty.is_null() { String::new() } else { format!(" = {}", self.ty(ty)?) })
    }

    fn trait_bound(self, bound: &Value) -> Option<String> {
        let maybe = if bound.get("modifier").is_some_and(|modifier| modifier == "maybe") { "?" } else { "" };
        Some(format!(
            "{maybe}{}{}",
            self.for_any(bound.get("generic_params")?)?,
            self.path(bound.get("trait")?)?
        ))
    }

    fn for_any(self, parameters: &Value) -> Option<String> {
        let names =
            list(parameters.as_array()?, |parameter| parameter.get("name")?.as_str().map(str::to_owned))?;
        Some(if names.is_empty() { names } else { format!("for<{names}> ") })
    }

    fn arguments(self, arguments: &Value) -> Option<String> {
        if arguments.is_null() {
            return Some(String::new());
        }
        let (kind, of) = arguments.as_object()?.iter().next()?;
        match kind.as_str() {
            "angle_bracketed" => {
                let mut shown = Vec::new();
                for argument in of.get("args")?.as_array()? {
                    shown.push(self.argument(argument)?);
                }
                for constraint in of.get("constraints")?.as_array()? {
                    shown.push(self.constraint(constraint)?);
                }
                Some(angles(&shown.join(", ")))
            }
            "parenthesized" => {
                let inputs = list(of.get("inputs")?.as_array()?, |ty| self.ty(ty))?;
                let output = match of.get("output")? {
                    Value::Null => String::new(),
                    ty => format!(" -> {}", self.ty(ty)?),
                };
                Some(format!("({inputs}){output}"))
            }
            _ => None,
        }
    }

    fn argument(self, argument: &Value) -> Option<String> {
        if argument == "infer" {
            return Some("_".to_owned());
        }
        let (kind, of) = argument.as_object()?.iter().next()?;
        match kind.as_str() {
            "lifetime" => of.as_str().map(str::to_owned),
            "type" => self.ty(of),
            "const" => of.get("expr")?.as_str().map(str::to_owned),
            _ => None,
        }
    }

    fn constraint(self, constraint: &Value) -> Option<String> {
        let name = constraint.get("name")?.as_str()?;
        let (kind, of) = constraint.get("binding")?.as_object()?.iter().next()?;
        match kind.as_str() {
            "equality" => Some(format!("{name} = {}", self.argument(of)?)),
            "constraint" => Some(format!("{name}: {}", self.bounds(of)?)),
            _ => None,
        }
    }
}

/// The values as text, with commas between.
pub(super) fn list(values: &[Value], show: impl Fn(&Value) -> Option<String>) -> Option<String> {
    Some(values.iter().map(show).collect::<Option<Vec<_>>>()?.join(", "))
}

pub(super) fn colon(bounds: String) -> String {
    if bounds.is_empty() { bounds } else { format!(": {bounds}") }
}

fn angles(inside: &str) -> String {
    if inside.is_empty() { String::new() } else { format!("<{inside}>") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(id: u64, arguments: &Value) -> Value {
        json!({ "resolved_path": { "path": "as_written", "id": id, "args": arguments } })
    }

    fn shown(ty: &Value) -> Option<String> {
        let docs = json!({
            "index": {},
            "paths": {
                "1": { "crate_id": 0, "path": ["ours", "private", "Row"] },
                "2": { "crate_id": 2, "path": ["std", "vec", "Vec"] },
                "3": { "crate_id": 3, "path": ["chrono", "Utc"] },
            },
            "external_crates": { "2": { "name": "alloc" }, "3": { "name": "chrono" } },
        });
        Docs(&docs).ty(ty)
    }

    #[test]
    fn types_are_shown_as_one_writes_them() {
        let of = |ty: Value| json!({ "angle_bracketed": { "args": [{ "type": ty }], "constraints": [] } });
        let row = named(1, &Value::Null);
        let bound = json!({ "trait": { "path": "T", "id": 3, "args": null }, "generic_params": [], "modifier": "none" });
        for (ty, expected) in [
            (row.clone(), "Row"),
            (named(2, &of(named(3, &Value::Null))), "Vec<chrono::Utc>"),
            (json!({ "borrowed_ref": { "lifetime": "'a", "is_mutable": true, "type": row } }), "&'a mut Row"),
            (json!({ "tuple": [{ "primitive": "u8" }, { "slice": { "generic": "T" } }] }), "(u8, [T])"),
            (json!({ "tuple": [{ "primitive": "never" }] }), "(!,)"),
            (json!({ "array": { "type": { "primitive": "u8" }, "len": "32" } }), "[u8; 32]"),
            (
                json!({ "impl_trait": [{ "trait_bound": bound }, { "outlives": "'a" }] }),
                "impl chrono::Utc + 'a",
            ),
            (
                json!({ "dyn_trait": { "traits": [bound], "lifetime": "'static" } }),
                "dyn chrono::Utc + 'static",
            ),
            (
                json!({ "qualified_path": {
                    "name": "Item", "args": null, "self_type": { "generic": "I" },
                    "trait": { "path": "", "id": 3, "args": null },
                } }),
                "<I as chrono::Utc>::Item",
            ),
        ] {
            assert_eq!(shown(&ty).as_deref(), Some(expected), "{ty}");
        }
    }

    #[test]
    fn another_form_of_json_is_not_shown() {
        for ty in [json!({}), json!(null), json!({ "novel": "x" }), json!({ "slice": { "novel": "x" } })] {
            assert_eq!(shown(&ty), None, "{ty}");
        }
    }
}
