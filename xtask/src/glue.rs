//! Takes out of wasm-bindgen's glue what this package has no use for, which is a third of it.
//!
//! The glue is written for every loader and every engine. Here one loader starts the module (`pkg-template/src/load.ts`), on
//! engines that have `TextEncoder.encodeInto`, and a client lives as long as its page or until it is disposed of: it is held by
//! the module itself, so no finalizer would ever run for it.

use anyhow::{Result, ensure};

use crate::panics::UNDEFINED;

/// The names that the shortened glue exports beside its classes.
const EXPORTS: &str = "let wasm;
export { __wbg_get_imports as imports };
export const link = (instance) => {
    wasm = instance.exports;
    wasm.__wbindgen_start();
};
";

/// Their types.
const TYPES: &str = "/** What the module imports. */
export declare const imports: () => WebAssembly.Imports;
/** Makes an instance the one that the classes use. */
export declare const link: (instance: WebAssembly.Instance) => void;
";

/// Cuts from the first text to the end of the second, wherever both stand on, and puts the third there.
const CUTS: &[(&str, &str, &str)] = &[
    // Finalizers.
    ("    __destroy_into_raw() {", "\n    }\n", ""),
    ("    free() {", "\n    }\n", ""),
    ("if (Symbol.dispose) Client", ";\n", ""),
    ("const ClientFinalization =", ";\n", ""),
    ("        ClientFinalization.register(", ";\n", ""),
    ("const CLOSURE_DTORS =", ";\n", ""),
    ("            CLOSURE_DTORS.unregister(", ";\n", ""),
    ("    CLOSURE_DTORS.register(", ";\n", ""),
    // Views of the memory that are not on the path of a call.
    ("let cachedDataViewMemory0", "\n}\n", "const getDataViewMemory0 = () => new DataView(wasm.memory.buffer);\n"),
    (
        "let cachedFloat64ArrayMemory0",
        "\n}\n",
        "const getFloat64ArrayMemory0 = () => new Float64Array(wasm.memory.buffer);\n",
    ),
    (
        "let cachedUint32ArrayMemory0",
        "\n}\n",
        "const getUint32ArrayMemory0 = () => new Uint32Array(wasm.memory.buffer);\n",
    ),
    // Texts.
    (
        "let cachedTextDecoder =",
        "cachedTextDecoder.decode(bytes);\n}\n",
        "const decodeText = (bytes) => new TextDecoder().decode(bytes);\n",
    ),
    ("if (!('encodeInto' in", "\n}\n", ""),
    ("    if (realloc === undefined) {", "\n    }\n", ""),
    ("function isLikeNone(x) {", "\n}\n", "const isLikeNone = (x) => x == null;\n"),
    // Of two arguments that are copied, the first is given back if the second is none.
    ("        try {\n            ptr0", " =", "            ptr0 ="),
    ("        } catch (e) {\n            if (ptr1)", "throw e;\n        }\n", ""),
    // Errors that go back to Rust.
    ("function handleError(f, args) {", "\n}\n", HANDLE_ERROR),
    // The queue of futures asks the global object, which it is not given (`panics.rs`).
    ("const ret = arg0.queue", ";", "const ret = queueMicrotask;"),
];

const HANDLE_ERROR: &str = "const handleError = (act) => (...args) => {
    try {
        return act(...args);
    } catch (error) {
        wasm.__wbindgen_exn_store(addToExternrefTable0(error));
    }
};
";

/// The glue without what is not needed. Fails if wasm-bindgen writes it in another way than it did.
pub(crate) fn trim(glue: &str) -> Result<String> {
    let start = glue.find("let wasmModule, wasmInstance, wasm;").unwrap_or(glue.len());
    ensure!(glue[start..].contains("wasm.__wbindgen_start();"), "the glue starts the module in another way");
    ensure!(
        glue.contains(&format!("table.set({UNDEFINED}, undefined);")),
        "`undefined` has another place in the table"
    );
    let mut text = format!("{}{EXPORTS}", &glue[..start]);
    for (open, close, instead) in CUTS {
        let shorter = cut(&text, open, close, instead);
        ensure!(shorter != text, "the glue has nothing from {open:?} to {close:?}");
        text = shorter;
    }
    text = text.replace("function() { return handleError(function (", "handleError(function (");
    text = text.replace("}, arguments); }", "})");
    let rest = ["FinalizationRegistry", "typeof self", "cachedTextDecoder", "return handleError"];
    for what in rest {
        ensure!(!text.contains(what), "the glue has {what} in another form");
    }
    Ok(text)
}

/// The types of what [`trim`] leaves.
pub(crate) fn trim_types(types: &str) -> String {
    let end = types.find("export type InitInput").unwrap_or(types.len());
    format!("{}{TYPES}", &types[..end])
}

fn cut(text: &str, open: &str, close: &str, instead: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((_, after)) = after.split_once(close) else { break };
        out.push_str(before);
        out.push_str(instead);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_cut_is_made_wherever_both_its_ends_stand() {
        assert_eq!(cut("a(1)b(2)c(", "(", ")", "-"), "a-b-c(");
    }
}
