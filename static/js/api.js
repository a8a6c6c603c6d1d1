// Requests to the server's JSON addresses. Every failure is an ApiError whose message a person can read.

export class ApiError extends Error {
  constructor(message, status, answer = {}) {
    super(message);
    this.status = status; // 0: the server was not reached
    this.answer = answer; // whatever came with the refusal
  }
}

const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

// body: sent as JSON; bytes, in its place: sent as they are. signal: calls the request off.
export async function requestJson(url, options) {
  const { answer } = await answered(url, options);
  return answer ?? {};
}

// A picture that the server draws, as an address for an <img>; revoke it when it is not shown any more.
export async function requestPicture(url, options) {
  const { response } = await answered(url, options);
  return URL.createObjectURL(await response.blob());
}

// answer: what came as JSON. Refusals are thrown.
async function answered(url, { method = "GET", body, bytes, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (bytes !== undefined) headers["Content-Type"] = "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method, headers, signal, body: bytes ?? (body === undefined ? undefined : JSON.stringify(body)) });
  } catch {
    signal?.throwIfAborted();
    throw new ApiError("The server cannot be reached. Check the connection, then try again.", 0);
  }
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  if (response.redirected && !isJson) throw new ApiError("You are logged out. Log in in another tab, then try again.", 401);
  const answer = isJson ? await response.json() : undefined;
  if (!response.ok) throw new ApiError(answer?.error ?? `The server answered ${response.status}.`, response.status, answer);
  return { response, answer };
}

export const checkTake = (sequence) => requestJson("/actions/check", { method: "POST", body: { sequence } });

export const nameAction = (name) => requestJson("/actions/", { method: "POST", body: { name } });

export const keepTake = (actionId, take) => requestJson(`/actions/${actionId}/takes`, { method: "POST", body: take });

export const removeTake = (actionId, takeId) => requestJson(`/actions/${actionId}/takes/${takeId}`, { method: "DELETE" });

// randomUUID exists in secure contexts only; a LAN page over plain http can still record from a file.
export function newClientKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const listActions = async () => (await requestJson("/actions/")).actions;

export const previewFeedback = (feedback) => requestJson("/feedback/preview", { method: "POST", body: feedback });

export const applyFeedback = (feedback) => requestJson("/feedback/", { method: "POST", body: feedback });

export const undoFeedback = (feedbackId) => requestJson(`/feedback/${feedbackId}/undo`, { method: "POST", body: {} });

export const eventSequence = (eventId) => requestJson(`/history/${eventId}/sequence`);

export const takeSequence = (actionId, takeId) => requestJson(`/actions/${actionId}/takes/${takeId}/sequence`);

export const comparisonOf = (eventId) => requestJson(`/history/${eventId}/comparison`);

export const repetitionsOf = (eventId) => requestJson(`/history/${eventId}/repetitions`);
