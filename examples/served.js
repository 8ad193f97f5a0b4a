// A classic script: opened from a file no module loads, and nothing else could say so.
if (location.protocol === 'file:') {
  addEventListener('DOMContentLoaded', () => {
    const note = document.createElement('p');
    note.setAttribute('role', 'alert');
    note.textContent = 'This page was opened from a file, from which browsers load neither modules nor workers. Build the examples with ci/build-examples, serve them with ci/serve-examples, and open the http address.';
    document.querySelector('h1').after(note);
  });
}
