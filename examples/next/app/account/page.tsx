import { addNote } from "./actions";
import { Part } from "@/components/part";
import { Notes } from "@/components/notes";
import { PerUser } from "@/components/per-user";

/** Ten components that each call the API: one refresh at most, in proxy.ts, whatever they find. */
export default function Page() {
  return (
    <main>
      <h1>Your account</h1>
      <ol>
        {Array.from({ length: 10 }, (_, part) => (
          <Part key={part} part={part} />
        ))}
      </ol>
      <PerUser>
        <Notes />
        <form action={addNote}>
          <input name="text" required aria-label="Note" /> <button>Add a note</button>
        </form>
      </PerUser>
    </main>
  );
}
