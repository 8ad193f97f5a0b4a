/** `noxrun/isolation`: shared memory on static hosts that cannot send headers, by a service worker. */

export interface IsolationOptions {
  /** Where the package's `isolation-worker.js` lies: in the folder of the page or above it. Relative to the page; `'isolation-worker.js'`. */
  url?: string | URL;
  /** `Cross-Origin-Embedder-Policy: credentialless`: foreign images and scripts load without CORP headers, and without cookies. WebKit does not know it and gets `require-corp`. */
  credentialless?: boolean;
}

/** What was reached. */
export type Isolation =
  | { state: 'isolated' }
  /** The page is about to load anew, once. */
  | { state: 'reloading' }
  | {
      state: 'unsupported';
      reason:
        | 'file-url'           // opened from a file
        | 'not-secure'         // neither https nor localhost
        | 'no-service-worker'  // the browser gives none
        | 'not-loaded'         // isolation-worker.js is missing, or may not be registered
        | 'scope'              // it lies in a folder that the page is not in
        | 'no-storage'         // localStorage is forbidden
        | 'no-effect';         // reloaded with the headers, and still not isolated
      /** What to do about it, for people. */
      message: string;
    };

/** Isolates the page, if it is not: registers the service worker and reloads the page, once at most. To be called before anything plays. Never rejects. */
export function isolate(options?: IsolationOptions): Promise<Isolation>;
/** Takes the service worker away again; whether there was one. */
export function removeIsolation(options?: IsolationOptions): Promise<boolean>;
