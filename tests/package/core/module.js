// A module for Noxrun's own worker.

export default async function play(producer, data = {}) {
  let left = data.loseAfter ?? Infinity;
  await producer.render((block, { channels, frames }) => {
    left -= frames;
    if (left < 0) {
      if (data.how === 'hang') for (;;);
      throw new Error('the module broke');
    }
    for (let frame = 0; frame < frames; frame += 1) block.fill(Math.sin(frame / 10) / 4, frame * channels, (frame + 1) * channels);
  });
}
