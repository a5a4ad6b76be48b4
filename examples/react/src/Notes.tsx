import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useAuthFetch } from "relatch/react";

interface Note {
  id: string;
  text: string;
}

/** `authFetch`, in the form that TanStack Query wants: JSON, or an error. */
function useApi() {
  const authFetch = useAuthFetch();
  return async <Answer,>(path: string, init?: RequestInit): Promise<Answer> => {
    const response = await authFetch(path, init);
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  };
}

export function Notes() {
  const api = useApi();
  const queries = useQueryClient();
  const notes = useQuery({ queryKey: ["notes"], queryFn: ({ signal }) => api<Note[]>("/api/notes", { signal }) });
  const add = useMutation({
    mutationFn: (text: string) =>
      api("/api/notes", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["notes"] }),
  });
  const problem = add.error ?? notes.error;
  return (
    <main>
      <h1>Notes</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          add.mutate(String(new FormData(form).get("text")), { onSuccess: () => form.reset() });
        }}
      >
        <label>
          New note <input name="text" required />
        </label>
        <button disabled={add.isPending}>Add</button>
      </form>
      {problem && <p role="alert">{problem.message}</p>}
      {notes.isPending ? (
        <p>Loading…</p>
      ) : (
        <ul>
          {notes.data?.map((note) => (
            <li key={note.id}>{note.text}</li>
          ))}
        </ul>
      )}
    </main>
  );
}
