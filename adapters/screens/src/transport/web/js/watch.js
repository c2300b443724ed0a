// Counts what happens in a document, from its start: put there before the page's own scripts run.
(() => {
  const key = Symbol.for('banyan.watch');
  if (window !== window.top || window[key]) return;
  const watch = {
    token: Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-'),
    count: 0,                 // changes so far
    last: performance.now(),  // of the last change or input
    leaving: false,           // a navigation began; the document that shows is about to go
    asked: new Map(),         // requests without an answer: when they began
  };
  Object.defineProperty(window, key, { value: watch });
  const touched = () => { watch.count += 1; watch.last = performance.now(); };
  const used = () => { watch.last = performance.now(); };
  new MutationObserver(touched).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  document.addEventListener('readystatechange', touched, true);
  for (const name of ['load', 'pageshow', 'popstate', 'hashchange']) window.addEventListener(name, touched, true);
  for (const name of ['click', 'keydown', 'keyup', 'input', 'change', 'submit']) window.addEventListener(name, used, true);
  window.addEventListener('beforeunload', () => { watch.leaving = true; }, true);

  let number = 0;
  const ask = () => { const n = ++number; watch.asked.set(n, performance.now()); used(); return () => { watch.asked.delete(n); used(); }; };
  const fetched = window.fetch;
  if (typeof fetched === 'function') {
    window.fetch = function (...given) {
      const done = ask();
      try {
        const promise = fetched.apply(this, given);
        promise.then(done, done);
        return promise;
      } catch (error) { done(); throw error; }
    };
  }
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...given) {
    const done = ask();
    this.addEventListener('loadend', done, { once: true });
    try { return send.apply(this, given); } catch (error) { done(); throw error; }
  };
})();
