// Asking the server again and again how something stands.
import { pause } from "./waiting.js";

const AGAIN_MS = 4000; // after the server could not be reached

// Asks until show(answer) says that it has ended. note(text): why no answer came; "" as soon as one came again.
export async function poll(ask, { show, note, everyMs, hiddenMs, signal }) {
  for (;;) {
    try {
      const answer = await ask();
      note("");
      if (show(answer)) return answer;
      await pause(document.hidden ? hiddenMs : everyMs, signal);
    } catch (error) {
      if (error.status !== 0 && error.status !== 503) throw error; // logged out, deleted; else it may come back
      note(error.message);
      await pause(AGAIN_MS, signal);
    }
  }
}
