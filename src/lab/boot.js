// Hands the page to Rust once Trunk's own script has loaded the engine, and says so if that fails: until then there is no Rust to say it.
(() => {
  let started = false;
  const failed = (event) => {
    if (started) return;
    const reason = event.reason ?? event.error ?? event.message;
    const file = event.target?.src || event.target?.href;
    if (reason === undefined && !file) return;
    const why = file ? `${file} did not load.` : String(reason?.message ?? reason);
    const show = () => {
      document.getElementById('message-text').textContent = `The engine did not start: ${why} Reload the page to try again.`;
      const message = document.getElementById('message');
      message.dataset.code = 'not-loaded';
      message.hidden = false;
      document.getElementById('state').textContent = 'Not loaded';
    };
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', show, { once: true });
    else show();
  };
  addEventListener('error', failed, true);
  addEventListener('unhandledrejection', failed);
  addEventListener('TrunkApplicationStarted', () => {
    window.wasmBindings.lab_start();
    started = true;
  }, { once: true });
})();
