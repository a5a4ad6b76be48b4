// Two instances of the example server on one PostgreSQL, behind one origin.
import example from "../example/backend.mjs";
import { startInstances } from "./instances.mjs";

export default { ...example, name: "the example server on PostgreSQL, two instances", start: startInstances };
