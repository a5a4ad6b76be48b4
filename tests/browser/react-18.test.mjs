// The React tests with the oldest React that relatch/react is for.
process.env.RELATCH_REACT = "18";
await import("./react.test.mjs");
