import { launch, complaints } from './support/chromium.mjs';
import { serve } from './support/server.mjs';
import { writeFileSync } from 'node:fs';
const site = await serve('/tmp/site-full');
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(0);
const c = complaints(page);
await page.goto(site.url);
await page.waitForSelector('body[data-phase="ready"]');
await page.waitForTimeout(500);
await page.evaluate(() => { window.full = window.noxrun.compare({ mode: 'full' }).then((r) => { window.fullDone = r; }, (e) => { window.fullDone = { error: e.message }; }); });
for (;;) { await new Promise((r) => setTimeout(r, 5000)); if (await page.evaluate(() => Boolean(window.fullDone))) break; }
const r = await page.evaluate(() => window.fullDone);
writeFileSync('/tmp/full.json', JSON.stringify(r));
console.log(r.error ?? '', r.tookSeconds, r.imbalanceFrames, r.complete, r.cells?.length, r.cells?.filter((x) => x.notRun || x.failures.length).map((x) => [x.label, x.notRun, x.failures]));
console.log(c, page.workers().length);
await browser.close(); await site.close();
