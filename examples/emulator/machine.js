// A toy machine with a picture and a sound chip, as an emulator has them. It knows nothing of Noxrun, and nothing of time but its own frames.

const WIDTH = 160;
const HEIGHT = 96;
const BALL = 8;

export class Machine {
  /** `framesPerSecond`: of its picture; the sound of one lasts that long, at `sampleRate`. */
  constructor(canvas, sampleRate, framesPerSecond = 60) {
    Object.assign(canvas, { width: WIDTH, height: HEIGHT });
    this.screen = canvas.getContext('2d');
    this.sampleRate = sampleRate;
    this.samplesPerFrame = sampleRate / framesPerSecond;
    this.owed = 0;
    this.x = 12;
    this.y = 30;
    this.dx = 1.5;
    this.dy = 1.25;
    this.hz = 220;
    this.level = 0;
    this.phase = 0;
  }

  /** Runs for one frame: draws it, and returns its sound, interleaved stereo: 735 frames at 44,100 Hz, 800 at 48,000. */
  frame() {
    this.move();
    this.draw();
    this.owed += this.samplesPerFrame;
    const count = Math.floor(this.owed);
    this.owed -= count;
    const samples = new Float32Array(2 * count);
    const right = this.x / WIDTH;
    for (let nth = 0; nth < count; nth += 1) {
      this.phase = (this.phase + this.hz / this.sampleRate) % 1;
      this.level *= 0.9998;
      const sample = this.phase < 0.5 ? this.level : -this.level;
      samples[2 * nth] = sample * (1 - right);
      samples[2 * nth + 1] = sample * right;
    }
    return samples;
  }

  move() {
    this.x += this.dx;
    this.y += this.dy;
    if (this.x <= 0 || this.x >= WIDTH - BALL) {
      this.dx = -this.dx;
      this.blip(330);
    }
    if (this.y <= 0 || this.y >= HEIGHT - BALL) {
      this.dy = -this.dy;
      this.blip(220);
    }
  }

  blip(hz) {
    this.hz = hz;
    this.level = 0.25;
  }

  draw() {
    this.screen.fillStyle = '#10202a';
    this.screen.fillRect(0, 0, WIDTH, HEIGHT);
    this.screen.fillStyle = this.level > 0.05 ? '#ffd166' : '#7fd0e6';
    this.screen.fillRect(Math.round(this.x), Math.round(this.y), BALL, BALL);
  }
}
