// Which runs somebody has chosen to compare: names by run id, kept for this tab over all lists and their pages.
export class ChosenRuns {
  #key;
  #runs = {}; // where the browser keeps nothing for us, for as long as the page lives

  constructor(account) {
    this.#key = `moveprint-runs-chosen-${account}`;
  }

  all() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? {};
    } catch {
      return this.#runs; // storage may be forbidden
    }
  }

  add(id, name) {
    this.#keep({ ...this.all(), [id]: name });
  }

  remove(id) {
    const { [id]: _, ...others } = this.all();
    this.#keep(others);
  }

  clear() {
    this.#keep({});
  }

  #keep(runs) {
    this.#runs = runs;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(runs));
    } catch {
      // as above
    }
  }
}
