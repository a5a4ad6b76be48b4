// With the lock that its documentation deprecates, for a server without a reuse interval.
import { navigatorLock } from "@supabase/auth-js";
import { openClient, what } from "./common/supabase-client.js";

export const about = {
  ...what,
  title: "supabase auth-js, navigatorLock",
  setUp: "the same with the deprecated option `lock: navigatorLock`, which suits a server without a reuse interval",
};

export const open = () => openClient(navigatorLock);
