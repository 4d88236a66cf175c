// Ends the processes that the host started, once the host is gone: however it went, and however busy they are.
// The host writes `watch <pid> <signal>` and `forget <pid>` lines; the end of the pipe is the end of the host.
const { createInterface } = require('node:readline');

const KILL_AFTER_MS = 3000;
const POLL_MS = 50;
const signals = new Map();

/** Whether the process was there to get the signal (0 only asks). */
const send = (pid, signal) => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};

const endAll = () => {
  for (const [pid, signal] of signals) send(pid, signal);
  const started = Date.now();
  const poll = setInterval(() => {
    const left = [...signals.keys()].filter((pid) => send(pid, 0));
    const late = Date.now() - started > KILL_AFTER_MS;
    if (late) for (const pid of left) send(pid, 'SIGKILL');
    // Not until none is left: where nobody collects the dead, a killed process answers signal 0 for ever.
    if (late || left.length === 0) clearInterval(poll);
  }, POLL_MS);
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, pid, signal] = line.split(' ');
    if (verb === 'watch') signals.set(Number(pid), signal);
    else signals.delete(Number(pid));
  })
  .on('close', endAll);
