// Takes from video files: one file, of which a piece is chosen, or several, each read as a whole.
import { element, find, icon } from "./elements.js";
import { TrimEditor } from "./trim.js";
import { LONGEST_S, durationOf, readPiece } from "./video_steps.js";

export class FileTakes {
  constructor(root, stage, takes) {
    Object.assign(this, { root, stage, takes });
    this.form = find(root, "[data-record-form]");
    this.problems = find(root, "[data-file-problems]");
    this.running = null;
    this.opening = false;
  }

  // Begin to answer the person's choices.
  watch() {
    const { stage, root } = this;
    stage.addEventListener("files", ({ detail: files }) => this.#chosen(files));
    stage.addEventListener("sample", () => this.#chooseSample());
    stage.addEventListener("source", ({ detail }) => {
      // the person stopped it, or what finds poses here has failed: the other files must not go on with something else
      if (!this.opening) this.running?.abort(new Error("the video was stopped"));
      if (detail.kind !== "file" && !this.running) this.#showMode("camera");
    });
    find(root, "[data-use-piece]").addEventListener("click", () => this.#readOne());
    find(root, "[data-play-piece]").addEventListener("click", () => this.#playPiece());
    find(root, "[data-cancel-reading]").addEventListener("click", () => this.running?.abort(new Error("stopped")));
    stage.video.addEventListener("timeupdate", () => this.#keepInPiece());
  }

  async #chosen(files) {
    this.running?.abort(new Error("another file was chosen"));
    this.problems.replaceChildren();
    const sources = files.map((file) => ({ url: URL.createObjectURL(file), name: file.name, owned: true }));
    if (sources.length === 1) await this.#openPiece(sources[0]);
    else await this.#readMany(sources);
  }

  async #chooseSample() {
    this.problems.replaceChildren();
    const { sampleName, sampleFrom, sampleTo } = this.root.dataset;
    const name = find(this.form, "#action-name");
    if (!name.value) name.value = sampleName;
    await this.#openPiece({ url: this.stage.root.dataset.sampleUrl, name: "Sample clip", liveUrl: "/live/#sample" }, [Number(sampleFrom), Number(sampleTo)]);
  }

  async #openPiece(source, piece = null) {
    this.#release();
    this.source = source;
    try {
      const durationS = await this.#open(source);
      this.trim = new TrimEditor(find(this.root, "[data-piece]"), durationS, {
        startS: piece?.[0] ?? 0,
        endS: piece?.[1] ?? Math.min(durationS, LONGEST_S),
      });
      this.trim.addEventListener("change", ({ detail }) => {
        this.stage.video.pause();
        this.stage.video.currentTime = detail.moved === "start" ? detail.start_s : detail.end_s;
      });
      find(this.root, "[data-file-name]").textContent = source.name;
      this.#showMode("file");
      this.stage.video.currentTime = this.trim.startS;
    } catch (error) {
      this.#report(source.name, error);
    }
  }

  async #readOne() {
    const { source, trim } = this;
    if (trim.endS - trim.startS > LONGEST_S) {
      this.#report(source.name, new Error(`the piece is longer than ${LONGEST_S} s; move the ends closer together`));
      return;
    }
    await this.#reading(async (signal) => {
      await this.#read(source, [trim.startS, trim.endS], "", signal);
    });
    this.#showMode(this.stage.kind === "file" ? "file" : "camera");
  }

  async #readMany(sources) {
    this.#release();
    await this.#reading(async (signal) => {
      for (const [number, source] of sources.entries()) {
        try {
          const durationS = await this.#open(source);
          if (durationS > LONGEST_S) throw new Error(`it lasts ${Math.round(durationS)} s, more than ${LONGEST_S} s; choose it alone and pick a piece`);
          await this.#read(source, [0, durationS], ` (${number + 1} of ${sources.length})`, signal);
        } catch (error) {
          if (signal.aborted) throw error;
          this.#report(source.name, error); // the other files are still read
        } finally {
          URL.revokeObjectURL(source.url);
        }
      }
    });
    if (this.stage.kind === "file") this.stage.close();
    this.#showMode("camera");
  }

  // Run the work with the progress shown and a way to stop it.
  async #reading(work) {
    this.running = new AbortController();
    this.problems.replaceChildren();
    this.#showMode("reading");
    try {
      await work(this.running.signal);
    } catch (error) {
      if (error !== this.running.signal.reason) this.#report(this.source?.name ?? "Video", error);
    } finally {
      this.running = null;
    }
  }

  async #open(source) {
    this.source = source;
    this.opening = true;
    try {
      await this.stage.openFile(source.url, source.name, { play: false });
    } finally {
      this.opening = false;
    }
    return durationOf(this.stage.video, this.running?.signal);
  }

  async #read(source, piece, place, signal) {
    find(this.root, "[data-reading-title]").textContent = `Reading ${source.name}${place}`;
    this.stage.video.pause();
    const tracks = await readPiece(this.stage, piece, { signal, onProgress: (share) => this.#showProgress(share) });
    this.takes.add(tracks, "upload", { title: source.name, liveUrl: source.liveUrl });
  }

  #playPiece() {
    const { video } = this.stage;
    video.currentTime = this.trim.startS;
    video.play();
  }

  #keepInPiece() {
    const { video } = this.stage;
    if (this.running || this.stage.kind !== "file" || !this.trim) return;
    this.trim.showPlayhead(video.currentTime);
    if (!video.paused && video.currentTime >= this.trim.endS) {
      video.pause();
      video.currentTime = this.trim.startS;
    }
  }

  #showProgress(share) {
    const progress = find(this.root, "[data-progress]");
    const percent = Math.round(share * 100);
    progress.setAttribute("aria-valuenow", percent);
    progress.firstElementChild.style.width = `${percent}%`;
    find(this.root, "[data-reading-note]").textContent = this.stage.feed.ready
      ? "Every picture is looked at, so this may take longer than the video."
      : "Waiting until poses can be found …";
  }

  #showMode(mode) {
    for (const part of this.form.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== mode;
    this.root.dataset.mode = mode;
  }

  #report(name, error) {
    this.problems.append(element("li", {}, icon("file-earmark-x"), ` ${name}: ${error.message}`));
  }

  #release() {
    if (this.source?.owned) URL.revokeObjectURL(this.source.url);
    this.source = null;
  }
}
