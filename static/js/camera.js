// The cameras of this machine: which there are, opening one, and why one cannot be opened.

const CAMERA_KEY = "moveprint-camera";
const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

const PROBLEMS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no-camera",
  OverconstrainedError: "no-camera",
  NotReadableError: "in-use",
  AbortError: "in-use",
};

// problem: denied, no-camera, in-use, insecure or failed.
export class CameraError extends Error {
  constructor(problem, cause) {
    super(cause?.message ?? problem, { cause });
    this.problem = problem;
  }
}

// Browsers hide the cameras from pages that came over plain http from another machine.
export const camerasAllowed = () => Boolean(navigator.mediaDevices?.getUserMedia);

export async function openCamera(deviceId) {
  if (!camerasAllowed()) throw new CameraError("insecure");
  const video = deviceId ? { ...WANTED, deviceId: { exact: deviceId } } : { ...WANTED, facingMode: "user" };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    // the remembered camera may be gone while another is there
    if (deviceId && error.name === "OverconstrainedError") return openCamera(null);
    throw new CameraError(PROBLEMS[error.name] ?? "failed", error);
  }
}

// [{id, label}]; labels are empty until a camera was allowed once.
export async function listCameras() {
  if (!camerasAllowed()) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "videoinput")
    .map((device, number) => ({ id: device.deviceId, label: device.label || `Camera ${number + 1}` }));
}

// Whether a camera would open without asking the person.
export async function alreadyAllowed() {
  if (!camerasAllowed()) return false;
  try {
    return (await navigator.permissions.query({ name: "camera" })).state === "granted";
  } catch {
    return false; // Firefox does not know this permission by name
  }
}

export function facesThePerson(stream) {
  return stream.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
}

export function letGo(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

// The camera that was used last, by its id.
export function rememberedCamera() {
  try {
    return localStorage.getItem(CAMERA_KEY);
  } catch {
    return null; // storage may be forbidden: then the default camera
  }
}

export function rememberCamera(deviceId) {
  try {
    localStorage.setItem(CAMERA_KEY, deviceId ?? "");
  } catch {
    // as above
  }
}
