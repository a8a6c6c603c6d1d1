// Losses, PCK@0.2 and learning rate over the epochs of a run, growing while it goes on.
import { find } from "./elements.js";
import { lines, numbersTable } from "./plots.js";

const MOST_ROWS = 400; // of the table; the file history.csv has them all

export class RunCurves {
  #epochs = new Map();
  #root;
  #plots;

  constructor(root) {
    this.#root = root;
    const place = (name) => find(root, `[data-plot="${name}"]`);
    this.#plots = {
      loss: lines(place("loss"), { label: "Loss of training and validation by epoch", xTitle: "epoch" }),
      pck: lines(place("pck"), { label: "PCK@0.2 of training and validation by epoch, in percent", xTitle: "epoch", most: 100 }),
      rate: lines(place("rate"), { label: "Learning rate by epoch, on a logarithmic axis", xTitle: "epoch", logarithmic: true }),
    };
  }

  // An epoch that is told again, as after a crash, replaces what was known of it.
  add(epochs, bestEpoch) {
    if (!epochs.length) return;
    for (const epoch of epochs) this.#epochs.set(epoch.epoch, epoch);
    this.#root.hidden = false;
    const all = [...this.#epochs.values()].sort((one, other) => one.epoch - other.epoch);
    const points = (key, factor = 1) => all.map((epoch) => ({ x: epoch.epoch, y: factor * epoch[key] }));
    const best = this.#epochs.get(bestEpoch);
    const both = (train, validation, factor) => [
      { name: "training", points: points(train, factor), dashed: true, colour: 1 },
      { name: "validation", points: points(validation, factor), colour: 0 },
      { name: "kept", points: best ? [{ x: best.epoch, y: (factor ?? 1) * best[validation] }] : [], colour: 4, dots: true },
    ];
    this.#plots.loss(both("train_loss", "val_loss"));
    this.#plots.pck(both("train_pck", "pck", 100));
    this.#plots.rate([{ name: "learning rate", points: points("learning_rate"), colour: 3 }]);
    this.#showNumbers(all.slice(-MOST_ROWS));
  }

  #showNumbers(all) {
    const place = find(this.#root, "[data-numbers]");
    const open = place.querySelector("details")?.open ?? false;
    const heads = ["epoch", "training loss", "validation loss", "training PCK, %", "validation PCK, %", "learning rate", "seconds"];
    const row = (one) => [String(one.epoch), one.train_loss, one.val_loss, 100 * one.train_pck, 100 * one.pck, one.learning_rate, one.seconds];
    if (open) return; // whoever reads it is not disturbed
    place.replaceChildren(numbersTable("The curves in numbers", heads, all.toReversed().map(row)));
  }
}
