// A session of Slack's own packages for Node against the practice workspace: answers one mention, then leaves.
const { SocketModeClient } = require("@slack/socket-mode");
const { WebClient } = require("@slack/web-api");

const { API_URL: slackApiUrl, BOT_TOKEN, APP_TOKEN: appToken } = process.env;
const web = new WebClient(BOT_TOKEN, { slackApiUrl, retryConfig: { retries: 0 } });
const socket = new SocketModeClient({ appToken, clientOptions: { slackApiUrl } });

socket.on("app_mention", async ({ event, ack }) => {
  await ack();
  const place = { channel: event.channel, thread_ts: event.ts };
  const who = await web.users.info({ user: event.user });
  await web.chat.postMessage({ ...place, text: `heard ${who.user.name}` });
  const written = await web.chat.postMessage({ ...place, markdown_text: "**bold** words" });
  await web.chat.update({ channel: event.channel, ts: written.ts, markdown_text: "**other** words" });
  await web.reactions.add({ channel: event.channel, timestamp: event.ts, name: "eyes" });
  await web.files.uploadV2({
    channel_id: event.channel, thread_ts: event.ts, filename: "facts.bin", file: Buffer.from([13, 10, 0, 255, 45, 45]),
  });
  await socket.disconnect();
  process.exit(0);
});
process.on("unhandledRejection", (error) => {
  console.error(error);
  process.exit(1);
});
socket.start();
