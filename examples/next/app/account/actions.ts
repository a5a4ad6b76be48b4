"use server";
import { revalidatePath } from "next/cache";
import { auth } from "@/lib/auth";

export async function addNote(form: FormData): Promise<void> {
  const response = await auth.authFetch("/api/notes", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: form.get("text") }),
  });
  if (!response.ok) throw new Error(`The note was not kept (${response.status}).`);
  revalidatePath("/account");
}
