// What the document does, and whether it rests.
function stateOf(quiet) {
  const watch = window[Symbol.for('banyan.watch')];
  const now = performance.now();
  const waiting = watch ? [...watch.asked.values()].some((began) => now - began < 15000) : false;
  const complete = document.readyState === 'complete';
  return {
    token: watch ? watch.token : '', count: watch ? watch.count : 0,
    rest: complete && !!watch && !watch.leaving && !waiting && now - watch.last >= quiet,
    url: location.href,
    broken: location.protocol === 'chrome-error:' ? (window.loadTimeDataRaw?.errorCode ?? 'the page could not be loaded') : null,
  };
}
