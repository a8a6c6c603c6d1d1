// The inside of templates/live/on_device.html: MediaPipe finds the keypoints of one person in the pictures that the page
// around this frame hands in. It runs apart because it needs eval, which no other page may use (docs/adr/0011).
/* global Pose */

const ORIGIN = location.origin;
const files = JSON.parse(document.body.dataset.files); // address of each of MediaPipe's files
const LARGE = ["pose_solution_packed_assets.data", "pose_solution_simd_wasm_bin.wasm"];
const MODELS = { full: { file: "pose_landmark_full.tflite", complexity: 1 }, lite: { file: "pose_landmark_lite.tflite", complexity: 0 } };
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i; // graphics that the processor draws: it is better asked directly

const FIRST_MS = 1000; // of the first real picture at the earliest: MediaPipe wants times that rise

let pose = null;
let seen = null;
let failed = false;

function tell(kind, detail = {}, transfer = []) {
  parent.postMessage({ kind, ...detail }, ORIGIN, transfer);
}

function fail(reason) {
  if (!failed) tell("failed", { reason });
  failed = true;
}

// What of the browser is missing, as a sentence, or null.
function missing() {
  if (typeof Pose === "undefined") return "the files for it could not be loaded from this server";
  if (typeof WebAssembly === "undefined") return "this browser runs no WebAssembly";
  if (!renderer()) return "this browser gives no access to the graphics (WebGL 2)";
  return null;
}

// The name of what draws, or "" without WebGL 2.
function renderer() {
  const context = document.createElement("canvas").getContext("webgl2");
  const details = context?.getExtension("WEBGL_debug_renderer_info");
  return context ? String(context.getParameter(details ? details.UNMASKED_RENDERER_WEBGL : context.RENDERER) || "unknown") : "";
}

// Fetch what is large, telling how far it is; MediaPipe then finds it in the browser's cache.
async function fetchLarge(names) {
  let responses;
  try {
    responses = await Promise.all(names.map((name) => fetch(files[name])));
  } catch {
    throw new Error("the server cannot be reached to load the files for it");
  }
  const lost = responses.findIndex((response) => !response.ok);
  if (lost >= 0) throw new Error(`the files for it are not all on this server (${names[lost]})`);
  const total = responses.reduce((sum, response) => sum + Number(response.headers.get("Content-Length")), 0);
  let loaded = 0;
  await Promise.all(
    responses.map(async ({ body }) => {
      const reader = body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        loaded += part.value.length;
        tell("loading", { share: total ? Math.min(1, loaded / total) : 0 });
      }
    }),
  );
}

async function load(model) {
  const { file, complexity } = MODELS[model];
  const problem = missing();
  if (problem) return fail(problem);
  await fetchLarge([file, ...LARGE]);
  pose = new Pose({ locateFile: (name) => files[name] ?? name });
  pose.setOptions({
    modelComplexity: complexity,
    smoothLandmarks: true,
    enableSegmentation: false,
    selfieMode: false,
    useCpuInference: SOFTWARE.test(renderer()),
  });
  pose.onResults((results) => (seen = results));
  await pose.initialize();
  const blank = document.createElement("canvas");
  Object.assign(blank, { width: 64, height: 64 }).getContext("2d").fillRect(0, 0, 64, 64);
  await pose.send({ image: blank }, 0); // the first picture takes seconds: better now than when somebody moves
  tell("ready");
}

async function look({ number, image, time_s: timeS, anew }) {
  if (anew) pose.reset();
  const startedMs = performance.now();
  seen = null;
  await pose.send({ image }, FIRST_MS + timeS * 1000);
  const keypoints = seen?.poseLandmarks && numbers(seen.poseLandmarks, ({ x, y, visibility }) => [x * image.width, y * image.height, visibility ?? 0]);
  const world = keypoints && numbers(seen.poseWorldLandmarks, ({ x, y, z }) => [x, y, z]);
  image.close();
  tell("pose", { number, keypoints, world, ms: performance.now() - startedMs }, keypoints ? [keypoints.buffer, world.buffer] : []);
}

const numbers = (points, row) => Float32Array.from(points.flatMap(row));

addEventListener("message", ({ data, origin, source }) => {
  if (origin !== ORIGIN || source !== parent || failed) return;
  const work = data.kind === "load" ? load(data.model) : look(data);
  work.catch((error) => fail(error.message || String(error)));
});
// MediaPipe reports some failures nowhere else
addEventListener("error", ({ message }) => fail(message));
addEventListener("unhandledrejection", ({ reason }) => fail(reason?.message ?? String(reason)));
tell("alive");
