// A service worker for hosts that cannot send headers: gives this site's documents, and the scripts of their workers, the headers that let a page share memory.
//
// Nothing else goes through it. What comes from the page's own origin needs no header to be loaded by it, and what comes from others cannot be given
// one here (such responses are opaque); so requests for parts of files, from caches only, or to send something are left to the browser, which then also
// drops the credentials of foreign ones by itself where `credentialless` asks for that.

// Said in this script's own address, so that another choice is another worker.
const EMBEDDER = new URL(location.href).searchParams.get('coep') === 'credentialless' ? 'credentialless' : 'require-corp';

const FRAMES = new Set(['document', 'iframe', 'frame', 'embed', 'object']);
const WORKERS = new Set(['worker', 'sharedworker']);
// A response of these must have no body, not even an empty one.
const BODILESS = new Set([101, 103, 204, 205, 304]);

// A page that is about to reload itself asks for it, or an older worker would answer that. Not otherwise: Chromium has let pages hang that were being loaded as their worker
// was replaced, so a newer one waits until the site's last tab is closed.
addEventListener('message', ({ data }) => {
  if (data === 'noxrun-activate') skipWaiting();
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const framed = request.mode === 'navigate' || FRAMES.has(request.destination);
  if (!framed && !WORKERS.has(request.destination)) return;
  if (new URL(request.url).origin !== location.origin) return;
  // Developer tools ask like this for what is in the cache; fetch() would throw.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  event.respondWith(isolated(request, framed));
});

async function isolated(request, framed) {
  const response = await fetch(request);
  // Redirects of documents stay opaque, and the browser follows them: what they lead to comes by here again. Nothing can be added to them.
  if (response.type.startsWith('opaque') || response.type === 'error') return response;
  // A worker's script would take the address that was asked for as its own, and look for what it imports there.
  if (response.redirected) return Response.redirect(response.url, 302);
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Embedder-Policy', EMBEDDER);
  if (framed) headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  if (!headers.has('Cross-Origin-Resource-Policy')) headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(BODILESS.has(response.status) ? null : response.body, { status: response.status, statusText: response.statusText, headers });
}
