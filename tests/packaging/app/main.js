import * as relatch from "relatch";
import * as streaming from "relatch/streaming";
import { run } from "./run.js";

/** Both entries have one core. */
const isShared = relatch.RelatchError === streaming.RelatchError;
run(relatch).then(
  (said) => (document.title = `${isShared} ${said}`),
  (error) => (document.title = String(error)),
);
