import * as relatch from "relatch";
import * as streaming from "relatch/streaming";
import "relatch/explain";
import "relatch/react";
import { keepCookies } from "./jar.js";
import { run } from "./run.js";

const [, , origin] = process.argv;
keepCookies(origin);
console.log(relatch.RelatchError === streaming.RelatchError, await run(relatch, origin));
