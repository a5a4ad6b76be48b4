// examples/leptos, with the core in the application's own module; `cargo xtask test` has built it.
import { join } from "node:path";
import { root } from "../backend.mjs";
import { tell } from "./notes.mjs";

tell("the Leptos example", () => process.env.RELATCH_LEPTOS ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "leptos/site"));
