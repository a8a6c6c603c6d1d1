// The picture with its skeletons: a camera or a video file, the overlay, the connection, where poses are found, and a
// helpful message for everything that can be missing. The pages live and record build on it.
import { alreadyAllowed, camerasAllowed, facesThePerson, letGo, listCameras, openCamera, rememberCamera, rememberedCamera } from "./camera.js";
import { SessionClock } from "./clocks.js";
import { LiveConnection } from "./connection.js";
import { copyTemplate, element, find } from "./elements.js";
import { FrameFeed } from "./frames.js";
import { ON_DEVICE, PoseFeed, withKeypoints } from "./on_device_feed.js";
import { Pace, PlaceChoice } from "./on_device_choice.js";
import { Overlay } from "./overlay.js";
import { toast } from "./toasts.js";
import { loaded } from "./video_steps.js";

const GETTING_READY = "Getting ready to find poses in this browser.";

// Events: seen {time_s, width_px, height_px, people}: who is where, of every picture that was looked at; result (with time_s
// and round_trip_ms): what the server says of it, on the page live; drop; worker: as models; source {kind: "camera" | "file"
// | null, name}; interrupted: whoever gave people their ids is gone, so the same id may be somebody else from here on.
export class Stage extends EventTarget {
  constructor(root, { purpose, autostart = true }) {
    super();
    this.root = root;
    this.video = find(root, "video");
    this.overlay = new Overlay(find(root, "canvas"));
    this.connection = new LiveConnection(purpose);
    this.serverFeed = new FrameFeed(this.video, this.connection);
    this.sends = purpose === "live"; // a take that is recorded here is seen here alone
    this.poseFeed = new PoseFeed(this.video, this.connection, root.dataset.onDeviceUrl, { sends: this.sends });
    this.feed = this.serverFeed;
    this.place = new PlaceChoice(find(root, "[data-place]"));
    this.pace = new Pace();
    this.clock = new SessionClock();
    this.timeOf = null; // while pictures are looked at as they come
    this.opening = null;
    this.kind = null;
    this.sourceSinceS = this.clock.last;
    this.focusId = null;
    this.followedId = null;
    this.fileInput = find(root, "[data-file-input]");
    this.#listenToServer();
    this.#listenToPerson();
    this.#listenToBrowser();
    this.showMessage("idle");
    if (this.onDevice) this.#findPosesWhereChosen();
    if (autostart) this.#startIfAllowed();
  }

  get onDevice() {
    return this.place.model !== null;
  }

  // What finds poses now: {detector, pose_model, runtime, skeleton}, and state: whether a worker is there.
  get models() {
    const { worker } = this.connection;
    return this.onDevice ? { ...ON_DEVICE, state: worker.state } : worker;
  }

  async openCamera(deviceId = rememberedCamera()) {
    this.close();
    this.showMessage("opening");
    const opening = (this.opening = {});
    try {
      const stream = await openCamera(deviceId);
      if (this.opening !== opening) return letGo(stream); // called off meanwhile
      this.#use("camera", "", () => (this.video.srcObject = stream));
      const [track] = stream.getVideoTracks();
      track.addEventListener("ended", () => this.#unplugged(stream));
      rememberCamera(track.getSettings().deviceId);
      this.#mirror(facesThePerson(stream));
      await this.video.play();
      this.#look(this.clock.live());
      await this.#showCameras();
    } catch (error) {
      // play() is interrupted when the person changes the source meanwhile: that one has its own message
      if (this.opening !== opening || (error.name === "AbortError" && !error.problem)) return;
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
      this.#look(this.clock.media());
      await this.video.play();
    }
  }

  // Let go of the camera or file.
  close() {
    this.opening = null;
    this.timeOf = null;
    this.feed.stop();
    letGo(this.video.srcObject);
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

  #look(timeOf) {
    this.timeOf = timeOf;
    this.feed.start(timeOf);
  }

  // Pictures go to the server no longer from the moment on in which somebody wants them to stay here.
  #findPosesWhereChosen() {
    this.feed.stop();
    this.poseFeed.unload();
    this.feed = this.onDevice ? this.poseFeed : this.serverFeed;
    this.root.dataset.posesFrom = this.onDevice ? "device" : "server";
    if (this.onDevice) this.poseFeed.load(this.place.model);
    this.overlay.clear();
    this.#adoptModels();
    this.#showNotice(this.onDevice ? GETTING_READY : "");
    if (this.timeOf) this.feed.start(this.timeOf);
  }

  // Going on with the server would send pictures that were to stay here, so a person says so first.
  #cannotFindPoses(reason) {
    this.close();
    this.place.use("server");
    this.showMessage("not-on-device", `${reason[0].toUpperCase()}${reason.slice(1)}.`);
    toast("Poses cannot be found in this browser, so the picture was stopped. On the server it works.", "exclamation-triangle");
  }

  #adoptModels() {
    const { models } = this;
    const key = [models.detector, models.pose_model, models.skeleton?.name].join(" ");
    const others = models.skeleton && this.modelsKey !== key;
    if (others) {
      this.overlay.clear();
      [this.modelsKey, this.overlay.skeleton] = [key, models.skeleton];
    }
    this.#pass("worker", models);
    if (others || models.state !== "ready") this.#pass("interrupted");
  }

  #see(frame) {
    this.overlay.draw(frame, this.focusId, this.followedId);
    this.#pass("seen", frame);
  }

  #pass(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
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
    this.#pass("source", { kind, name });
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
      if (action === "sample") this.#pass("sample");
      if (action === "stop") this.close();
      if (action === "reconnect") this.connection.retry();
    });
    find(this.root, "[data-camera]").addEventListener("change", (event) => this.openCamera(event.target.value));
    this.root.querySelector("[data-mirror]")?.addEventListener("change", (event) => this.#mirror(event.target.checked));
    this.fileInput.addEventListener("change", () => {
      const files = [...this.fileInput.files];
      this.fileInput.value = ""; // so that choosing the same file again counts as a change
      if (files.length) this.#pass("files", files);
    });
    this.place.addEventListener("change", () => this.#findPosesWhereChosen());
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (this.kind === "camera") this.#showCameras();
    });
    addEventListener("pagehide", () => this.connection.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.connection.retry();
    });
  }

  #listenToServer() {
    this.connection.addEventListener("state", ({ detail }) => {
      this.#showState(detail);
      if (detail.state === "away") this.#pass("interrupted");
    });
    this.connection.addEventListener("worker", ({ detail }) => {
      if (detail.state === "restarted") toast("The recognition worker was restarted.", "arrow-repeat");
      this.#showState({ state: this.connection.state, message: "" });
      this.#adoptModels();
    });
    this.connection.addEventListener("result", ({ detail }) => {
      // an answer that was on its way when the source changed belongs to another picture
      const seenHere = Boolean(detail.seen);
      if (!this.kind || detail.time_s <= this.sourceSinceS || seenHere !== this.onDevice) return;
      this.followedId = detail.followed ?? null;
      if (!seenHere) this.#see(detail);
      this.#pass("result", seenHere ? withKeypoints(detail) : detail);
    });
    this.connection.addEventListener("drop", ({ detail }) => this.#pass("drop", detail));
  }

  #listenToBrowser() {
    this.poseFeed.addEventListener("loading", ({ detail: { share } }) =>
      this.#showNotice(share < 1 ? `Loading what finds poses in this browser: ${Math.round(100 * share)} %` : GETTING_READY),
    );
    this.poseFeed.addEventListener("ready", () => this.#showNotice(""));
    this.poseFeed.addEventListener("failed", ({ detail }) => this.#cannotFindPoses(detail.reason));
    this.poseFeed.addEventListener("seen", ({ detail }) => {
      if (!this.kind) return;
      const hint = this.pace.judge(this.place.model, detail.pose_ms);
      if (hint) toast(hint, "hourglass-split");
      this.#see(detail);
    });
  }

  // preparing: what this browser is busy with before it finds poses.
  #showNotice(preparing = this.preparing) {
    this.preparing = preparing;
    const text = (this.sends || !this.onDevice ? this.serverNotice : "") || preparing || "";
    const notice = find(this.root, "[data-connection-notice]");
    notice.hidden = !text;
    notice.lastElementChild.textContent = text;
  }

  #showState({ state, message }) {
    const waiting = state === "ready" && this.connection.worker.state === "absent";
    this.root.dataset.connection = waiting ? "waiting" : state;
    if (state === "refused") {
      this.close();
      this.showMessage("refused", message);
    } else if (state === "ready" && this.root.querySelector("[data-refused]")) {
      this.showMessage("idle");
    }
    this.serverNotice = waiting ? "Recognition is starting; this takes a few seconds." : "";
    if (state === "away") this.serverNotice = `${message} Trying again by itself.`;
    this.#showNotice();
    if (state !== "ready") this.overlay.clear();
  }
}
