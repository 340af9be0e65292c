/** RTVI 2.2.0, the messages between this page and the bot, whatever carries them. */

const LABEL = "rtvi-ai";
export const VERSION = "2.2.0";

let sent = 0;

function message(type, data) {
  sent += 1;
  return { label: LABEL, id: `page-${sent}`, type, ...(data && { data }) };
}

export const clientReady = () =>
  message("client-ready", {
    version: VERSION,
    about: { library: "switchboard-page", platform: "web" },
  });

export const dtmf = (buttons) => message("dtmf", { buttons });

export const disconnectBot = () => message("disconnect-bot");

/** A message of the bot as `{type, data}`, or undefined when it is not RTVI. */
export function read(received) {
  if (received?.label !== LABEL || typeof received.type !== "string") return undefined;
  return { type: received.type, data: received.data ?? {} };
}
