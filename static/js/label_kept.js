// Labels that the server does not have yet, kept by this browser: they outlive a crash, a closed tab and a lost connection.
// One entry per sample: {sample_id, position, revision, label, submitted, kept_at}; submitted: its person had left the picture.
// In IndexedDB: what localStorage holds reaches the disk up to a minute later, too late where the whole browser is killed.
const DATABASE = "moveprint-labels";
const KEPT = "kept";

export class KeptLabels {
  #prefix;
  #entries = new Map(); // all of them; where storage is full or forbidden, for as long as the page lives
  #database = null;

  constructor(userId, datasetId) {
    this.#prefix = `${userId}:${datasetId}:`;
    this.durable = true;
  }

  // Fetch what is kept, before anything is asked of it.
  async open() {
    try {
      this.#database = await openDatabase();
      const mine = IDBKeyRange.bound(this.#prefix, `${this.#prefix}\uffff`);
      const found = await answerOf(this.#database.transaction(KEPT).objectStore(KEPT).getAll(mine));
      for (const entry of found) this.#entries.set(entry.sample_id, entry);
    } catch {
      this.durable = false; // the page says so, and warns who leaves
    }
  }

  keep(sample, label, submitted) {
    const entry = { sample_id: sample.sample_id, position: sample.position, revision: sample.revision, label, submitted, kept_at: new Date().toISOString() };
    this.#entries.set(entry.sample_id, entry);
    this.#write((kept) => kept.put(entry, this.#prefix + entry.sample_id));
  }

  of(sampleId) {
    return this.#entries.get(sampleId) ?? null;
  }

  forget(sampleId) {
    if (this.#entries.delete(sampleId)) this.#write((kept) => kept.delete(this.#prefix + sampleId));
  }

  // Oldest first.
  all() {
    return [...this.#entries.values()].sort((a, b) => (a.kept_at < b.kept_at ? -1 : 1));
  }

  #write(change) {
    if (!this.#database) return;
    try {
      const transaction = this.#database.transaction(KEPT, "readwrite");
      transaction.addEventListener("complete", () => (this.durable = true));
      transaction.addEventListener("abort", () => (this.durable = false));
      change(transaction.objectStore(KEPT));
      transaction.commit(); // by itself it would only do so later, and not at all where the page goes away before
    } catch {
      this.durable = false; // the browser has closed the database
    }
  }
}

function openDatabase() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(KEPT));
  return answerOf(opening);
}

function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
