// Finds poses in the pictures of one video, in this browser, and sends those in place of the pictures.
import { LONGEST_SIDE_PX, watchPictures } from "./frames.js";
import { OnDevicePoses } from "./on_device.js";
import { MAX_POSES, packPoses } from "./packed_poses.js";
import { SKELETONS } from "./skeletons.js";

const PICTURES_PER_S = 20;
const PACKET_MS = 200;
const NOT_SEEN = /^(no worker|worker restarted|the connection was lost)/; // so the same poses may be sent again
const PERSON_ID = 1; // only one person is found here
const SKELETON = SKELETONS.blazepose_33;

// The names under which takes are kept.
export const ON_DEVICE = { detector: "on device", pose_model: "mediapipe_pose", runtime: "this browser", skeleton: SKELETON };

// Events: seen {time_s, width_px, height_px, people}, loading {share}, ready, failed {reason}.
export class PoseFeed extends EventTarget {
  // sends: whether anybody is to recognise something in the poses; otherwise they stay here too.
  constructor(video, connection, frameUrl, { sends }) {
    super();
    Object.assign(this, { video, connection, frameUrl, sends });
    this.finder = null;
    this.superseded = 0;
    this.timer = null;
    this.stop();
    connection.addEventListener("credit", () => this.#schedule());
    document.addEventListener("visibilitychange", () => (this.next = null));
  }

  get ready() {
    return Boolean(this.finder?.ready);
  }

  // model: "full" or "lite".
  load(model) {
    this.unload();
    const finder = new OnDevicePoses(this.frameUrl, model);
    this.finder = finder;
    for (const type of ["loading", "ready", "failed"]) {
      finder.addEventListener(type, ({ detail }) => this.#tell(type, detail));
    }
  }

  unload() {
    this.finder?.close();
    this.finder = null;
  }

  // timeOf: media time in seconds to the session's rising clock.
  start(timeOf) {
    this.stop();
    let dueS = 0;
    this.stopWatching = watchPictures(this.video, (mediaTime) => {
      if (document.hidden || !this.ready) return;
      const timeS = timeOf(mediaTime);
      if (timeS + 0.25 / PICTURES_PER_S < dueS) return;
      dueS = Math.max(dueS, timeS - 1 / PICTURES_PER_S) + 1 / PICTURES_PER_S;
      if (this.next !== null) this.superseded += 1;
      this.next = timeS;
      this.#lookAtNext();
    });
  }

  stop() {
    this.stopWatching?.();
    this.stopWatching = null;
    this.next = null;
    this.busy = null; // what is being looked at is of no interest any more
    this.found = [];
    this.last = null; // the last picture that was looked at and not told of
    this.packet = null; // what was sent last
  }

  // The picture that the video shows now.
  capture() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(width, height));
    const size = { resizeWidth: Math.max(1, Math.round(width * scale)), resizeHeight: Math.max(1, Math.round(height * scale)) };
    return createImageBitmap(this.video, size);
  }

  // Resolves once the keypoints in this picture are known and told.
  async lookAt(picture, timeS) {
    if (!this.ready) await this.#untilReady();
    const frame = await this.#frame(picture, timeS);
    if (!frame) throw new Error("poses are no longer found in this browser");
    this.#tell("seen", frame);
  }

  async #lookAtNext() {
    if (this.next === null || this.busy) return;
    const [timeS, work] = [this.next, {}];
    this.next = null;
    this.busy = work;
    const picture = await this.capture().catch(() => null); // a video that is being closed shows none
    const frame = picture && (await this.#frame(picture, timeS));
    if (this.busy !== work) return; // stopped meanwhile
    this.busy = null;
    if (!frame) return;
    this.#tell("seen", frame);
    if (this.sends) this.#collect(frame);
    this.#lookAtNext();
  }

  async #frame(picture, timeS) {
    const { width, height } = picture; // which the picture no longer has once it is handed over
    const person = this.ready ? await this.finder.find(picture, timeS) : undefined;
    if (person === undefined) return null;
    return { time_s: timeS, width_px: width, height_px: height, pose_ms: person?.ms, people: person ? [shown(person, width, height)] : [] };
  }

  #collect(frame) {
    if (this.last && this.last.height_px !== frame.height_px) this.found = []; // a packet has one size of picture
    this.last = frame;
    if (frame.people.length) this.found.push(frame);
    this.#thinOut();
    this.#schedule();
  }

  // Poses wait for a credit; when too many do, every second of the older half goes.
  #thinOut() {
    while (this.found.length > MAX_POSES) this.found = this.found.filter((_, place) => place % 2 || place > MAX_POSES / 2);
  }

  // Poses that no worker has seen go ahead of those that were found since, unless later ones are already on their way.
  #takeBack(packet) {
    if (this.packet !== packet) return;
    this.found = [...packet.found, ...this.found];
    this.last ??= packet.last;
    this.#thinOut();
    this.#schedule();
  }

  #schedule() {
    if (this.timer || !this.last) return;
    const waitMs = Math.max(0, (this.sentMs ?? 0) + PACKET_MS - performance.now());
    this.timer = setTimeout(async () => {
      const sent = await this.#send();
      this.timer = null;
      if (sent) this.#schedule();
    }, waitMs);
  }

  async #send() {
    const { last, found, connection } = this;
    const packet = { last, found };
    const onAnswer = ({ reason }) => NOT_SEEN.test(reason ?? "") && this.#takeBack(packet);
    const frameId = last && connection.ready ? connection.reserve(last.time_s, { seen: last, onAnswer }) : null;
    if (frameId === null) return false; // a credit that comes back calls again
    this.packet = packet;
    [this.last, this.found] = [null, []];
    this.sentMs = performance.now();
    const { width_px, height_px } = last;
    const poses = await packPoses(
      found.map(({ people: [person] }) => person),
      height_px,
    );
    const times = found.map(({ time_s }) => Math.round(1e4 * time_s) / 1e4);
    connection.sendPoses(frameId, { times_s: times, width_px, height_px, skeleton: SKELETON.name, world: true }, poses);
    return true;
  }

  #untilReady() {
    return new Promise((resolve, reject) => {
      this.addEventListener("ready", resolve, { once: true });
      this.addEventListener("failed", ({ detail }) => reject(new Error(detail.reason)), { once: true });
    });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// The server knows what the one person's movement is, this browser where it is.
export function withKeypoints(result) {
  const here = result.seen.people[0];
  return { ...result, people: here ? result.people.map((person) => ({ ...person, ...here })) : [] };
}

// As a result has a person.
function shown({ keypoints, world_m }, width, height) {
  const xs = keypoints.map(([x]) => Math.max(0, Math.min(width, x)));
  const ys = keypoints.map(([, y]) => Math.max(0, Math.min(height, y)));
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  return { person_id: PERSON_ID, box_px: box, score: 1, keypoints, world_m };
}
