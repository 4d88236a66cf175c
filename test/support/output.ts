import { loadTools } from '../../lambdas/shared/telemetry';

/** Holds back what the process writes to its standard output and error while a test runs, and gives it to the test. */
export function captureOutput(): { readonly text: () => string; readonly lines: () => readonly string[] } {
  let written: string[] = [];
  const keep = (chunk: string | Uint8Array) => {
    written.push(chunk.toString());
    return true;
  };
  // Once it is loaded, each line is written at once: a test may look for one that must not be there.
  beforeAll(loadTools);
  beforeEach(() => {
    written = [];
    jest.spyOn(process.stdout, 'write').mockImplementation(keep);
    jest.spyOn(process.stderr, 'write').mockImplementation(keep);
  });
  afterEach(() => jest.restoreAllMocks());
  const text = () => written.join('');
  return { text, lines: () => text().split('\n').filter(Boolean) };
}
