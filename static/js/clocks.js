// A session's clock in seconds, always rising, whatever the picture's own time does.

const NEVER_S = -1;
const JUMP_S = 1; // a longer step, or one backwards, is a seek or a new round of a loop

// Shared by every source of a page, so that time also rises from the camera to a file and back.
export class SessionClock {
  constructor(now = () => performance.now() / 1000) {
    this.now = now;
    this.last = NEVER_S;
  }

  #rise(time) {
    this.last = Math.max(time, this.last + 0.001);
    return this.last;
  }

  // A camera's pictures happen now. The offset keeps time rising after a file that ran ahead of the wall clock.
  live() {
    let offset = null;
    return () => {
      offset ??= Math.max(0, this.last + JUMP_S - this.now());
      return this.#rise(this.now() + offset);
    };
  }

  // A file's pictures happen when the file says; pauses take no time, a jump takes a second.
  media() {
    let offset = null;
    let lastMedia = 0;
    return (mediaTime) => {
      const step = mediaTime - lastMedia;
      if (offset === null || step < 0 || step > JUMP_S) offset = Math.max(0, this.last + JUMP_S) - mediaTime;
      lastMedia = mediaTime;
      return this.#rise(mediaTime + offset);
    };
  }
}
