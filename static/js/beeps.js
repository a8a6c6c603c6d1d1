// Short tones, for people who stand too far away to read the screen.

export class Beeps {
  constructor(isOn) {
    this.isOn = isOn;
    this.context = null;
  }

  // Browsers let a page sound only after a click; call this in one.
  wake() {
    this.context ??= new AudioContext();
    this.context.resume();
  }

  tick() {
    this.#tone(660, 0.09);
  }

  start() {
    this.#tone(990, 0.28);
  }

  end() {
    this.#tone(495, 0.28);
  }

  #tone(frequencyHz, seconds) {
    if (!this.isOn() || !this.context) return;
    const now = this.context.currentTime;
    const tone = new OscillatorNode(this.context, { frequency: frequencyHz });
    const volume = new GainNode(this.context, { gain: 0.18 });
    volume.gain.setTargetAtTime(0, now + seconds * 0.6, seconds * 0.12); // fades, so that it does not click
    tone.connect(volume).connect(this.context.destination);
    tone.start(now);
    tone.stop(now + seconds * 1.6);
  }
}
