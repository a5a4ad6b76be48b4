//! Builds the npm package: Rust to WebAssembly, its glue, the TypeScript around it, and the files as published.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use relatch::core::contract::FIELDS;
use relatch::core::{Kind, Problem, Reason};
use serde_json::Value;
use sha2::{Digest, Sha384};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{capture, command, root, run, step, target};
use crate::{compiler, glue, panics, printable, tools};

/// What one bundle is made of, and what comes out of it.
struct Entry {
    /// The name of `src/{source}.ts`, of the bundles and of the type declarations, which bring along what they import.
    source: &'static str,
    /// A format of esbuild's and the ending that stands for it.
    outputs: &'static [(&'static str, &'static str)],
    /// What stays an import: a file of the package (`./core.js`) or another package.
    external: &'static [&'static str],
}

const MODULES: &[(&str, &str)] = &[("esm", ".js"), ("cjs", ".cjs")];
const SCRIPT: &[(&str, &str)] = &[("iife", ".global.js")];

/// What the files for a plain `<script>` are called, and what each leaves in the page.
const SCRIPT_NAMES: (&str, &str) = ("relatch", "relatch");
const DEVTOOLS_SCRIPT_NAMES: (&str, &str) = ("relatch-devtools", "relatchDevtools");

/// What the core's own parts call each other (`Host`, `Client` and `Call`): in its bundles these are names of a letter. None of
/// them is of the platform, of the public types or of another bundle, and none is looked up by a text.
const INNER: &str = "--mangle-props=^(found|hasAuthorization|heard|hint|isAbsolute|isUnsafe|publish|readStamp|\
    recorded|resume|sendBare|setPage|unlock|writeStamp|__wbg_ptr|_wbg_cb_unref)$";

/// The bundles of the package. `package.json` says under which name each is imported.
const ENTRIES: &[Entry] = &[
    Entry { source: "core", outputs: MODULES, external: &[] },
    Entry { source: "index", outputs: MODULES, external: &["./core.js"] },
    Entry { source: "index", outputs: SCRIPT, external: &[] },
    Entry { source: "react", outputs: MODULES, external: &["./core.js", "react"] },
    Entry { source: "streaming", outputs: MODULES, external: &["./core.js"] },
    Entry { source: "next", outputs: MODULES, external: &["next"] },
    Entry { source: "server", outputs: MODULES, external: &[] },
    Entry { source: "next-auth", outputs: MODULES, external: &["./index.js", "./react.js", "react"] },
    Entry { source: "explain", outputs: MODULES, external: &[] },
    Entry { source: "devtools", outputs: MODULES, external: &[] },
    Entry { source: "devtools-script", outputs: SCRIPT, external: &[] },
    Entry { source: "devtools-react", outputs: MODULES, external: &["./devtools.js", "./react.js", "react"] },
    Entry { source: "presets", outputs: MODULES, external: &[] },
    Entry { source: "oidc", outputs: MODULES, external: &["./index.js", "oauth4webapi"] },
];

/// The package as it is published.
pub(crate) fn folder() -> PathBuf {
    root().join("pkg")
}

/// `cargo xtask build`.
pub(crate) fn build() -> Result<()> {
    tools::for_build()?;
    let wasm = compile()?;
    step("JavaScript glue");
    let glue = bind(&wasm, Names::Dropped)?;
    step("wasm-opt");
    let small = optimize(&glue, Names::Dropped)?;
    let small = shorten(&glue, &small)?;
    anyhow::ensure!(
        !fs::read(&small)?.windows(8).any(|bytes| bytes == b"/.cargo/"),
        "the module holds a path of this machine"
    );
    generate(&glue, &small)?;
    step("TypeScript");
    let template = root().join("pkg-template");
    run(command("npx", &["tsc", "-p", "."]).current_dir(&template))?;
    let pkg = folder();
    if pkg.exists() {
        fs::remove_dir_all(&pkg)?;
    }
    fs::create_dir_all(&pkg)?;
    bundle(&template, &pkg)?;
    declare(&template, &pkg)?;
    accompany(&template, &pkg)?;
    embed(&template)?;
    fs::copy(&small, pkg.join("relatch.wasm"))?;
    report(&pkg, &small)
}

/// The hash that a `<script integrity>` of the global file needs (Subresource Integrity, W3C).
pub(crate) fn integrity() -> Result<String> {
    let script = fs::read(folder().join("relatch.global.js")).context("run `cargo xtask build` first")?;
    Ok(format!("sha384-{}", base64::engine::general_purpose::STANDARD.encode(Sha384::digest(script))))
}

fn compile() -> Result<PathBuf> {
    step("Rust to WebAssembly");
    let flags = format!("target.wasm32-unknown-unknown.rustflags = {:?}", remappings()?);
    let mut args = vec!["build", "--package", "relatch", "--lib", "--release", "--target", "wasm32-unknown-unknown"];
    args.extend(["--no-default-features", "--features", "small-allocator", "--config", &flags]);
    run(&mut command("cargo", &args))?;
    Ok(target().join("wasm32-unknown-unknown/release/relatch.wasm"))
}

/// No path of the machine that builds it is to be in the module, which is the same wherever it is built.
fn remappings() -> Result<Vec<String>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let sources = home.context("neither CARGO_HOME nor HOME is set")?.join("registry/src");
    // The stack need not be a megabyte.
    let mut flags = vec!["-Clink-arg=-zstack-size=65536".to_owned()];
    for index in fs::read_dir(&sources).into_iter().flatten() {
        flags.push(format!("--remap-path-prefix={}=crates", index?.path().display()));
    }
    Ok(flags)
}

/// Whether the module keeps the names of its functions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Kept,
    Dropped,
}

/// The module as it is packed, but for the names of its functions.
pub(crate) fn with_names() -> Result<PathBuf> {
    tools::for_build()?;
    let glue = bind(&compile()?, Names::Kept)?;
    optimize(&glue, Names::Kept)
}

fn bind(wasm: &Path, names: Names) -> Result<PathBuf> {
    let out = target().join(if names == Names::Kept { "glue-with-names" } else { "glue" });
    Bindgen::new()
        .input_module("relatch", panics::silenced(&fs::read(wasm)?, compiler::is_measured())?)
        .web(true)?
        .omit_default_module_path(true)
        .remove_name_section(names == Names::Dropped)
        .remove_producers_section(true)
        .typescript(true)
        .generate(&out)?;
    Ok(out)
}

/// What the module may use of WebAssembly, as `wasm-opt` calls it: what all engines of the last years have.
const WASM_FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// How `wasm-opt` makes the module small.
const PASSES: &[&str] = &[
    // The stack has the lowest addresses, so no pointer to data is below 1024; and a program of Rust's divides by no zero.
    "--low-memory-unused",
    "--ignore-implicit-traps",
    // Control flow is taken apart and put together anew.
    "--flatten",
    "--rereloop",
    // What the first pass has inlined and merged gives the second one more to do.
    "-Oz",
    "-Oz",
    // Those that are called most have the shortest numbers.
    "--reorder-functions",
    // The engines know their features.
    "--strip-target-features",
];

fn optimize(glue: &Path, names: Names) -> Result<PathBuf> {
    let (input, output) = (glue.join("relatch_bg.wasm"), glue.join("relatch_bg.opt.wasm"));
    let (input_arg, output_arg) = (input.to_string_lossy(), output.to_string_lossy());
    let mut args = vec!["wasm-opt"];
    args.extend(PASSES);
    args.extend(WASM_FEATURES);
    if names == Names::Kept {
        args.push("--debuginfo");
    }
    args.extend([input_arg.as_ref(), "-o", output_arg.as_ref()]);
    run(command("npx", &args).current_dir(root().join("pkg-template")))?;
    Ok(output)
}

/// What `wasm-opt` says that it has renamed.
#[derive(serde::Deserialize)]
struct Renamed {
    /// Module, name, new name; the module's new name is `a`.
    imports: Vec<(String, String, String)>,
    exports: Vec<(String, String)>,
}

/// Gives imports and exports names of one or two letters, in the module and in the glue.
fn shorten(glue: &Path, module: &Path) -> Result<PathBuf> {
    let output = glue.join("relatch_bg.short.wasm");
    let (input_arg, output_arg) = (module.to_string_lossy(), output.to_string_lossy());
    let mut args = vec!["wasm-opt", "--minify-imports-and-exports-and-modules"];
    args.extend(WASM_FEATURES);
    args.extend([input_arg.as_ref(), "-o", output_arg.as_ref()]);
    let printed = capture(command("npx", &args).current_dir(root().join("pkg-template")))?;
    let map: Renamed = serde_json::from_str(&printed).context("wasm-opt printed something else than its names")?;
    let script = glue.join("relatch.js");
    let mut text = glue::trim(&fs::read_to_string(&script)?)?;
    for (module, long, short) in &map.imports {
        text = text.replace(&format!("{long}:"), &format!("{short:?}:"));
        text = text.replace(&format!("{module:?}:"), "\"a\":");
    }
    for (long, short) in &map.exports {
        text = replace_member(&text, long, short);
    }
    fs::write(&script, text.replace(": function(", "("))?;
    Ok(output)
}

/// `wasm.long` becomes `wasm.short`, but `wasm.longer` stays.
fn replace_member(text: &str, long: &str, short: &str) -> String {
    let wanted = format!("wasm.{long}");
    let mut parts = text.split(wanted.as_str());
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_longer = part.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        out.push_str(if is_longer { &wanted } else { "wasm." });
        out.push_str(if is_longer { "" } else { short });
        out.push_str(part);
    }
    out
}

/// Writes what the TypeScript imports: the glue, the module as text, the contract's table of fields, and the panel's styles.
fn generate(glue: &Path, wasm: &Path) -> Result<()> {
    let generated = root().join("pkg-template/generated");
    fs::create_dir_all(&generated)?;
    fs::copy(glue.join("relatch.js"), generated.join("relatch.js"))?;
    // The glue knows that there is an object `Host`; its type is ours.
    let types = fs::read_to_string(glue.join("relatch.d.ts"))?;
    let host = include_str!("host.d.ts");
    fs::write(generated.join("relatch.d.ts"), format!("{host}{}", glue::trim_types(&types)))?;
    let text = printable::encode(&fs::read(wasm)?);
    fs::write(generated.join("wasm.ts"), format!("export const WASM: string =\n  \"{text}\";\n"))?;
    fs::write(generated.join("contract.ts"), contract_table())?;
    fs::write(generated.join("record.ts"), record_names())?;
    let minify = ["esbuild", "src/devtools.css", "--minify", "--log-level=warning"];
    let css = capture(command("npx", &minify).current_dir(root().join("pkg-template")))?;
    fs::write(generated.join("devtools-css.ts"), format!("export const CSS: string = {:?};\n", css.trim()))?;
    Ok(())
}

/// A field a line: its path, its kind and its default, if it may be left out.
fn contract_table() -> String {
    let mut rows = Vec::new();
    for field in FIELDS {
        let fallback = field.default.map(|json| format!(" {json}"));
        rows.push(format!("{} {}{}", field.path, field.kind.name(), fallback.unwrap_or_default()));
    }
    format!(
        "/** Generated from `src/core` by `cargo xtask build`. */
export const FIELDS: string =
  {:?};
\
         /** The codes of problems, by their numbers. */
export const PROBLEMS = {:?} as const;
",
        rows.join(
            "
"
        ),
        Problem::CODES
    )
}

/// What the numbers of the recorder are called.
fn record_names() -> String {
    let lower = |name: &str| name.chars().take(1).flat_map(char::to_lowercase).chain(name.chars().skip(1)).collect();
    let table = |name: &str, names: Vec<String>| {
        format!("export const {name}: readonly string[] = {:?}.split(\" \");\n", names.join(" "))
    };
    [
        "/** Generated from `src/core/record.rs` by `cargo xtask build`. */\n".to_owned(),
        format!("export const VERSION = {:?};\n", env!("CARGO_PKG_VERSION")),
        table("REASONS", Reason::ALL.iter().map(|reason| reason.name().to_owned()).collect()),
        table("KINDS", Kind::ALL.iter().map(|kind| lower(kind.name())).collect()),
    ]
    .concat()
}

fn bundle(template: &Path, pkg: &Path) -> Result<()> {
    for entry in ENTRIES {
        let source = format!("src/{}.ts", entry.source);
        let external: Vec<_> =
            entry.external.iter().map(|path| format!("--external:{}", path.replace("./", "*/"))).collect();
        for (format, ending) in entry.outputs {
            let (script, global) = if entry.source == "index" { SCRIPT_NAMES } else { DEVTOOLS_SCRIPT_NAMES };
            let out = pkg.join(format!("{}{ending}", if *format == "iife" { script } else { entry.source }));
            let (out_arg, format_arg) = (format!("--outfile={}", out.display()), format!("--format={format}"));
            let global_arg = format!("--global-name={global}");
            let mut args = vec!["esbuild", &source, "--bundle", "--minify", "--target=es2022", "--log-level=warning"];
            args.extend([format_arg.as_str(), out_arg.as_str(), global_arg.as_str()]);
            args.extend(external.iter().map(String::as_str));
            if ["core", "index"].contains(&entry.source) {
                args.push(INNER);
            }
            run(command("npx", &args).current_dir(template))?;
            if *format == "cjs" {
                let beside = entry.external.iter().filter(|path| path.starts_with("./"));
                let required = beside
                    .fold(fs::read_to_string(&out)?, |text, path| text.replace(path, &path.replace(".js", ".cjs")));
                fs::write(&out, required)?;
            }
        }
    }
    Ok(())
}

/// What carries the core out for applications that are written in Rust: it comes along with the crate.
pub(crate) const EMBEDDED: &str = "src/web/session.js";

fn embed(template: &Path) -> Result<()> {
    let out = format!("--outfile={}", root().join(EMBEDDED).display());
    let banner = "--banner:js=// Made of pkg-template/src by `cargo xtask build`.";
    let args =
        ["esbuild", "src/rust.ts", "--bundle", "--format=esm", "--target=es2022", "--log-level=warning", banner, &out];
    run(command("npx", &args).current_dir(template))
}

/// Type declarations, once for `import` and once for `require` (each form needs files of its own ending).
fn declare(template: &Path, pkg: &Path) -> Result<()> {
    let out = target().join("types");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let out_arg = out.to_string_lossy().into_owned();
    let emit = ["tsc", "-p", ".", "--noEmit", "false", "--declaration", "--emitDeclarationOnly"];
    let mut args = emit.to_vec();
    args.extend(["--rootDir", ".", "--outDir", &out_arg]);
    run(command("npx", &args).current_dir(template))?;
    let modules = ENTRIES.iter().filter(|entry| entry.outputs == MODULES);
    let mut names: Vec<_> = modules.map(|entry| entry.source.to_owned()).collect();
    let mut written = BTreeSet::new();
    while let Some(name) = names.pop() {
        if !written.insert(name.clone()) {
            continue;
        }
        let types = fs::read_to_string(out.join(format!("src/{name}.d.ts")))?;
        names.extend(types.split("\"./").skip(1).filter_map(|rest| Some(rest.split_once(".js\"")?.0.to_owned())));
        fs::write(pkg.join(format!("{name}.d.cts")), types.replace(".js\"", ".cjs\""))?;
        fs::write(pkg.join(format!("{name}.d.ts")), types)?;
    }
    Ok(())
}

/// The manifest without what only its build needs, the README and the licenses.
fn accompany(template: &Path, pkg: &Path) -> Result<()> {
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(template.join("package.json"))?)?;
    if let Some(fields) = manifest.as_object_mut() {
        fields.remove("devDependencies");
        fields.remove("scripts");
        fields.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    }
    fs::write(pkg.join("package.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
    for name in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root().join(name), pkg.join(name)).with_context(|| format!("{name} is missing"))?;
    }
    Ok(())
}

/// The sizes of what was built, in bytes.
pub(crate) fn sizes() -> Result<BTreeMap<String, usize>> {
    let wasm = fs::read(target().join("glue/relatch_bg.short.wasm")).context("run `cargo xtask build` first")?;
    let read = |name: &str| fs::read_to_string(folder().join(name));
    let script = read("index.js")? + &read("core.js")?;
    let javascript = script.replace(&printable::encode(&wasm), "");
    Ok(BTreeMap::from([
        ("react".to_owned(), brotli(read("react.js")?.as_bytes())?),
        ("devtools".to_owned(), brotli(read("devtools.js")?.as_bytes())?),
        ("explain".to_owned(), brotli(read("explain.js")?.as_bytes())?),
        ("next-auth".to_owned(), brotli(read("next-auth.js")?.as_bytes())?),
        ("total".to_owned(), brotli(script.as_bytes())?),
        ("javascript".to_owned(), brotli(javascript.as_bytes())?),
        ("wasm".to_owned(), brotli(&wasm)?),
    ]))
}

/// The most that an entry may weigh by itself, in bytes of brotli.
const BUDGETS: &[(&str, usize)] = &[
    // By itself. What it adds to a bundle, 1,500 at most, is for the benches to say.
    ("react", 1_600),
    ("next-auth", 3_000),
    ("explain", 1_800),
    ("devtools", 17_000),
    ("javascript", 11_300),
    ("total", 36_800),
];

/// Fails if an entry weighs more than its budget.
pub(crate) fn check_budgets() -> Result<()> {
    let sizes = sizes()?;
    for (name, most) in BUDGETS {
        let size = sizes.get(*name).copied().unwrap_or_default();
        ensure!((1..=*most).contains(&size), "{name} weighs {size} bytes, its budget is {most}");
    }
    Ok(())
}

fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &params)?;
    Ok(out.len())
}

fn report(pkg: &Path, wasm: &Path) -> Result<()> {
    println!("\n{} is ready:", pkg.strip_prefix(root()).unwrap_or(pkg).display());
    let sizes = sizes()?;
    println!("  module {} bytes", fs::metadata(wasm)?.len());
    for (name, size) in sizes {
        println!("  {name} {size} bytes brotli");
    }
    println!("  integrity of relatch.global.js: {}", integrity()?);
    Ok(())
}
