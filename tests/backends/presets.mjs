// The presets of the package under test.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageFolder } from "../backend.mjs";

export const { authjs, authjsV4, betterAuth, cookieRefresh } = await import(pathToFileURL(join(packageFolder, "presets.js")).href);
