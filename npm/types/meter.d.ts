/** `noxrun/meter`: registers <noxrun-meter>. */
import type { Output } from './index.js';

/** Shows what an output's ring holds, what was lost and why, and how late the sound is. */
export class NoxrunMeter extends HTMLElement {
  /** The output to look at; goes before `for`. */
  output: Output | null;
  /** Attribute `for`: id of a <noxrun-player>, or of any element with a property `output`. */
  htmlFor: string;
  /** Between two looks, in ms: 16 to 10,000; 100. At least 1000 where a person wants less motion. */
  refresh: number;
  /** One line. */
  compact: boolean;
}

declare global {
  interface HTMLElementTagNameMap {
    'noxrun-meter': NoxrunMeter;
  }
}
