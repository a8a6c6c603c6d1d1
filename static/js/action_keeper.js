// Where takes go: to the action of the name that the person has typed.
import { checkTake, keepTake, nameAction, removeTake } from "./api.js";

export class ActionKeeper {
  // nameOf: the name as the person has it now; without one it asks for it and answers "".
  constructor(nameOf) {
    this.nameOf = nameOf;
  }

  ready() {
    return Boolean(this.nameOf());
  }

  // Where the movement begins and ends, and what is to be said of it.
  check(sequence) {
    return checkTake(sequence);
  }

  // Keep the piece from startS to endS; answers where it can be seen and how it is removed again.
  async keep({ clientKey, sequence, startS, endS, source, models }) {
    const action = await nameAction(this.nameOf());
    const { detector, pose_model } = models;
    const kept = await keepTake(action.action_id, { client_key: clientKey, sequence, trim_start_s: startS, trim_end_s: endS, source, detector, pose_model });
    return {
      url: `/actions/${action.action_id}`,
      label: `Open ${action.name}`,
      remove: () => removeTake(action.action_id, kept.take_id),
    };
  }
}
