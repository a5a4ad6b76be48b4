// Puts the package into an application as npm does: packed, then unpacked.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Installs the package of a folder into an application, as `node_modules/relatch`. */
export function install(packageFolder, app) {
  const folder = mkdtempSync(join(tmpdir(), "relatch-pack-"));
  const target = join(app, "node_modules/relatch");
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: packageFolder, stdio: "pipe" });
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, readdirSync(folder)[0]), "-C", target, "--strip-components=1"]);
  rmSync(folder, { recursive: true });
}
