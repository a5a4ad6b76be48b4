// Runs before anything else in a page of the benches. As `?leap=ms`, every clock of the page is that far ahead, and can be
// moved further: so a token meets the end of its life without anybody waiting for it, as after a laptop's sleep. As
// `?stub`, `fetch` answers at once with what was prepared.
"use strict";
{
  const query = new URLSearchParams(location.search);
  /** Milliseconds since the navigation began, whatever the page's clocks say. */
  globalThis.steadyNow = performance.now.bind(performance);

  if (query.has("leap")) {
    let ahead = Number(query.get("leap"));
    const Wall = Date;
    globalThis.Date = class Date extends Wall {
      constructor(...parts) {
        if (parts.length) super(...parts);
        else super(Date.now());
      }
      static now() {
        return Wall.now() + ahead;
      }
    };
    performance.now = () => steadyNow() + ahead;
    globalThis.leapTo = (ms) => void (ahead = ms);
  }

  if (query.has("stub")) {
    const real = globalThis.fetch;
    let prepared;
    globalThis.fetch = (input, init) => {
      if (prepared === undefined) return real(input, init);
      return Promise.resolve(prepared.pop() ?? answer());
    };
    const answer = () => new Response("{}", { headers: { "content-type": "application/json" } });
    /** From here on `fetch` is a stub with this many answers in store; without a number it is the platform's again. */
    globalThis.stubFetch = (count) => void (prepared = count === undefined ? undefined : Array.from({ length: count }, answer));

    // The memory of a module, so that its growth can be seen.
    globalThis.modules = [];
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const real = WebAssembly[name];
      WebAssembly[name] = async (...args) => {
        const result = await real.apply(WebAssembly, args);
        const exported = Object.values((result.instance ?? result).exports);
        globalThis.modules.push(exported.find((value) => value instanceof WebAssembly.Memory));
        return result;
      };
    }
  }
}
