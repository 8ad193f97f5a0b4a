// Makes the scripts of the package noxrun-decode out of npm/decode and the glue that wasm-bindgen made: node ci/bundle-decode.mjs FOLDER VERSION GLUE

import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';

const [folder, version, glue] = process.argv.slice(2);

async function bundle(name, options) {
  const { outputFiles: [{ text }] } = await build({
    bundle: true, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none', minifySyntax: true, define: { NOXRUN_VERSION: JSON.stringify(version) }, write: false, logLevel: 'warning', ...options,
  });
  const { code } = await minify(text, { module: true, ecma: 2020, compress: { passes: 2 } });
  writeFileSync(path.join(folder, name), code);
}

// The other package is whatever the page has.
await bundle('index.js', { entryPoints: ['npm/decode/src/index.js'], external: ['noxrun'] });
// Without what looks for the module by itself: Noxrun's worker gives it one.
await bundle('decoder.js', { stdin: { contents: `export { initSync, play_file } from ${JSON.stringify(path.resolve(glue))};`, resolveDir: '.' } });
copyFileSync('npm/decode/types/index.d.ts', path.join(folder, 'index.d.ts'));
