// Watches how the browser asks for sound, beside the output that is tested: an ordinary AudioWorklet that plays silence.
//
// Where the whole audio thread stood still, or asked for a long stretch at once, a ring runs empty with any transport. So each of the two is kept.

/** Quanta that come within so many ms belong to one burst. Date is the only clock here, and counts whole ms. */
const TOGETHER_MS = 1;

class Device extends AudioWorkletProcessor {
  constructor() {
    super();
    this.begin();
    this.port.onmessage = () => {
      const { quanta, longestGapMs, longestBurst } = this;
      this.port.postMessage({ quanta, longestGapMs, longestBurst });
      this.begin();
    };
  }

  begin() {
    this.quanta = 0;
    this.burst = 0;
    this.longestBurst = 0;
    this.longestGapMs = 0;
    this.latest = Date.now();
  }

  process() {
    const now = Date.now();
    const gap = now - this.latest;
    this.latest = now;
    this.quanta += 1;
    this.burst = gap > TOGETHER_MS ? 1 : this.burst + 1;
    this.longestBurst = Math.max(this.longestBurst, this.burst);
    this.longestGapMs = Math.max(this.longestGapMs, gap);
    return true;
  }
}

registerProcessor('device', Device);
