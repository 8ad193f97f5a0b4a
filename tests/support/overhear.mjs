// What the page's workers write into the browser's Performance panel, told to the page as well.

/** Has each worker of a page that is loaded afterwards tell it what it measures, in `window.measured`: what performance.measure() returned, its `endMs` since the epoch, and how many entries the worker `kept`. */
export async function overhear(page) {
  await page.route('**/worklet/producer.js', async (route) => {
    const response = await route.fetch();
    const script = `
      const told = new BroadcastChannel('measured');
      const measure = performance.measure.bind(performance);
      performance.measure = (name, options) => {
        const { startTime, duration, detail } = measure(name, options);
        const endMs = performance.timeOrigin + startTime + duration;
        told.postMessage({ name, startTime, duration, detail, endMs, kept: performance.getEntriesByType('measure').length });
      };`;
    await route.fulfill({ response, body: script + (await response.text()) });
  });
  await page.addInitScript(() => {
    window.measured = [];
    window.overheard = new BroadcastChannel('measured');
    window.overheard.onmessage = ({ data }) => window.measured.push(data);
  });
}
