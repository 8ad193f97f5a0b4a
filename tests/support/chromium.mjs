import { chromium } from 'playwright-core';

// What a headless Chromium needs to play at once, also as root, without talking to anybody.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** What it does without. A second list replaces the first, so this one holds what playwright-core's own does that matters here as well. */
const FEATURES = [
  // Every window begins with two pages of the browser's own, some 400 files, for a list below an address bar that nobody sees: while they load, both cores are busy and sound begins late.
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxPopup',
  // Those of playwright-core 1.65, but for Windows and Edge.
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

/**
 * Starts the system's Chromium with a fresh profile.
 *
 * @param {object} [options]
 * @param {boolean} [options.audible] let the sound out: to the PulseAudio server that PULSE_SERVER names
 * @param {boolean} [options.autoplay] play without a gesture; yes unless told otherwise
 * @param {string[]} [options.args] further flags
 * @param {string[]} [options.without] flags of playwright-core's own that are left out
 */
export function launch({ audible = false, autoplay = true, args = [], without = [] } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...FLAGS.filter((flag) => autoplay || !flag.startsWith('--autoplay-policy')), `--disable-features=${FEATURES}`, ...args],
    ignoreDefaultArgs: [...without, ...(audible ? ['--mute-audio'] : [])],
  });
}

/** Collects what a page complains about: uncaught errors, failed requests, console errors. A test ends by expecting none. */
export function complaints(page) {
  const list = [];
  page.on('pageerror', (error) => list.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => list.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('console', (message) => {
    if (message.type() === 'error') list.push(`console: ${message.text()}`);
  });
  return list;
}
