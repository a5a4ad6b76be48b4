import * as relatch from "relatch";
import * as streaming from "relatch/streaming";
import { run } from "./run.js";

const isShared = relatch.RelatchError === streaming.RelatchError;
run(relatch).then(
  (said) => postMessage(`${isShared} ${said}`),
  (error) => postMessage(String(error)),
);
