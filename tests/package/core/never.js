// A module that never has come to its end.
await new Promise(() => {});

export function render() {}
