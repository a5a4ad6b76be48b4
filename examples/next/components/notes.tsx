"use client";
import { useState } from "react";
import { session } from "@/lib/session";

/** A call of the browser's own: the token that the page was rendered with is handed over to it. */
export function Notes() {
  const [shown, setShown] = useState("");
  const load = async () => {
    try {
      const response = await session.fetch("/api/notes");
      setShown(response.ok ? `${((await response.json()) as unknown[]).length} notes` : `the API said ${response.status}`);
    } catch (error) {
      setShown((error as Error).message);
    }
  };
  return (
    <p>
      <button id="load" onClick={load}>
        Load in the browser
      </button>{" "}
      <output>{shown}</output>
    </p>
  );
}
