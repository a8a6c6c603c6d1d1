// Labels that the server does not have yet, kept by this browser: they outlive a crash, a closed tab and a lost connection.
// One entry per sample: {sample_id, position, revision, label, submitted, kept_at}; submitted: its person had left the picture.
export class KeptLabels {
  #prefix;
  #memory = new Map(); // where storage is full or forbidden, for as long as the page lives

  constructor(userId, datasetId) {
    this.#prefix = `moveprint-label:${userId}:${datasetId}:`;
    this.durable = true;
  }

  keep(sample, label, submitted) {
    const entry = { sample_id: sample.sample_id, position: sample.position, revision: sample.revision, label, submitted, kept_at: new Date().toISOString() };
    this.#memory.set(sample.sample_id, entry);
    try {
      localStorage.setItem(this.#prefix + sample.sample_id, JSON.stringify(entry));
      this.durable = true;
    } catch {
      this.durable = false; // the page says so, and warns who leaves
    }
  }

  of(sampleId) {
    return this.#memory.get(sampleId) ?? this.#stored(this.#prefix + sampleId);
  }

  forget(sampleId) {
    this.#memory.delete(sampleId);
    try {
      localStorage.removeItem(this.#prefix + sampleId);
    } catch {
      this.durable = false;
    }
  }

  // Oldest first.
  all() {
    const found = new Map(this.#memory);
    for (const key of this.#keys()) {
      const entry = this.#stored(key);
      if (entry && !found.has(entry.sample_id)) found.set(entry.sample_id, entry);
    }
    return [...found.values()].sort((a, b) => (a.kept_at < b.kept_at ? -1 : 1));
  }

  #keys() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix));
    } catch {
      return [];
    }
  }

  #stored(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null; // damaged or out of reach: nothing that could be offered
    }
  }
}
