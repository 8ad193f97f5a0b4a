// One worker for two outputs, both of which it asks for at once, and a third time in vain.

import { receiveOutput } from '/noxrun/worker.js';

const order = [];
const serve = async (asked) => {
  const producer = await asked;
  order.push(producer.data);
  producer.render((block) => { block.fill(producer.data); });
};
const given = new AbortController();
const first = receiveOutput();
const givenUp = receiveOutput({ signal: given.signal }).then(() => 'came', ({ message }) => message);
const second = receiveOutput();
given.abort(new Error('not any more'));
serve(first);
serve(second);
addEventListener('message', async ({ data }) => {
  if (data === 'told') postMessage({ order, givenUp: await givenUp });
});
