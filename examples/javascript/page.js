import { createOutput } from 'noxrun';
import { playOn } from '../controls.js';

const here = (file) => new URL(file, import.meta.url);

playOn('#callback', 'click', () => createOutput({ module: here('callback.js'), data: { hz: 440 } }));

playOn('#push', 'click', () => {
  // Your own worker stays when the output is closed; this one ends itself (push.js).
  const worker = new Worker(here('push.js'), { type: 'module' });
  return createOutput({ producer: worker, data: { hz: 550 } });
});

playOn('#stream', 'click', () => createOutput({ module: here('stream.js'), data: { hz: 660 } }));
