import start from "./relatch-example-leptos.js";

await start({ module_or_path: "/relatch-example-leptos_bg.wasm" });
