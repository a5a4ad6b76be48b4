const relatch = require("relatch");
const streaming = require("relatch/streaming");
require("relatch/explain");
require("relatch/react");

(async () => {
  const [, , origin] = process.argv;
  const [{ keepCookies }, { run }] = await Promise.all([import("./jar.js"), import("./run.js")]);
  keepCookies(origin);
  console.log(relatch.RelatchError === streaming.RelatchError, await run(relatch, origin));
})();
