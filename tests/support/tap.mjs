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
    /** `prepare(page)`: what is to be done before the page loads its scripts. */
    async open({ prepare = null } = {}) {
      const lab = await site.open();
      if (prepare) {
        await prepare(lab.page);
        await lab.page.reload();
        await lab.page.waitForSelector('body[data-phase="ready"]');
        // What the page that is gone was still loading.
        lab.complained.length = 0;
      }
      await lab.page.addScriptTag({ type: 'module', url: 'tap-page.mjs' });
      await lab.page.waitForFunction(() => window.tap);
      return lab;
    },
  };
}
