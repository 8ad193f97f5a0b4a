// Watches how the browser asks for sound, beside the output that is tested: an ordinary AudioWorklet that plays silence.
//
// Where the whole audio thread stood still, or asked for a long stretch at once, a ring runs empty in any transport. So each of the two is kept.

/** Quanta that come within so many ms belong to one burst. Date is the only clock here, and it counts whole ms. */
const APART_MS = 1.5;

class Device extends AudioWorkletProcessor {
  constructor() {
    super();
    this.begin();
    this.port.onmessage = () => {
      const { quanta, longestGapMs, longestBurst, bursts } = this;
      this.port.postMessage({ quanta, ms: this.last - this.first, longestGapMs, longestBurst, bursts, frame: currentFrame });
      this.begin();
    };
  }

  begin() {
    this.quanta = 0;
    this.bursts = 0;
    this.burst = 0;
    this.longestGapMs = 0;
    this.longestBurst = 0;
    this.first = this.last = Date.now();
  }

  process() {
    const now = Date.now();
    const gap = now - this.last;
    if (gap > APART_MS) {
      this.burst = 0;
      this.bursts += 1;
    }
    this.quanta += 1;
    this.burst += 1;
    this.longestGapMs = Math.max(this.longestGapMs, gap);
    this.longestBurst = Math.max(this.longestBurst, this.burst);
    this.last = now;
    return true;
  }
}

registerProcessor('device', Device);
