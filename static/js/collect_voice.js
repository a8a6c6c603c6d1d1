// Says sentences aloud, for people who stand too far away to read; where the browser cannot, nothing is said.

const AGAIN_MS = 7000; // the same sentence is not said more often

export class Voice {
  constructor(isOn) {
    Object.assign(this, { isOn, last: "", lastMs: -Infinity });
  }

  // urgent: at once, in place of what is being said.
  say(text, { urgent = false } = {}) {
    const speech = globalThis.speechSynthesis;
    const now = performance.now();
    if (!speech || !this.isOn() || (text === this.last && now - this.lastMs < AGAIN_MS)) return;
    if (urgent) speech.cancel();
    else if (speech.speaking) return;
    Object.assign(this, { last: text, lastMs: now });
    const spoken = new SpeechSynthesisUtterance(text);
    spoken.lang = "en";
    speech.speak(spoken);
  }

  hush() {
    globalThis.speechSynthesis?.cancel();
  }
}
