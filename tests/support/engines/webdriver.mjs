// A WebDriver client, as far as these tests need one: the protocol is plain JSON over HTTP, the same in chromedriver, geckodriver and WebKitWebDriver.
// (selenium-webdriver does no more here, and would go looking for drivers to download.)

import { setTimeout as sleep } from 'node:timers/promises';

/** For a command, in ms, unless it says otherwise. Starting a browser on a busy machine takes longest. */
const PATIENCE = 60_000;

/** Runs in the page: calls `body` with all other arguments and hands its result, or what it throws, to the driver. Old enough in style for any driver's wrapper. */
const CALL = (body) => `
  const given = Array.prototype.slice.call(arguments);
  const done = given.pop();
  Promise.resolve()
    .then(() => (${body})(...given))
    .then((value) => done({ value: value === undefined ? null : value }), (error) => done({ name: error.name, code: error.code, message: error.message || String(error) }));`;

/** A command to a driver: what it answers with. What the driver refuses is thrown with the driver's own words. */
async function command(url, method, body, ms) {
  let response;
  try {
    response = await fetch(url, {
      method,
      // A request without a body must have none; one with a body wants an object, empty or not.
      ...(method === 'POST' ? { body: JSON.stringify(body ?? {}), headers: { 'Content-Type': 'application/json; charset=utf-8' } } : {}),
      signal: AbortSignal.timeout(ms),
    });
  } catch (error) {
    throw new Error(`${method} ${url}: ${error.cause?.message ?? error.message}`);
  }
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${url}: ${value?.error}: ${value?.message}`);
  return value;
}

/** Waits until the driver at `url` answers; `gone()` says that it has ended, and why. */
export async function ready(url, gone) {
  for (const patience = Date.now() + PATIENCE; ; await sleep(50)) {
    if (gone()) throw new Error(gone());
    const status = await command(`${url}/status`, 'GET', null, 2000).catch(() => null);
    if (status?.ready) return;
    if (Date.now() > patience) throw new Error(`The driver at ${url} does not answer.`);
  }
}

/** One browser with one window. */
export class Session {
  #url;

  /** Starts the browser that `capabilities` describe. */
  static async start(url, capabilities) {
    const session = new Session();
    const { sessionId, capabilities: got } = await command(`${url}/session`, 'POST', { capabilities: { alwaysMatch: capabilities } }, PATIENCE);
    session.#url = `${url}/session/${sessionId}`;
    session.browser = `${got.browserName} ${got.browserVersion}`;
    await session.#send('POST', 'timeouts', { script: PATIENCE, pageLoad: PATIENCE });
    return session;
  }

  #send(method, path, body, ms = PATIENCE) {
    return command(`${this.#url}/${path}`, method, body, ms);
  }

  /** Leaves what is open and opens `url`. */
  open(url) {
    return this.#send('POST', 'url', { url });
  }

  /** Calls a function in the page and waits for what it returns or resolves to. It sees nothing of the test but its arguments. */
  async run(body, ...args) {
    // The driver has to give up first: it knows more.
    const { value, ...error } = await this.#send('POST', 'execute/async', { script: CALL(body), args }, 1.5 * PATIENCE);
    if (error.message === undefined) return value;
    throw Object.assign(new Error(error.message), error);
  }

  /** Ends the browser. */
  async end() {
    await command(this.#url, 'DELETE', null, 10_000);
  }
}
