/** What `relatch-devtools.global.js` leaves in the page: the panel, and the words for it. */
export * from "./devtools.js";
export { explain, logRecords, report } from "./explain.js";
