// Makes the package's scripts out of npm/src: node ci/bundle.mjs FOLDER VERSION. Each file stands alone, but that the elements share the page's index.js.

import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';

const [folder, version] = process.argv.slice(2);
const source = path.resolve('npm/src');

// What a page, a worker, the audio thread or a bundler loads by name. All else in npm/src is part of these.
const ENTRIES = ['index', 'worker', 'producer', 'processor', 'meter', 'player', 'player-producer', 'isolation', 'isolation-worker'];
// Loaded where no import is to be had, or as classic scripts.
const WITHOUT_EXPORTS = new Set(['processor', 'isolation-worker']);

/** An entry that imports the page's index.js, or the meter, finds it beside itself in the package too: the class of errors, the outputs and the element are there once. */
const shared = {
  name: 'shared',
  setup({ onResolve }) {
    onResolve({ filter: /(^|\/)(index|meter|worker)\.js$/ }, ({ path: asked, importer }) => {
      const found = path.resolve(path.dirname(importer), asked);
      const entry = path.basename(found);
      return importer !== '' && found === path.join(source, entry) ? { path: `./${entry}`, external: true } : undefined;
    });
  },
};

for (const entry of ENTRIES) {
  const bundled = await build({
    entryPoints: [path.join(source, `${entry}.js`)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    // Not its white space: the comments below would go with it.
    minifySyntax: true,
    // npm/package.json says which of the built files have effects, and not of these.
    ignoreAnnotations: true,
    define: { NOXRUN_VERSION: JSON.stringify(version) },
    plugins: [shared],
    write: false,
    logLevel: 'warning',
  });
  const [{ text }] = bundled.outputFiles;
  // Bundlers are told by comments to leave an import alone, and know files by `new URL('./file', import.meta.url)` as it is written.
  const { code } = await minify(text, { module: true, ecma: 2020, compress: { passes: 2 }, format: { comments: /webpackIgnore|@vite-ignore/ } });
  if (WITHOUT_EXPORTS.has(entry) && /\b(import|export)\b/.test(code)) throw new Error(`${entry}.js must neither import nor export`);
  writeFileSync(path.join(folder, `${entry}.js`), code);
}

// Types are written by hand.
for (const file of readdirSync('npm/types')) {
  if (file.endsWith('.d.ts')) copyFileSync(path.join('npm/types', file), path.join(folder, file));
}
