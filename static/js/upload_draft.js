// An import that is given its files: begun, gone on with, started or discarded.
import { requestJson } from "./api.js";
import { fileUrl } from "./upload_queue.js";

const MOST_NAMED = 5000;

// Of the files of a draft, [{name, size_bytes, received_bytes}], those that are here in part and not among the chosen
// ones, [{name, file}]: what is here of them is lost when it goes on without them.
export function lostWithout(before, chosen) {
  const names = new Set(chosen.map(({ name }) => name));
  return before.filter(({ name, size_bytes: size, received_bytes: received }) => received < size && !names.has(name));
}

export class Draft {
  constructor(importsUrl, jobId) {
    this.jobId = jobId;
    this.url = `${importsUrl}/${jobId}`;
  }

  static async begin(importsUrl, wishes) {
    const { job_id: jobId } = await requestJson(importsUrl, { method: "POST", body: wishes });
    return new Draft(importsUrl, jobId);
  }

  // [{name, size_bytes, received_bytes}]
  async files() {
    return (await requestJson(this.url)).files;
  }

  removeFile(name) {
    return requestJson(fileUrl(this.url, name), { method: "DELETE" });
  }

  // Files that were chosen and not sent, [{name, reason}]: the report names them.
  noteLeftOut(leftOut) {
    const files = leftOut.slice(0, MOST_NAMED);
    const more = leftOut.length - files.length;
    if (more) files.push({ name: "", reason: `${more.toLocaleString("en")} more files` });
    return requestJson(`${this.url}/left-out`, { method: "PUT", body: { files } });
  }

  start() {
    return requestJson(`${this.url}/start`, { method: "POST", body: {} });
  }

  // Without the files of which a part is missing and that nobody will hand in any more.
  async startWhole() {
    for (const { name, size_bytes: size, received_bytes: received } of await this.files()) {
      if (received < size) await this.removeFile(name);
    }
    return this.start();
  }

  discard() {
    return requestJson(this.url, { method: "DELETE" });
  }
}
