// Lets `Date` go faster in this thread: a process of a function, or an emulator. Timers stay as they are, for a process is
// no faster than it is; only what waits comes sooner.
module.exports = ({ rate, sinceMs }) => {
  if (rate === 1) return;
  const realNow = Date.now;
  const now = () => Math.floor(sinceMs + (realNow() - sinceMs) * rate);
  Date.now = now;
  globalThis.Date = new Proxy(Date, {
    construct: (real, values) => Reflect.construct(real, values.length === 0 ? [now()] : values),
    apply: (real) => new real(now()).toString(),
  });
};
