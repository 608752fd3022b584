// The way to the lab: its live stream, and acting.

const RETRY = 1000; // milliseconds until a stream that ended is opened again

/** Call `take` with everything that the lab tells, and `state` with whether it can be heard. */
export function listen(take, state) {
  const source = new EventSource("/practice/stream");
  source.onopen = () => state(true);
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.onerror = () => {
    state(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(take, state), RETRY);
  };
}

/** Act in the chat as a person; see workspace_control. Throws an Error with Slack's code. */
export const act = (wanted) => post("/practice/act", wanted);

/** Do something else; see page_acts. */
export const order = (wanted) => post("/practice/do", wanted);

/** What a record says, whole. */
export const record = async (seq) => (await fetch(`/practice/record/${seq}`)).json();

async function post(address, wanted) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const told = await answer.json();
  if (!told.ok) throw new Error(told.error);
  return told;
}
