// Outputs that are recorded frame by frame, driven through the JavaScript interface in the lab's page. What can be done there: tap-page.mjs, as `window.tap`.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FIXTURES, suite } from './suite.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** A suite whose server has the fixtures, what `extra` names, and the tap; `open()` gives a page with `window.tap`. */
export function tapSuite(extra = {}) {
  const routes = { ...extra };
  for (const name of ['tap-page.mjs', 'tap-worklet.js']) routes[`/${name}`] = path.join(here, name);
  for (const name of readdirSync(FIXTURES)) routes[`/fixtures/${name}`] = path.join(FIXTURES, name);
  const site = suite({ server: { routes } });
  return {
    async open() {
      const lab = await site.open();
      await lab.page.addScriptTag({ type: 'module', url: 'tap-page.mjs' });
      await lab.page.waitForFunction(() => window.tap);
      return lab;
    },
  };
}
