// The keypoints of everyone over a stretch of time, as they arrived; from them one person's pose sequence for the API.
import { skeletonReference } from "./skeletons.js";

export class TrackBuffer {
  // spanS: older frames are forgotten; Infinity keeps all.
  // models: {detector, pose_model, skeleton}, those that see what arrives.
  constructor(spanS = Infinity, models = {}) {
    this.spanS = spanS;
    this.frames = [];
    this.models = models;
  }

  push(result) {
    const last = this.frames.at(-1);
    if (last && result.time_s <= last.time_s) return; // an answer that overtook another cannot be put in order
    this.frames.push(result);
    while (result.time_s - this.frames[0].time_s > this.spanS) this.frames.shift();
  }

  clear() {
    this.frames = [];
  }

  get durationS() {
    return this.frames.length ? this.frames.at(-1).time_s - this.frames[0].time_s : 0;
  }

  // A copy of the last spanS that no longer grows: {skeleton, frames}.
  snapshot(spanS = this.spanS) {
    const copy = new TrackBuffer(spanS, this.models);
    const sinceS = (this.frames.at(-1)?.time_s ?? 0) - spanS;
    copy.frames = this.frames.filter(({ time_s: timeS }) => timeS >= sinceS);
    return copy;
  }

  // Who was seen, the most prominent first: [{person_id, frames, share}], share of the frames they are in.
  people() {
    const seen = new Map();
    for (const frame of this.frames) {
      for (const person of frame.people) {
        const [x1, y1, x2, y2] = person.box_px;
        const entry = seen.get(person.person_id) ?? { person_id: person.person_id, frames: 0, area: 0 };
        entry.frames += 1;
        entry.area += ((x2 - x1) * (y2 - y1)) / (frame.width_px * frame.height_px);
        seen.set(person.person_id, entry);
      }
    }
    return [...seen.values()]
      .map((entry) => ({ ...entry, share: entry.frames / this.frames.length }))
      .sort((a, b) => b.area - a.area);
  }

  // One person's sequence as docs/protocol.md has it: times from 0, keypoints in units of the picture's height.
  // Frames without the person are left out, so the times then have a gap.
  sequence(personId) {
    const shown = this.frames
      .map((frame) => ({ frame, person: frame.people.find((person) => person.person_id === personId) }))
      .filter(({ person }) => person);
    if (!shown.length) return null;
    const start = shown[0].frame.time_s;
    const hasWorld = shown.every(({ person }) => person.world_m);
    return {
      skeleton: skeletonReference(this.models.skeleton),
      times_s: shown.map(({ frame }) => rounded(frame.time_s - start)),
      keypoints: shown.map(({ frame, person }) =>
        person.keypoints.map(([x, y]) => (x === null ? [null, null] : [rounded(x / frame.height_px), rounded(y / frame.height_px)])),
      ),
      scores: shown.map(({ person }) => person.keypoints.map(([, , score]) => rounded(score))),
      world_m: hasWorld ? shown.map(({ person }) => person.world_m) : null,
    };
  }
}

const rounded = (value) => Math.round(value * 1e5) / 1e5;
