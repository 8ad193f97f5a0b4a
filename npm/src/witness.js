// What only the page sees, and a loss may come of: long tasks, whether it is shown, whether it was frozen. One witness for all outputs of a page.

const LONG_TASK = 0;
const HIDDEN = 1;

const books = new Set();
let observer = null;
let hiddenSince = null;
let frozenSince = null;
let frozen = [0, 0];

const epoch = (at) => performance.timeOrigin + at;

function longTasks(entries) {
  for (const { startTime, duration } of entries) {
    for (const book of books) book.saw(LONG_TASK, epoch(startTime), duration);
  }
}

function tellHidden() {
  if (hiddenSince === null) return;
  for (const book of books) book.saw(HIDDEN, epoch(hiddenSince), performance.now() - hiddenSince);
}

function shown() {
  if (document.hidden) {
    hiddenSince ??= performance.now();
  } else {
    tellHidden();
    hiddenSince = null;
  }
}

// Page Lifecycle: <https://wicg.github.io/page-lifecycle/>; and the back-forward cache, everywhere.
const freeze = () => { frozenSince ??= performance.now(); };
function thaw() {
  if (frozenSince !== null) frozen = [frozenSince, performance.now()];
  frozenSince = null;
}
const hide = (event) => { if (event.persisted) freeze(); };

const EARS = [
  [() => document, 'visibilitychange', shown],
  [() => document, 'freeze', freeze],
  [() => document, 'resume', thaw],
  [() => window, 'pagehide', hide],
  [() => window, 'pageshow', thaw],
];

/** Tells `book` from now on. */
export function watch(book) {
  if (books.size === 0) {
    for (const [target, event, hear] of EARS) target().addEventListener(event, hear);
    shown();
    if (globalThis.PerformanceObserver?.supportedEntryTypes?.includes('longtask')) {
      observer = new PerformanceObserver((list) => longTasks(list.getEntries()));
      observer.observe({ entryTypes: ['longtask'] });
    }
  }
  books.add(book);
  // That they are watched.
  if (observer !== null) book.saw(LONG_TASK, epoch(performance.now()), 0);
}

export function unwatch(book) {
  books.delete(book);
  if (books.size > 0) return;
  for (const [target, event, hear] of EARS) target().removeEventListener(event, hear);
  observer?.disconnect();
  observer = null;
  hiddenSince = null;
}

/** Tells what is known and was not told yet. */
export function tellAll() {
  if (observer !== null) longTasks(observer.takeRecords());
  tellHidden();
}

/** Whether the page is hidden, and from when until when it was last frozen, by its clock. */
export const seen = () => ({ hidden: hiddenSince !== null, frozen });
