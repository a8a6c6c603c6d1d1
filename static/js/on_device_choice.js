// Where poses are found: on the server, or in this browser. What a person chose is remembered.

const KEY = "moveprint-poses";
const MODELS = { server: null, device: "full", "device-lite": "lite" };
const SLOW_MS = 110; // fewer than some nine poses a second lose quick movements
const LOOKED_AT = 15; // pictures, before this is judged

// Events: change.
export class PlaceChoice extends EventTarget {
  constructor(select) {
    super();
    this.select = select;
    this.place = offered(select, remembered());
    select.value = this.place;
    select.addEventListener("change", () => {
      remember(select.value);
      this.use(select.value);
    });
  }

  // MediaPipe's model in this browser, "full" or "lite"; null on the server.
  get model() {
    return MODELS[this.place];
  }

  use(place) {
    this.place = place;
    this.select.value = place;
    this.dispatchEvent(new CustomEvent("change"));
  }
}

// Says once when the full model is too slow for this device.
export class Pace {
  constructor() {
    this.taken = [];
  }

  // The sentence, when it is time for it.
  judge(model, poseMs) {
    if (model !== "full" || !poseMs || this.taken.length === LOOKED_AT) return null;
    this.taken.push(poseMs);
    if (this.taken.length < LOOKED_AT) return null;
    const medianMs = [...this.taken].sort((a, b) => a - b)[LOOKED_AT >> 1];
    if (medianMs < SLOW_MS) return null;
    return `Poses are found only ${Math.round(1000 / medianMs)} times a second in this browser. Its light model is quicker.`;
  }
}

// A page may offer fewer places.
const offered = (select, place) => ([...select.options].some(({ value }) => value === place) ? place : "server");

function remembered() {
  try {
    const place = localStorage.getItem(KEY);
    return Object.hasOwn(MODELS, place) ? place : "server";
  } catch {
    return "server"; // storage may be forbidden
  }
}

function remember(place) {
  try {
    localStorage.setItem(KEY, place);
  } catch {
    // as above
  }
}
