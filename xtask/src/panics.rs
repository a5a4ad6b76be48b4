//! Takes out of the module what a panic would print, and what js-sys brings along and nothing runs.
//!
//! A panic ends in a trap, and on this target the standard library prints its message nowhere; but the messages and their
//! formatting are a tenth of the module. So what only panics becomes the trap itself, and `wasm-opt` drops what it alone has
//! called. Nothing else may format: the build fails if something does. With another compiler than the one that this was written
//! for it says so, and the module is larger.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use walrus::ir::{self, Call, InstrLocId, Unreachable, Value, Visitor, dfs_in_order};
use walrus::{ConstExpr, DataKind, FunctionId, Module, ModuleConfig};

/// What the paths of functions begin with that do not return.
const PANICS: &[&str] = &[
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "core::cell::lazy::panic_",
    "core::cell::panic_",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::str::slice_error_fail",
    "<hashbrown::raw::Fallibility>::capacity_overflow",
    "std::alloc::default_alloc_error_hook",
    "std::panicking::",
    "<std::panicking::",
    "std::thread::local::panic_access_error",
    "wasm_bindgen::throw_str",
];

/// What no engine of ours ever runs, though the table of functions holds it: tasks of JS Promise Integration, which nothing here
/// asks for, and the search for the global object (see [`GLOBAL`]).
const UNUSED: &[&str] = &[
    "js_sys::futures::jspi::SpawnedTask::",
    "js_sys::futures::jspi::task_waker::",
    "core::ptr::drop_in_place<alloc::rc::Rc<js_sys::futures::jspi::",
    "js_sys::global::get_global_object::",
];

/// What looks for the global object by four names. Only the queue of futures asks, whether it has `queueMicrotask`: the glue says
/// that it has (`glue.rs`), whatever it is given.
const GLOBAL: &str = "js_sys::global::get_global_object";

/// `JsValue::UNDEFINED` in the table of values.
pub(crate) const UNDEFINED: i32 = 1024;

/// What they would print, as far as it is not of this crate; and the digits from which numbers are put together.
const TEXTS: &[&str] = &[
    ") should be < len (is ",
    ") should be <= len (is ",
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899",
    "FnOnce called more than once",
    "LazyCell instance has previously been poisoned",
    "RefCell already borrowed",
    "RefCell already mutably borrowed",
    "Tried to shrink to a larger capacity",
    "`async fn` resumed after completion",
    "attempted to take ownership of Rust value while it was borrowed",
    "called `Result::unwrap_throw()` on an `Err` value",
    "capacity overflow",
    "closure invoked recursively or after being dropped",
    "finish: callbacks should be Some",
    "finish: result should be None",
    "insertion index (is ",
    "internal error: entered unreachable code",
    "null pointer passed to rust",
    "recursive use of an object detected which would lead to unsafe aliasing in rust",
    "removal index (is ",
];

/// A module whose panics are bare traps. It has to have the names of its functions. What is not as expected is an error, or said.
pub(crate) fn silenced(wasm: &[u8], is_strict: bool) -> Result<Module> {
    let complain = |what: String| -> Result<()> {
        ensure!(!is_strict, what);
        println!("{what}");
        Ok(())
    };
    let mut module = ModuleConfig::new().strict_validate(false).generate_producers_section(false).parse(wasm)?;
    let paths: BTreeMap<FunctionId, String> =
        module.funcs.iter_local().map(|(id, _)| (id, path(module.funcs.get(id).name.as_deref()))).collect();
    let path_of = |id: &FunctionId| paths.get(id).map_or("", String::as_str);
    let is_silenced = |id: &FunctionId| panics(path_of(id)) || formats(path_of(id));
    ensure!(paths.values().any(|path| panics(path)), "the module has no names");
    for (id, function) in module.funcs.iter_local() {
        if is_silenced(&id) {
            continue;
        }
        let mut calls = Calls(Vec::new());
        dfs_in_order(&mut calls, function, function.entry_block());
        if let Some(called) = calls.0.iter().map(path_of).find(|called| formats(called)) {
            complain(format!("{} formats: it calls {called}", path_of(&id)))?;
        }
    }
    for unused in UNUSED.iter().chain([&GLOBAL]) {
        if !paths.values().any(|path| path.starts_with(unused)) {
            complain(format!("nothing is called {unused}"))?;
        }
    }
    for (id, function) in module.funcs.iter_local_mut() {
        let instead: Option<ir::Instr> = match path_of(&id) {
            GLOBAL => Some(ir::Const { value: Value::I32(UNDEFINED) }.into()),
            path if is_silenced(&id) || UNUSED.iter().any(|start| path.starts_with(start)) => {
                Some(Unreachable {}.into())
            }
            _ => None,
        };
        if let Some(instead) = instead {
            *function.builder_mut().func_body().instrs_mut() = vec![(instead, InstrLocId::default())];
        }
    }
    for id in module.data.iter().map(walrus::Data::id).collect::<Vec<_>>() {
        let data = module.data.get_mut(id);
        if let DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = data.kind {
            blank_locations(&mut data.value, u32::try_from(start)?);
            for text in TEXTS {
                blank(&mut data.value, text.as_bytes());
            }
        }
    }
    Ok(module)
}

struct Calls(Vec<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_call(&mut self, call: &Call) {
        self.0.push(call.func);
    }
}

fn path(name: Option<&str>) -> String {
    format!("{:#}", rustc_demangle::demangle(name.unwrap_or_default()))
}

fn panics(path: &str) -> bool {
    PANICS.iter().any(|start| path.starts_with(start))
}

fn formats(path: &str) -> bool {
    path.starts_with("core::fmt::")
        || path.starts_with("<core::fmt::")
        || path.contains(" as core::fmt::")
        || path.contains("itoa::")
}

/// Blanks the places in the source that panics would name (`core::panic::Location`: a text, a line and a column), and those
/// texts. Only what formats would read them.
fn blank_locations(data: &mut [u8], start: u32) {
    let files = source_paths(data);
    for at in (0..data.len().saturating_sub(15)).step_by(4) {
        let word = |offset: usize| {
            let bytes = data.get(at + offset..at + offset + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes).unwrap_or_default()
        };
        let pointed = word(0).checked_sub(start).map(|place| place as usize);
        // Of a text that ends in a NUL, that counts too.
        let is_location = pointed
            .and_then(|place| files.get(&place))
            .is_some_and(|len| [*len, len + 1].contains(&(word(4) as usize)));
        if is_location && let Some(location) = data.get_mut(at..at + 16) {
            location.fill(0);
        }
    }
    for (at, len) in files {
        if let Some(text) = data.get_mut(at..at + len) {
            text.fill(0);
        }
    }
}

fn blank(data: &mut [u8], text: &[u8]) {
    while let Some(place) = data.windows(text.len()).position(|window| window == text) {
        if let Some(found) = data.get_mut(place..place + text.len()) {
            found.fill(0);
        }
    }
}

/// Where paths of Rust sources stand in these bytes, and how long they are.
fn source_paths(data: &[u8]) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    let mut from = 0;
    while let Some(len) = data.get(from..).unwrap_or_default().windows(3).position(|window| window == b".rs") {
        let end = from + len + 3;
        let text = data.get(from..end).unwrap_or_default();
        let is_of_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(byte);
        let begin = text.iter().rposition(|byte| !is_of_path(byte)).map_or(0, |place| place + 1);
        let candidate = text.get(begin..).unwrap_or_default();
        let roots: [&[u8]; 4] = [b"/rustc/", b"/rust/deps/", b"crates/", b"src/"];
        // Texts may stand one after the other without anything between them: a path begins at the first root.
        let root = roots.iter().filter_map(|root| candidate.windows(root.len()).position(|part| part == *root)).min();
        if let Some(root) = root {
            found.insert(from + begin + root, candidate.len() - root);
        }
        from = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_formatting_are_known_by_their_paths() {
        assert!(panics("core::panicking::panic_fmt"));
        assert!(formats("<core::fmt::Formatter>::pad"));
        assert!(formats("<u32 as core::fmt::Display>::fmt"));
        assert!(!formats("core::ptr::drop_in_place::<core::fmt::Error>"));
        assert_eq!(path(Some("_RNvNtCsgXGp5Oqx2Ny_4core9panicking9panic_fmt")), "core::panicking::panic_fmt");
    }

    #[test]
    fn a_text_is_blanked_wherever_it_stands() {
        let mut data = b"abc-abc".to_vec();
        blank(&mut data, b"bc");
        assert_eq!(data, b"a\0\0-a\0\0");
    }

    #[test]
    fn locations_are_blanked_and_nothing_else() {
        let mut data = b"y: src/core/time.rs\0keepcrates/x-1/src/y.rsz".to_vec();
        let texts = data.clone();
        for (place, len) in [(3_u32, 16_u32), (24, 19), (19, 4)] {
            for word in [1000 + place, len, 7, 8] {
                data.extend(word.to_le_bytes());
            }
        }
        blank_locations(&mut data, 1000);
        let kept: Vec<u8> = texts
            .iter()
            .enumerate()
            .map(|(at, byte)| if (3..19).contains(&at) || (24..43).contains(&at) { 0 } else { *byte })
            .collect();
        assert_eq!(data.get(..44), Some(kept.as_slice()));
        assert!(data.get(44..76).is_some_and(|locations| locations.iter().all(|byte| *byte == 0)));
        assert_eq!(data.get(76..80), Some(1019_u32.to_le_bytes().as_slice()));
    }
}
