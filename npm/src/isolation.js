// For static hosts that cannot send headers: registers the service worker that adds them, and reloads the page once, so that it comes with them.

const FILE = 'isolation-worker.js';
// Before the path of a page that has reloaded itself, as long as that has not helped; the value is the service worker's address. In localStorage: what an isolated page takes out of sessionStorage, the same tab
// still sees once it is not isolated any more (Chromium: after a reload past the service worker).
const RELOADED = 'noxrun-isolation:';

let asked = null;

/** See isolation.d.ts. */
export function isolate(options = {}) {
  return (asked ??= reach(options));
}

async function reach(options) {
  let script;
  try {
    script = address(options);
  } catch {
    return unsupported('not-loaded', `\`url\` is ${String(options.url)}, which is no address.`);
  }
  if (globalThis.crossOriginIsolated) {
    mark(null);
    // An earlier visit may have been with the other choice; what is put right now is there once the site's last tab was closed.
    const controller = ours();
    if (controller && controller.scriptURL !== script.href) await navigator.serviceWorker.register(script).catch(() => {});
    return { state: 'isolated' };
  }
  if (location.protocol === 'file:') return unsupported('file-url', 'The page was opened from a file, and service workers are for pages that a server sends. Serve the folder, for instance with: npx serve');
  if (!globalThis.isSecureContext) return unsupported('not-secure', `Service workers want a secure address: https, or http on localhost. This page comes from ${location.origin}.`);
  if (!navigator.serviceWorker) return unsupported('no-service-worker', 'This browser gives the page no service workers (some do not in private windows).');

  // A newer one will take over this page too, as soon as it is active.
  const came = navigator.serviceWorker.controller?.scriptURL;
  let registration;
  try {
    registration = await navigator.serviceWorker.register(script);
    await activated(registration);
  } catch (error) {
    return unsupported('not-loaded', `${script.href} could not be made the page's service worker. Copy ${FILE} from the package into the folder of the page (or above it), or name it with \`url\`: ${error.message}`);
  }
  if (!location.href.startsWith(registration.scope)) {
    return unsupported('scope', `A service worker at ${script.href} serves pages below ${registration.scope} only, and this page is not. Copy ${FILE} into the folder of the page, or above it.`);
  }
  // Either it has come through this very service worker, or it should have.
  if (came === script.href || mark() === script.href) {
    return unsupported('no-effect', 'The page was reloaded with the headers and is not isolated: it is in the frame of a page that is not, or this browser does not isolate pages.');
  }
  // Without a mark that outlives the page it could go on reloading for ever.
  if (!mark(script.href)) return unsupported('no-storage', 'The page may not keep anything in localStorage, and without that it could not tell whether it has been reloaded already.');
  location.reload();
  return { state: 'reloading' };
}

/** Takes the service worker away again; pages have no more headers of it from their next load on. */
export async function removeIsolation(options = {}) {
  mark(null);
  asked = null;
  const registration = await navigator.serviceWorker?.getRegistration(address(options));
  return registration && isOurs(registration.active) ? registration.unregister() : false;
}

/** Beside the page by default, not beside this script: a service worker serves the pages of its own folder and below. */
function address({ url = FILE, credentialless = false }) {
  const script = new URL(url, document.baseURI);
  // No WebKit knows the word, and it would take it for no policy at all. All browsers of that engine, and no others, name its maker here.
  if (credentialless && !navigator.vendor.startsWith('Apple')) script.searchParams.set('coep', 'credentialless');
  return script;
}

function ours() {
  const controller = navigator.serviceWorker?.controller;
  return isOurs(controller) ? controller : null;
}

function isOurs(worker) {
  return Boolean(worker && new URL(worker.scriptURL).pathname.endsWith(`/${FILE}`));
}

function activated({ installing, waiting, active }) {
  const worker = installing ?? waiting ?? active;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === 'activated') resolve();
      else if (worker.state === 'installed') worker.postMessage('noxrun-activate');
      else if (worker.state === 'redundant') reject(new Error('the browser has dropped it again'));
    };
    worker.addEventListener('statechange', look);
    look();
  });
}

/** This page's mark; set to `value` where one is given (null takes it away), and then whether that was done. */
function mark(value) {
  const key = RELOADED + location.pathname;
  try {
    if (value === undefined) return localStorage.getItem(key);
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
    return true;
  } catch {
    return value === undefined ? null : false;
  }
}

function unsupported(reason, message) {
  return { state: 'unsupported', reason, message };
}
