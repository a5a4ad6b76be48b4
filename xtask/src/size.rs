//! `cargo xtask size`: what each crate and function of the module weighs.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;
use wasmparser::{Name, NameSectionReader, Parser, Payload, TypeRef};

use crate::package;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many functions to list
    #[arg(long, default_value_t = 40)]
    top: usize,
}

/// A function of the module: its name and the bytes of its body.
type Function = (String, usize);

/// Builds the module with names, and lists crates and functions by weight.
pub(crate) fn report(options: &Options) -> Result<()> {
    let module = fs::read(package::with_names()?)?;
    let (mut functions, data) = weigh(&module)?;
    functions.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let code: usize = functions.iter().map(|(_, bytes)| bytes).sum();
    println!("\n{code} bytes of code in {} functions, {data} bytes of data\n", functions.len());
    let mut crates = BTreeMap::<&str, usize>::new();
    for (name, bytes) in &functions {
        *crates.entry(crate_of(name)).or_default() += bytes;
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (name, bytes) in crates {
        println!("{bytes:>8}  {name}");
    }
    println!();
    for (name, bytes) in functions.iter().take(options.top) {
        println!("{bytes:>8}  {name}");
    }
    println!();
    for (entry, bytes) in package::sizes()? {
        println!("{bytes:>8}  {entry}, brotli");
    }
    Ok(())
}

fn weigh(module: &[u8]) -> Result<(Vec<Function>, usize)> {
    let (mut bodies, mut names, mut imported, mut data) = (Vec::new(), BTreeMap::new(), 0, 0);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(section) => data = section.range().len(),
            Payload::CustomSection(section) if section.name() == "name" => {
                let reader = wasmparser::BinaryReader::new(section.data(), 0);
                for part in NameSectionReader::new(reader) {
                    if let Name::Function(map) = part? {
                        for naming in map {
                            let naming = naming?;
                            names.insert(naming.index, naming.name.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let name = |at: u32| names.get(&at).cloned().unwrap_or_else(|| format!("function {at}"));
    Ok(((imported..).map(name).zip(bodies).collect(), data))
}

/// The first path in a demangled name: `<relatch::web::Client as Drop>::drop` is relatch's.
fn crate_of(name: &str) -> &str {
    let start =
        name.trim_start_matches(['<', '&', '(', '*', ' ']).trim_start_matches("mut ").trim_start_matches("dyn ");
    let end = start.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(start.len());
    let is_path = start.get(end..).is_some_and(|rest| rest.starts_with("::"));
    if is_path { start.get(..end).unwrap_or(start) } else { "(no crate)" }
}
