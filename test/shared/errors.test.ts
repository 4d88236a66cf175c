import { ERROR_CODES, ERRORS, isErrorCode, problem, Refusal } from '../../lambdas/shared/errors';

test.each(ERROR_CODES)('%s has an error status, a title and a word on what to do', (code) => {
  const { status, title, help } = ERRORS[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect([title, help].map((sentence) => sentence.length > 10)).toEqual([true, true]);
});

test.each(['constructor', '__proto__', 'toString', ''])('%j is no error code', (code) => {
  expect(isErrorCode(code)).toBe(false);
});

test('a problem shows detail and extensions, and never the cause', () => {
  const refusal = new Refusal('conflict', 'was changed', { extensions: { etag: '2' }, cause: new Error('row 7') });
  expect(problem(refusal, 'id-1')).toEqual({
    type: '/problems/conflict',
    title: ERRORS.conflict.title,
    status: 409,
    code: 'conflict',
    detail: 'was changed',
    requestId: 'id-1',
    etag: '2',
  });
});
