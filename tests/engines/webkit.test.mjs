import { engine } from '../support/engines/suite.mjs';

engine('webkit', { title: 'webkit with shared memory', sharedMemory: true }, (column) => {
  column('isolated: shared memory', { isolated: true, transport: 'shared' }, (it) => {
    it.plays();
    it.survives();
    it.recovers();
  });
  column('isolated, and messages asked for', { isolated: true, transport: 'message', forced: true }, (it) => {
    it.plays();
    it.survives();
    it.recovers();
  });
});

// As Debian delivers it. Isolated it is all the same: what cannot be shared is found out by trying.
engine('webkit', { title: 'webkit without shared memory' }, (column) => {
  column('isolated: messages', { isolated: true, transport: 'message' }, (it) => {
    it.plays();
    it.refuses();
    it.survives();
    it.recovers();
    it.lasts('idle');
    // Its messages to the worklet go by the page's thread, so that a buffer has to outlast what keeps that busy.
    it.tells('while the page is busy for 100 ms at a time', [2048, 12_288], { busy: 100 });
  });
});
