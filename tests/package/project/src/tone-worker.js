// The project's own worker: built by the builder, with what it imports. No top-level await: Vite makes workers into classic scripts unless told otherwise.
import { receiveOutput } from 'noxrun/worker';
import { tone } from './wave.js';

receiveOutput().then((producer) => producer.render(tone(producer.sampleRate)));
