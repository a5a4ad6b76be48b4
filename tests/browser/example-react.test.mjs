// examples/react, built with the packed package.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install } from "../packaging/install.mjs";
import { tell } from "./notes.mjs";
import { packageFolder } from "./stage.mjs";

const app = fileURLToPath(new URL("../../examples/react", import.meta.url));

tell("the React example", () => {
  install(packageFolder, app);
  execFileSync("npm", ["run", "build", "--silent"], { cwd: app, stdio: "pipe" });
  return `${app}/dist`;
});
