import { gql, type TypedDocumentNode } from "@apollo/client";
import { useMutation, useQuery } from "@apollo/client/react";

interface Note {
  id: string;
  text: string;
}

const NOTES: TypedDocumentNode<{ notes: Note[] }> = gql`
  query Notes {
    notes {
      id
      text
    }
  }
`;

const ADD_NOTE: TypedDocumentNode<{ addNote: Note }, { text: string }> = gql`
  mutation AddNote($text: String!) {
    addNote(text: $text) {
      id
      text
    }
  }
`;

export function Notes() {
  const notes = useQuery(NOTES);
  const [addNote, added] = useMutation(ADD_NOTE, { refetchQueries: [NOTES] });
  const problem = added.error ?? notes.error;
  return (
    <main>
      <h1>Notes</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const text = String(new FormData(form).get("text"));
          // What goes wrong is in `added.error`.
          void addNote({ variables: { text }, onCompleted: () => form.reset() }).catch(() => {});
        }}
      >
        <label>
          New note <input name="text" required />
        </label>
        <button disabled={added.loading}>Add</button>
      </form>
      {problem && <p role="alert">{problem.message}</p>}
      {notes.data ? (
        <ul>
          {notes.data.notes.map((note) => (
            <li key={note.id}>{note.text}</li>
          ))}
        </ul>
      ) : (
        <p>{notes.loading && "Loading…"}</p>
      )}
      <button type="button" onClick={() => notes.refetch()}>
        Reload
      </button>
    </main>
  );
}
