// As it comes: between tabs it counts on a server that takes a refresh token twice within ten seconds.
import { openClient, what } from "./common/supabase-client.js";

export const about = {
  ...what,
  title: "supabase auth-js",
  setUp: "`getSession()` before each call, as supabase-js does it; its defaults, which count on a reuse interval at the server",
};

export const open = () => openClient();
