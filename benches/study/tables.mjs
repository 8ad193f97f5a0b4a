export function print(results) { console.log(JSON.stringify(results.problems, null, 1)); }
