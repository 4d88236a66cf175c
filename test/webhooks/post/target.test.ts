import * as fc from 'fast-check';
import { faultInTarget, type TargetPolicy } from '../../../lambdas/webhooks/post/target';

const strict: TargetPolicy = { http: false, privateTargets: false, ports: [443, 8443] };
const NOT_PUBLIC = 'has an address that is not public';

test.each([
  'https://example.com',
  'https://example.com/',
  'https://example.com:443/hook',
  'https://example.com:8443/a/b?c=d&e=%2F',
  'https://example.com?x=1',
  'HTTPS://Example.COM/Hook',
  'https://bücher.example/',
  'https://xn--bcher-kva.example/',
  'https://8.8.8.8/hook',
  'https://[2606:4700::1111]/hook',
  'https://[2606:4700:0:0:0:0:0:1111]/hook',
  'https://a.b-c.example.com/@name',
  `https://example.com/${'a'.repeat(2028)}`,
])('%s may be delivered to', (url) => {
  expect(faultInTarget(url, strict)).toBeUndefined();
});

test.each([
  ['no TLS', 'http://example.com/', 'must begin with https://'],
  ['another scheme', 'ftp://example.com/', 'is not a valid URL'],
  ['a file', 'file:///etc/passwd', 'is not a valid URL'],
  ['no scheme', '//example.com/', 'is not a valid URL'],
  ['no host', 'https:///hook', 'is not a valid URL'],
  ['one slash', 'https:/example.com/', 'is not a valid URL'],
  ['backslashes', 'https:\\\\example.com\\', 'is not a valid URL'],
  ['a backslash before its path', 'https://example.com\\@127.0.0.1/', 'is not a valid URL'],
  ['a backslash in its path', 'https://example.com/a\\b', 'is not a valid URL'],
  ['a space', 'https://example.com/a b', 'is not a valid URL'],
  ['a space before it', ' https://example.com/', 'is not a valid URL'],
  ['a tab within its host', 'https://exam\tple.com/', 'is not a valid URL'],
  ['a line break', 'https://example.com/\r\nx-a: b', 'is not a valid URL'],
  ['a NUL', 'https://example.com/\0', 'is not a valid URL'],
  ['a login', 'https://user:secret@example.com/', 'holds a login'],
  ['a name of somebody', 'https://user@example.com/', 'holds a login'],
  ['an empty login', 'https://@example.com/', 'holds a login'],
  ['a host that is a login', 'https://example.com@127.0.0.1/', 'holds a login'],
  ['a fragment', 'https://example.com/#a', 'has a fragment, which is never sent'],
  ['an empty fragment', 'https://example.com/#', 'has a fragment, which is never sent'],
  ['an endless path', `https://example.com/${'a'.repeat(2029)}`, 'is longer than 2048 characters'],
  ['a port of another service', 'https://example.com:22/', 'has a port that is not one of 443, 8443'],
  ['a port of nothing', 'https://example.com:0/', 'has a port that is not one of 443, 8443'],
  ['no port that there is', 'https://example.com:99999/', 'is not a valid URL'],
  ['a dot after its host', 'https://example.com./', 'has a dot after its host'],
  ['a dot after its address', 'https://127.0.0.1./', 'spells the address 127.0.0.1 in an unusual way'],
  ['a decimal address', 'https://2130706433/', 'spells the address 127.0.0.1 in an unusual way'],
  ['an octal address', 'https://0177.0.0.1/', 'spells the address 127.0.0.1 in an unusual way'],
  ['a hexadecimal address', 'https://0x7f000001/', 'spells the address 127.0.0.1 in an unusual way'],
  ['a short address', 'https://127.1/', 'spells the address 127.0.0.1 in an unusual way'],
  ['a mixed address', 'https://0x7f.0.1/', 'spells the address 127.0.0.1 in an unusual way'],
  ['a public address spelled so', 'https://0x08080808/', 'spells the address 8.8.8.8 in an unusual way'],
  ['a percent-encoded address', 'https://%31%32%37.0.0.1/', 'spells the address 127.0.0.1 in an unusual way'],
  ['wide digits', 'https://１２７.0.0.1/', 'spells the address 127.0.0.1 in an unusual way'],
  ['circled digits', 'https://①②⑦.⓪.⓪.①/', 'spells the address 127.0.0.1 in an unusual way'],
  ['other dots', 'https://127。0。0。1/', 'spells the address 127.0.0.1 in an unusual way'],
  ['an address too large', 'https://256.1.1.1/', 'is not a valid URL'],
  ['the loopback', 'https://127.0.0.1/', NOT_PUBLIC],
  ['the loopback of IPv6', 'https://[::1]/', NOT_PUBLIC],
  ['no address', 'https://0.0.0.0/', NOT_PUBLIC],
  ['no address of IPv6', 'https://[::]/', NOT_PUBLIC],
  ['a private address', 'https://192.168.1.1/', NOT_PUBLIC],
  ['metadata', 'https://169.254.169.254/latest/', NOT_PUBLIC],
  ['metadata of IPv6', 'https://[fd00:ec2::254]/', NOT_PUBLIC],
  ['metadata by its name', 'https://metadata.google.internal/', NOT_PUBLIC],
  ['a mapped address', 'https://[::ffff:127.0.0.1]/', NOT_PUBLIC],
  ['a mapped public address', 'https://[::ffff:8.8.8.8]/', NOT_PUBLIC],
  ['a compatible address', 'https://[::8.8.8.8]/', NOT_PUBLIC],
  ['6to4', 'https://[2002:7f00:1::]/', NOT_PUBLIC],
  ['NAT64', 'https://[64:ff9b::8.8.8.8]/', NOT_PUBLIC],
  ['Teredo', 'https://[2001:0:4136:e378::1]/', NOT_PUBLIC],
  ['ISATAP', 'https://[2600::5efe:7f00:1]/', NOT_PUBLIC],
  ['a zone', 'https://[fe80::1%25eth0]/', 'is not a valid URL'],
  ['a zone, not encoded', 'https://[fe80::1%eth0]/', 'is not a valid URL'],
  ['localhost', 'https://localhost/', NOT_PUBLIC],
  ['localhost in other letters', 'https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/', NOT_PUBLIC],
  ['localhost with a soft hyphen', 'https://local\u00ADhost/', NOT_PUBLIC],
  ['a host of localhost', 'https://a.LOCALHOST/', NOT_PUBLIC],
  ['a name of the link', 'https://printer.local/', NOT_PUBLIC],
  ['a name of one network', 'https://vault.internal/', NOT_PUBLIC],
  ['a name without a dot', 'https://vault/', NOT_PUBLIC],
])('a URL with %s is refused: %s', (_, url, fault) => {
  expect(faultInTarget(url, strict)).toBe(fault);
});

test.each([
  ['http://127.0.0.1:4000/hook', { http: true, privateTargets: true, ports: 'any' }, undefined],
  ['http://localhost:4000/', { http: true, privateTargets: true, ports: 'any' }, undefined],
  ['http://[::1]:4000/', { http: true, privateTargets: true, ports: 'any' }, undefined],
  ['http://127.0.0.1/', { http: true, privateTargets: false, ports: 'any' }, NOT_PUBLIC],
  ['http://10.0.0.1/', { http: false, privateTargets: true, ports: 'any' }, 'must begin with https://'],
  ['http://example.com/', { http: true, privateTargets: false, ports: [80] }, undefined],
  ['https://example.com/', { http: true, privateTargets: false, ports: [80] }, 'has a port that is not one of 80'],
  ['http://2130706433/', { http: true, privateTargets: true, ports: 'any' }, expect.stringContaining('unusual')],
] satisfies [string, TargetPolicy, unknown][])('%s under %j', (url, policy, fault) => {
  expect(faultInTarget(url, policy)).toEqual(fault);
});

const radix = fc.constantFrom(8, 10, 16);
const spell = (value: number, base: number) => (base === 8 ? '0' : base === 16 ? '0x' : '') + value.toString(base);

test('an IPv4 address is taken in its usual spelling alone, and only a public one', () => {
  fc.assert(
    fc.property(fc.ipV4(), radix, fc.integer({ min: 1, max: 4 }), (address, base, count) => {
      const bytes = address.split('.').map(Number);
      const head = bytes.slice(0, count - 1);
      const rest = bytes.slice(count - 1).reduce((sum, byte) => sum * 256 + byte, 0);
      const spelled = [...head, rest].map((value) => spell(value, base)).join('.');
      const fault = faultInTarget(`https://${spelled}/`, strict);
      if (spelled !== address) expect(fault).toBe(`spells the address ${address} in an unusual way`);
      else expect([undefined, NOT_PUBLIC]).toContain(fault);
    }),
  );
});

test('whatever text comes, what passes is an https URL that says where it goes, in one way', () => {
  const part = fc.oneof(
    fc.constantFrom('https://', 'http://', '@', ':', '/', '\\', '#', '?', '.', '[', ']', '127.1', 'localhost', '%25'),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.domain(),
    fc.ipV4(),
    fc.ipV6(),
  );
  const url = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.oneof(
        url,
        url.map((text) => `https://${text}`),
        fc.webUrl(),
      ),
      (text) => {
        if (faultInTarget(text, strict) !== undefined) return;
        const { protocol, username, password, hash, hostname } = new URL(text);
        expect([protocol, username, password, hash]).toEqual(['https:', '', '', '']);
        expect(hostname).not.toMatch(/(^|\.)localhost$|\.$|^\d+$/);
        expect(faultInTarget(new URL(text).href, strict)).toBeUndefined();
      },
    ),
    { numRuns: 2000 },
  );
});
