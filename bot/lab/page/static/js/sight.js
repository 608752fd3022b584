// What is in sight: below 1600 px an open thread takes the place of its channel, and on a narrow page there is
// one thing at a time, the chat or a pane. The style sheets fold at the same widths.

export const narrow = matchMedia("(max-width: 1080px)");
export const folds = matchMedia("(max-width: 1599px)");

/** Is the channel itself drawn, and not only a thread of it? */
export const channelInSight = (state) => !state.thread || !folds.matches;

/** Can the person of the moment see this message now? */
export function inSight({ channel, ts, thread, broadcast }, state) {
  const chat = document.visibilityState === "visible" && (!narrow.matches || document.body.dataset.pane === "chat");
  if (!chat || channel !== state.channel) return false;
  const inChannel = !thread || thread === ts || broadcast;
  return (inChannel && channelInSight(state)) || state.thread === (thread ?? ts);
}
