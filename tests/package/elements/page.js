// What the tests in tests/package/elements.test.mjs drive. ?from=FOLDER: where the package lies.

import { FakeOutput, FakePlayback } from './fake.js';

const from = new URLSearchParams(location.search).get('from');
const [meter, player] = await Promise.all([import(`${from}meter.js`), import(`${from}player.js`)]);

window.t = {
  meter,
  player,
  FakeOutput,
  FakePlayback,
  main: document.getElementById('main'),
  /** An element from markup, as a page has it. */
  add(markup) {
    this.main.insertAdjacentHTML('beforeend', markup);
    return this.main.lastElementChild;
  },
  /** A player whose playback is a fake; `window.t.playback` is the latest one. */
  addPlayer(markup, prepare = () => {}) {
    const place = document.createElement('template');
    place.innerHTML = markup;
    const element = document.importNode(place.content, true).firstElementChild;
    element.createPlayback = async (request) => (this.playback = new FakePlayback(request));
    prepare(element);
    this.main.append(element);
    return element;
  },
};
document.documentElement.dataset.ready = '';
