// Pictures fetched and decoded before they are shown, so that the next one is there at once.
const MOST_PIXELS = 64e6; // decoded they take four bytes each
const FEWEST = 4;

export class LabelPictures {
  #found = new Map(); // url -> {promise, bitmap}, the one used last at the end

  // The decoded picture, where it is there already.
  ready(url) {
    return this.#found.get(url)?.bitmap ?? null;
  }

  // The decoded picture; fetched once, however often it is asked for. A failure may be asked for again.
  load(url) {
    const met = this.#found.get(url);
    if (met) {
      this.#found.delete(url);
      this.#found.set(url, met);
      return met.promise;
    }
    const entry = { promise: decoded(url), bitmap: null };
    this.#found.set(url, entry);
    entry.promise.then(
      (bitmap) => {
        entry.bitmap = bitmap;
        this.#dropOld(url);
      },
      () => this.#found.delete(url),
    );
    return entry.promise;
  }

  #dropOld(newest) {
    const decodedOnes = [...this.#found].filter(([, { bitmap }]) => bitmap);
    let pixels = decodedOnes.reduce((sum, [, { bitmap }]) => sum + bitmap.width * bitmap.height, 0);
    let count = decodedOnes.length;
    for (const [url, { bitmap }] of decodedOnes) {
      if (pixels <= MOST_PIXELS || count <= FEWEST || url === newest) return;
      pixels -= bitmap.width * bitmap.height;
      count -= 1;
      this.#found.delete(url); // not closed: it may be on the screen
    }
  }
}

async function decoded(url) {
  let answer;
  try {
    answer = await fetch(url);
  } catch {
    throw new Error("The picture cannot be fetched; the server is out of reach.");
  }
  if (!answer.ok) throw new Error(`The picture cannot be fetched; the server answered ${answer.status}.`);
  return createImageBitmap(await answer.blob());
}
