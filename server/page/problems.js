/** Everything that can go wrong, as a sentence that says what to do. */

export class Problem extends Error {
  /** @param {string} title what happened @param {string} advice what the caller can do */
  constructor(title, advice) {
    super(`${title} ${advice}`);
    this.title = title;
    this.advice = advice;
  }
}

export const serverGone = () =>
  new Problem(
    "The Switchboard server does not answer.",
    "Check that it is still running, then press Call again.",
  );

export const lostMidCall = (serverAnswers) =>
  serverAnswers
    ? new Problem(
        "The connection was lost.",
        "Check your network, then press Call again. What was said so far stays on this page.",
      )
    : new Problem(
        "The Switchboard server stopped answering during the call.",
        "Check that it is still running, then press Call again. What was said so far stays on this page.",
      );

export const noRoute = () =>
  new Problem(
    "The audio connection could not be made.",
    "A firewall or VPN may be blocking UDP between this browser and the server. Turn it off or try another network, then press Call again.",
  );

export const botSilent = () =>
  new Problem(
    "The bot did not pick up.",
    "The server is there, but the bot did not start in time. Press Call to try again; if it happens twice, look at the server's log.",
  );

export const noWebRTC = () =>
  new Problem(
    "This browser cannot make calls.",
    "Open the page in a current version of Firefox, Chrome, Edge or Safari.",
  );

export const noDaily = () =>
  new Problem(
    "Daily's client could not be loaded.",
    "This call goes over Daily, which needs the internet. Check that daily.co is not blocked, then press Call again.",
  );

export const botFailed = (detail) =>
  new Problem("The bot had to stop because of an error.", `Press Call to try again. ${detail ?? ""}`.trim());

export function microphone(error) {
  switch (error?.name) {
    case "NotAllowedError":
      return new Problem(
        "The microphone is blocked for this page.",
        "Allow it through the icon next to the address, then press Call again.",
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return new Problem(
        "No microphone was found.",
        "Plug one in or turn it on in your system's sound settings, then press Call again.",
      );
    case "NotReadableError":
    case "AbortError":
      return new Problem(
        "The microphone is in use by another program.",
        "Close that program or choose another microphone, then press Call again.",
      );
    default:
      return new Problem(
        "The microphone could not be opened.",
        "Check it in your system's sound settings, then press Call again.",
      );
  }
}

export const microphoneLost = () =>
  new Problem(
    "The microphone was disconnected.",
    "The bot cannot hear you. Plug it in again, hang up, and call again.",
  );

export const insecurePage = () =>
  new Problem(
    "This address may not use the microphone.",
    "Browsers allow it only on https and on this computer itself. Open the page over https, or at http://127.0.0.1 on the computer it runs on.",
  );

/** The server answered, but not with a call. */
export async function refused(response) {
  let said;
  try {
    const body = await response.json();
    said = typeof body.error === "string" ? body.error : typeof body.detail === "string" ? body.detail : undefined;
  } catch {
    said = undefined;
  }
  if (response.status === 503) {
    return new Problem(said ?? "All lines are busy. Please try again in a few minutes.", "");
  }
  if (response.status === 404) {
    return new Problem(said ?? "The server does not know this bot.", "Reload the page to see the bots it has now.");
  }
  return new Problem(
    `The server refused the call (${response.status}).`,
    said ?? "Press Call to try again; if it happens twice, look at the server's log.",
  );
}
