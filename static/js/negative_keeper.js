// Where movements go that are none of the actions: kept as they are, or the piece that was chosen of them.
import { requestJson } from "./api.js";
import { cutSequence } from "./sequences.js";

export class NegativeKeeper {
  // kindOf: everyday or resting, as the person has chosen.
  constructor(kindOf) {
    this.kindOf = kindOf;
  }

  ready() {
    return true;
  }

  // Nothing is trimmed: what hardly moves belongs to it as well.
  async check(sequence) {
    return { trim_start_s: 0, trim_end_s: sequence.times_s.at(-1), usable: true, warnings: [] };
  }

  async keep({ clientKey, sequence, startS, endS, models }) {
    const { detector, pose_model } = models;
    const body = { client_key: clientKey, sequence: cutSequence(sequence, startS, endS), source: this.kindOf(), detector, pose_model };
    const { negative_id: id } = await requestJson("/negatives/", { method: "POST", body });
    return {
      url: `/negatives/#negative-${id}`,
      label: "Look through all",
      remove: () => requestJson(`/negatives/${id}`, { method: "DELETE" }),
    };
  }
}
