// Plays a WAV file while it is being fetched.
import { wavSamples } from './wav.js';

export default async function (producer, { url }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  await response.body.pipeThrough(wavSamples(producer)).pipeTo(producer.stream());
}
