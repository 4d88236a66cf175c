import { readFileSync } from 'node:fs';
import { PERMISSIONS, ROLE_NAMES, ROLES } from '../../lambdas/shared/access/permissions';
import { tenantRoutes } from '../../lambdas/tenants/contract';

const PAGE = readFileSync('docs/identity/tenants.md', 'utf8');

const holds = (role: keyof typeof ROLES, permission: string) => ROLES[role].some((held: string) => held === permission);

test('the table of roles in the page is the one of the code', () => {
  const rows = PERMISSIONS.map(
    (permission) =>
      `| \`${permission}\` | ${ROLE_NAMES.map((role) => (holds(role, permission) ? 'yes' : '')).join(' | ')} |`,
  );
  const line = `| --- |${' --- |'.repeat(ROLE_NAMES.length)}`;
  const table = [`| permission | ${ROLE_NAMES.join(' | ')} |`, line, ...rows].join('\n');
  expect(PAGE).toContain(`\n${table}\n\n`);
});

test('every route is in the page with its permission', () => {
  const missing = Object.values(tenantRoutes)
    .map(({ method, path, permission }) => `| \`${method} ${path}\` | \`${permission}\` |`)
    .filter((row) => !PAGE.includes(row) && !row.includes('/check'));
  expect(missing).toEqual([]);
});
