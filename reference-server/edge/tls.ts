import { webcrypto } from 'node:crypto';
import { origins } from '../../scenarios/operations.ts';

export interface Certificate {
  key: string;
  cert: string;
}

const day = 86_400_000;

/** A self-made certificate for development: ECDSA P-256, a month, for this machine and the origins of the analysis. */
export async function developmentCertificate(): Promise<Certificate> {
  // x509 finds its parts by decorators, which need this first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const crypto = webcrypto as unknown as Crypto;
  x509.cryptoProvider.set(crypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = ['localhost', ...Object.values(origins)];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=plumbline development',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 30 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension([...names.map((value) => ({ type: 'dns' as const, value })), { type: 'ip' as const, value: '127.0.0.1' }]),
      new x509.BasicConstraintsExtension(false),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, cert: certificate.toString('pem') };
}
