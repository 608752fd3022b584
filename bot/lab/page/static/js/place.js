// Who one is and where one looks, kept over a reload of the page; forgotten when the practice begins anew.

const KEY = "rootver-place";

/** Where this window was in the round `key`: { me, channel, thread }, less what is not known. */
export function remembered(key) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return { ...(kept?.key === key ? kept : {}), ...fromAddress() };
  } catch {
    return fromAddress();
  }
}

/** Note where this window is. */
export function remember(key, place) {
  sessionStorage.setItem(KEY, JSON.stringify({ key, ...place }));
}

/** A message, its channel and its thread, from its permalink; null if it is none. */
export function permalink(path, query) {
  const [, channel, digits] = path.match(/^\/archives\/(\w+)\/p(\d+)$/) ?? [];
  if (!digits) return null;
  const ts = `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  return { ts, channel, thread: new URLSearchParams(query).get("thread_ts") ?? ts };
}

/** What a permalink that was opened in a window of its own has left in the address. */
function fromAddress() {
  const [path, query] = location.hash.slice(1).split("?");
  const found = permalink(path, query);
  if (found) history.replaceState(null, "", location.pathname);
  return found ?? {};
}
