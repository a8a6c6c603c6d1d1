// The picture with its skeletons: a camera or a video file, the overlay, the connection, and a helpful message for
// everything that can be missing. The pages live and record build on it.
import { alreadyAllowed, camerasAllowed, facesThePerson, listCameras, openCamera } from "./camera.js";
import { SessionClock } from "./clocks.js";
import { LiveConnection } from "./connection.js";
import { copyTemplate, element, find } from "./elements.js";
import { FrameFeed, FrameGrabber } from "./frames.js";
import { Overlay } from "./overlay.js";
import { toast } from "./toasts.js";

const CAMERA_KEY = "moveprint-camera";

// Events: result (with time_s and round_trip_ms), drop, worker, source {kind: "camera" | "file" | null, name}, and
// interrupted: whoever gave people their ids is gone, so the same id may be somebody else from here on.
export class Stage extends EventTarget {
  constructor(root, { purpose, autostart = true }) {
    super();
    this.root = root;
    this.video = find(root, "video");
    this.overlay = new Overlay(find(root, "canvas"));
    this.connection = new LiveConnection(purpose);
    this.grabber = new FrameGrabber();
    this.feed = new FrameFeed(this.video, this.connection, this.grabber);
    this.clock = new SessionClock();
    this.kind = null;
    this.sourceSinceS = this.clock.last;
    this.focusId = null;
    this.fileInput = find(root, "[data-file-input]");
    this.#listenToServer();
    this.#listenToPerson();
    this.showMessage("idle");
    if (autostart) this.#startIfAllowed();
  }

  async openCamera(deviceId = remembered()) {
    this.close();
    this.showMessage("opening");
    try {
      const stream = await openCamera(deviceId);
      this.#use("camera", "", () => (this.video.srcObject = stream));
      const [track] = stream.getVideoTracks();
      track.addEventListener("ended", () => this.#unplugged(stream));
      remember(track.getSettings().deviceId);
      this.#mirror(facesThePerson(stream));
      await this.video.play();
      this.feed.start(this.clock.live());
      await this.#showCameras();
    } catch (error) {
      // play() is interrupted when the person changes the source meanwhile: that one has its own message
      if (error.name === "AbortError" && !error.problem) return;
      this.close();
      this.showMessage(error.problem ?? "failed", error.message);
    }
  }

  // A video by address (an object URL or the sample). frames: send its pictures while it plays.
  async openFile(url, name, { play = true, loop = true } = {}) {
    this.close();
    this.#use("file", name, () => (this.video.src = url));
    this.video.loop = loop;
    this.video.controls = play;
    this.#mirror(false);
    try {
      await loaded(this.video);
    } catch (error) {
      this.close();
      this.showMessage("undecodable", `${name}: ${error.message}`);
      throw error;
    }
    if (play) {
      this.feed.start(this.clock.media());
      await this.video.play();
    }
  }

  // Let go of the camera or file.
  close() {
    this.feed.stop();
    for (const track of this.video.srcObject?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.video.controls = false;
    this.video.load();
    this.overlay.clear();
    this.#setKind(null, "");
    this.showMessage("idle");
  }

  // name: one of the templates of components/stage_messages.html; null hides the message.
  showMessage(name, detail = "") {
    const holder = find(this.root, "[data-stage-message]");
    holder.replaceChildren();
    holder.hidden = !name;
    if (!name) return;
    const message = copyTemplate(`stage-${name}`);
    const detailPlace = message.querySelector("[data-detail]");
    if (detailPlace) detailPlace.textContent = detail;
    holder.append(message);
  }

  #use(kind, name, attach) {
    this.showMessage(null);
    attach();
    this.#setKind(kind, name);
  }

  #setKind(kind, name) {
    this.kind = kind;
    this.sourceSinceS = this.clock.last;
    this.root.dataset.source = kind ?? "none";
    this.dispatchEvent(new CustomEvent("source", { detail: { kind, name } }));
  }

  #mirror(mirrored) {
    this.overlay.mirrored = mirrored;
    this.video.classList.toggle("mirrored", mirrored);
    const box = this.root.querySelector("[data-mirror]");
    if (box) box.checked = mirrored;
  }

  async #startIfAllowed() {
    if (!camerasAllowed()) this.showMessage("insecure");
    else if (await alreadyAllowed()) await this.openCamera();
  }

  #unplugged(stream) {
    if (this.video.srcObject !== stream) return;
    this.close();
    this.showMessage("unplugged");
  }

  async #showCameras() {
    const select = find(this.root, "[data-camera]");
    const cameras = await listCameras();
    const current = this.video.srcObject?.getVideoTracks()[0]?.getSettings().deviceId;
    select.replaceChildren(
      ...cameras.map(({ id, label }) => element("option", { value: id, selected: id === current }, label)),
    );
    select.closest("[data-camera-choice]").hidden = cameras.length < 1;
  }

  #listenToPerson() {
    this.root.addEventListener("click", (event) => {
      const action = event.target.closest("[data-do]")?.dataset.do;
      if (action === "camera") this.openCamera();
      if (action === "file") this.fileInput.click();
      if (action === "sample") this.dispatchEvent(new CustomEvent("sample"));
      if (action === "stop") this.close();
      if (action === "reconnect") this.connection.retry();
    });
    find(this.root, "[data-camera]").addEventListener("change", (event) => this.openCamera(event.target.value));
    this.root.querySelector("[data-mirror]")?.addEventListener("change", (event) => this.#mirror(event.target.checked));
    this.fileInput.addEventListener("change", () => {
      const files = [...this.fileInput.files];
      this.fileInput.value = ""; // so that choosing the same file again counts as a change
      if (files.length) this.dispatchEvent(new CustomEvent("files", { detail: files }));
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (this.kind === "camera") this.#showCameras();
    });
    addEventListener("pagehide", () => this.connection.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.connection.retry();
    });
  }

  #listenToServer() {
    const pass = (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail }));
    this.connection.addEventListener("state", ({ detail }) => {
      this.#showState(detail);
      if (detail.state === "away") pass("interrupted");
    });
    this.connection.addEventListener("worker", ({ detail }) => {
      if (detail.skeleton) this.overlay.skeleton = detail.skeleton;
      if (detail.state === "restarted") toast("The recognition worker was restarted.", "arrow-repeat");
      this.#showState({ state: this.connection.state, message: "" });
      pass("worker", detail);
      if (detail.state !== "ready") pass("interrupted");
    });
    this.connection.addEventListener("result", ({ detail }) => {
      // an answer that was on its way when the source changed belongs to another picture
      if (!this.kind || detail.time_s <= this.sourceSinceS) return;
      this.overlay.draw(detail, this.focusId);
      pass("result", detail);
    });
    this.connection.addEventListener("drop", ({ detail }) => pass("drop", detail));
  }

  #showState({ state, message }) {
    const notice = find(this.root, "[data-connection-notice]");
    const waiting = state === "ready" && this.connection.worker.state === "absent";
    this.root.dataset.connection = waiting ? "waiting" : state;
    if (state === "refused") {
      this.close();
      this.showMessage("refused", message);
    } else if (state === "ready" && this.root.querySelector("[data-refused]")) {
      this.showMessage("idle");
    }
    notice.hidden = !(waiting || state === "away");
    notice.lastElementChild.textContent = waiting
      ? "Recognition is starting; this takes a few seconds."
      : `${message} Trying again by itself.`;
    if (state !== "ready") this.overlay.clear();
  }
}

// Resolves when the first picture can be shown; rejects with a sentence why the browser cannot.
export function loaded(video) {
  return new Promise((resolve, reject) => {
    if (video.readyState >= 2) resolve();
    video.addEventListener("loadeddata", () => (video.videoWidth ? resolve() : reject(new Error("it has no picture, only sound"))), { once: true });
    video.addEventListener("error", () => reject(new Error(reasonOf(video.error))), { once: true });
  });
}

function reasonOf(error) {
  if (error?.code === MediaError.MEDIA_ERR_NETWORK) return "it could not be read to its end";
  if (error?.code === MediaError.MEDIA_ERR_DECODE) return "it is damaged, or has a codec this browser cannot decode";
  return "this browser does not know the format; MP4 (H.264) and WebM play nearly everywhere";
}

function remembered() {
  try {
    return localStorage.getItem(CAMERA_KEY);
  } catch {
    return null; // storage may be forbidden: then the default camera
  }
}

function remember(deviceId) {
  try {
    localStorage.setItem(CAMERA_KEY, deviceId ?? "");
  } catch {
    // as above
  }
}
