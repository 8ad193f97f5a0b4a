import { createOutput } from 'noxrun';
import { playOn } from '../controls.js';

// `data`: strikes a minute.
playOn('#play', 'click', () => createOutput({ glue: { url: new URL('pkg/bells.js', import.meta.url), source: 'bells' }, data: 150 }));
