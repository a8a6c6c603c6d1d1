// Reading a video frame by frame: each picture is sought and looked at before the next is, so none is lost however slow the
// machine is. The next picture is sought while this one is looked at.
import { TrackBuffer } from "./tracks.js";
import { nextEvent } from "./waiting.js";

export const LONGEST_S = 60; // what the server keeps of one take
const STEP_S = 1 / 30;
const READINGS = 3;

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

// The length in seconds; a recording made by a browser tells it only after a seek far beyond its end.
export async function durationOf(video, signal) {
  if (!Number.isFinite(video.duration)) {
    video.currentTime = 1e6;
    await nextEvent(video, "durationchange", signal, () => Number.isFinite(video.duration));
  }
  return video.duration;
}

// Read the piece [fromS, toS] of the video that the stage shows; onProgress gets the share done, 0 to 1. When recognition
// is interrupted meanwhile the reading begins again, since two people could share an id otherwise.
export async function readPiece(stage, piece, options) {
  for (let reading = 1; reading <= READINGS; reading += 1) {
    const tracks = await readOnce(stage, piece, options);
    if (tracks) return tracks;
  }
  throw new Error(`recognition was interrupted ${READINGS} times while the video was read; try again later`);
}

async function readOnce(stage, [fromS, toS], { onProgress, signal }) {
  const { feed, video } = stage;
  const tracks = new TrackBuffer();
  const clock = stage.clock.media();
  const keep = ({ detail }) => tracks.push(detail);
  const steps = Math.max(1, Math.floor((toS - fromS) / STEP_S));
  let looked = Promise.resolve();
  let interrupted = false;
  const spoil = () => (interrupted ||= tracks.frames.length > 0);
  stage.addEventListener("seen", keep);
  stage.addEventListener("interrupted", spoil);
  try {
    for (let step = 0; step <= steps; step += 1) {
      const mediaS = fromS + step * STEP_S;
      await seek(video, mediaS, signal);
      await looked;
      signal.throwIfAborted();
      const picture = await feed.capture();
      if (interrupted || stage.feed !== feed) return null;
      looked = feed.lookAt(picture, clock(mediaS), signal);
      looked.catch(() => undefined); // awaited at the next step; until then it must not count as unhandled
      onProgress(step / steps);
    }
    await looked;
  } catch (error) {
    // somebody wants poses to be found elsewhere: then from the beginning
    if (signal.aborted || stage.feed === feed) throw error;
    return null;
  } finally {
    stage.removeEventListener("seen", keep);
    stage.removeEventListener("interrupted", spoil);
  }
  if (interrupted) return null;
  tracks.models = stage.models;
  return tracks;
}

async function seek(video, timeS, signal) {
  signal.throwIfAborted(); // the video may be gone
  // half a millisecond into the picture, lest rounding shows the one before
  const target = Math.min(timeS + 0.0005, Math.max(0, video.duration - 0.001));
  if (Math.abs(video.currentTime - target) < 1e-4 && video.readyState >= 2) return;
  const settled = new AbortController();
  const until = AbortSignal.any([signal, settled.signal]);
  const arrived = nextEvent(video, "seeked", until);
  const broken = nextEvent(video, "error", until).then(() => {
    throw new Error(`the video is damaged near ${timeS.toFixed(1)} s`);
  });
  video.currentTime = target;
  try {
    await Promise.race([arrived, broken]);
  } finally {
    for (const waiting of [arrived, broken]) waiting.catch(() => undefined); // the loser of the race
    settled.abort();
  }
}
