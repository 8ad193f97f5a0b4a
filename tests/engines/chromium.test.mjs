import { engine } from '../support/engines/suite.mjs';

engine('chromium', {}, (column) => {
  column('isolated: shared memory', { isolated: true, transport: 'shared' }, (it) => {
    it.plays();
    it.survives();
    it.recovers();
  });
  column('not isolated: messages', { isolated: false, transport: 'message' }, (it) => {
    it.plays();
    it.refuses();
    it.survives();
    it.recovers();
    it.lasts('idle');
    it.lasts('while the page is busy for 100 ms at a time', { busy: 100 });
  });
});
