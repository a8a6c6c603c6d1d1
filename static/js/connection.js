// The page's one connection to the server: who answers, with how many credits, and what became of each frame.
import { io } from "../vendor/socket.io/socket.io.esm.min.js";
import { CreditLedger } from "./frames.js";

const SILENCE_MS = 9000; // the server answers every frame within 5 s, so longer silence means that answers were lost
const RETRY_MS = 1000;

// Events: state {state: "connecting" | "ready" | "away" | "refused", message}, worker, result, drop, credit, actions_changed,
// models_refused, notice {sentence or null}, sent {name, bytes}.
export class LiveConnection extends EventTarget {
  constructor(purpose) {
    super();
    this.ledger = new CreditLedger();
    this.state = "connecting";
    this.worker = { state: "absent" };
    this.lastAnswerMs = 0;
    this.socket = io("/live", { transports: ["websocket"], auth: { purpose }, reconnectionDelayMax: 3000 });
    this.#listen();
    setInterval(() => this.#breakSilence(), RETRY_MS);
  }

  // Whether frames can be answered: connected, and a worker is there.
  get ready() {
    return this.state === "ready" && this.worker.state !== "absent";
  }

  // A credit for one frame as its id, or null when none is free.
  // seen: what this browser has seen itself and the answer is about; the answer brings it back.
  reserve(timeS, { onAnswer = null, seen = null } = {}) {
    return this.ledger.take({ timeS, onAnswer, seen, sentMs: performance.now() });
  }

  send(frameId, timeS, bytes) {
    this.#emit("frame", { frame_id: frameId, time_s: timeS }, bytes);
  }

  // header: what docs/protocol.md says of `poses`, but for frame_id.
  sendPoses(frameId, header, packed) {
    this.#emit("poses", { frame_id: frameId, ...header }, packed);
  }

  // null: everybody again.
  follow(personId) {
    this.socket.emit("follow", { person_id: personId });
  }

  // {detector, pose_model}; null: what the installation uses.
  useModels(models) {
    this.socket.emit("models", models);
  }

  release(frameId) {
    if (this.ledger.settle(frameId)) this.dispatch("credit");
  }

  // Send one frame and wait for its answer: a result, or {reason} when it was dropped.
  ask(timeS, bytes) {
    return new Promise((resolve) => {
      const frameId = this.reserve(timeS, { onAnswer: resolve });
      if (frameId === null) resolve({ reason: "no credit" });
      else this.send(frameId, timeS, bytes);
    });
  }

  retry() {
    this.#setState("connecting");
    this.socket.connect();
  }

  close() {
    this.socket.disconnect();
  }

  dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #listen() {
    this.socket.on("ready", (hello) => {
      this.#forgetUnanswered(hello.credits);
      this.session = hello;
      this.#setWorker(hello.worker);
      this.#setState("ready");
      this.dispatch("credit");
    });
    this.socket.on("worker", (worker) => this.#setWorker(worker));
    this.socket.on("result", (result) => this.#settle(result.frame_id, result, "result"));
    this.socket.on("drop", (drop) => this.#settle(drop.frame_id, drop, "drop"));
    this.socket.on("actions_changed", (change) => this.dispatch("actions_changed", change));
    this.socket.on("models_refused", (refusal) => this.dispatch("models_refused", refusal));
    this.socket.on("notice", (notice) => this.dispatch("notice", notice));
    this.socket.on("disconnect", (reason) => {
      this.#forgetUnanswered();
      if (reason === "io client disconnect") return;
      this.#setState("away", "The connection to the server was lost.");
      // the library does not come back by itself after the server closed the connection on purpose
      if (reason === "io server disconnect") setTimeout(() => this.socket.connect(), RETRY_MS);
    });
    this.socket.on("connect_error", (error) => {
      // active: the library tries again by itself; otherwise the server refused with a sentence
      if (this.socket.active) this.#setState("away", "The server cannot be reached.");
      else this.#setState("refused", error.message);
    });
  }

  #emit(name, header, bytes) {
    const entry = this.ledger.open.get(header.frame_id);
    if (!entry) return; // the connection was renewed meanwhile: this frame is nobody's any more
    entry.sentMs = performance.now();
    this.socket.emit(name, header, bytes);
    this.dispatch("sent", { name, bytes: bytes.byteLength + JSON.stringify(header).length });
  }

  #settle(frameId, answer, type) {
    const entry = this.ledger.settle(frameId);
    this.lastAnswerMs = performance.now();
    if (entry) {
      const roundTripMs = performance.now() - entry.sentMs;
      this.dispatch(type, { ...answer, time_s: entry.timeS, round_trip_ms: roundTripMs, seen: entry.seen });
      entry.onAnswer?.(answer);
    }
    this.dispatch("credit");
  }

  #forgetUnanswered(credits) {
    for (const entry of this.ledger.reset(credits)) entry.onAnswer?.({ reason: "the connection was lost" });
  }

  #setWorker(worker) {
    if (!worker) return;
    this.worker = { ...this.worker, ...worker };
    this.dispatch("worker", this.worker);
    this.dispatch("credit");
  }

  #setState(state, message = "") {
    this.state = state;
    this.dispatch("state", { state, message });
  }

  #breakSilence() {
    const oldest = this.ledger.open.values().next().value;
    if (this.state !== "ready" || !oldest || performance.now() - oldest.sentMs < SILENCE_MS) return;
    this.#setState("away", "The server stopped answering; connecting anew.");
    this.socket.disconnect().connect();
  }
}
