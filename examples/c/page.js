import { createOutput } from 'noxrun';
import { playOn } from '../controls.js';

playOn('#play', 'click', () => createOutput({ module: new URL('sound.js', import.meta.url) }));
