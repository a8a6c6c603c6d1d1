// Waiting that can be called off: every wait rejects with the signal's reason when it is aborted.

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

// The first event of this type that passes the check.
export function nextEvent(target, type, signal, passes = () => true) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const listen = (event) => {
      if (!passes(event)) return;
      target.removeEventListener(type, listen);
      resolve(event);
    };
    target.addEventListener(type, listen);
    signal?.addEventListener("abort", () => (target.removeEventListener(type, listen), reject(signal.reason)), { once: true });
  });
}
