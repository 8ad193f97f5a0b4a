/** What can be resolved from outside. */
export function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  // Whoever does not ask is not told.
  parts.promise.catch(() => {});
  return parts;
}
