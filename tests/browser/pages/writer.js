// Adds one to a record, and does nothing more: no event of the database reaches it once it has written.
"use strict";

indexedDB.open("counter", 1).onsuccess = ({ target: { result } }) => {
  const run = result.transaction("counter", "readwrite");
  const store = run.objectStore("counter");
  store.get("stopped").onsuccess = ({ target: { result } }) => {
    store.put((result ?? 0) + 1, "stopped");
    run.commit();
    postMessage("written");
    for (;;);
  };
};
