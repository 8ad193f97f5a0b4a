/** The shortest module: a function. */
export function render(block) {
  block.fill(0.1);
}
