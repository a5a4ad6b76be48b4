// What a server makes of the view.
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { cookieRefresh, createSession } from "relatch";
import { View } from "./view.mjs";

/** The view as HTML. Fails if the WebAssembly module is started for it. */
export function render(props) {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = () => {
    throw new Error("a server needs no module");
  };
  try {
    const client = createSession({ contract: cookieRefresh({ baseUrl: "/auth" }) });
    return renderToString(createElement(View, { client, ...props }));
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}
