import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The file to give as NODE_EXTRA_CA_CERTS to whoever shall trust the doors. */
  readonly caFile: string;
}

const DAY_MILLISECONDS = 86_400_000;
const VALID_DAYS = 365;
const RENEW_DAYS = 30;

function isFresh(file: string): boolean {
  if (!existsSync(file)) return false;
  const { validTo } = new X509Certificate(readFileSync(file));
  return new Date(validTo).getTime() - Date.now() > RENEW_DAYS * DAY_MILLISECONDS;
}

function write(file: string, content: string, mode: number): void {
  writeFileSync(`${file}.draft`, content, { mode });
  renameSync(`${file}.draft`, file);
}

/** A CA that signs one certificate for the loopback and is then forgotten: its key is never stored. */
async function issue(): Promise<{ ca: string; cert: string; key: string }> {
  // Loading it takes 90 ms, which only the first run should pay.
  const { generate } = await import('selfsigned');
  const notAfterDate = new Date(Date.now() + VALID_DAYS * DAY_MILLISECONDS);
  const common = { keyType: 'ec', algorithm: 'sha256', notAfterDate } as const;
  const ca = await generate([{ name: 'commonName', value: 'Gatehouse local CA' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const altNames = [{ type: 2, value: 'localhost' } as const, { type: 7, ip: '127.0.0.1' } as const];
  const leaf = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { ca: ca.cert, cert: leaf.cert, key: leaf.private };
}

/** The doors' TLS certificate for localhost and 127.0.0.1, kept in `folder` and renewed in time. */
export async function loopbackCertificate(folder: string): Promise<Certificate> {
  const caFile = join(folder, 'ca.pem');
  const [certFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  if (!isFresh(certFile)) {
    mkdirSync(folder, { recursive: true });
    const { ca, cert, key } = await issue();
    write(caFile, ca, 0o644);
    write(keyFile, key, 0o600);
    write(certFile, cert, 0o644);
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), caFile };
}
