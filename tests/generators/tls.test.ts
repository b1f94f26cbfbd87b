/** TLS, and which protocol each generator speaks over it. */
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autocannonDriver } from '../../harness/drive/autocannon/driver.ts';
import { k6Driver } from '../../harness/drive/k6/driver.ts';
import { developmentCertificate } from '../../reference-server/edge/tls.ts';
import { requireTool } from '../support/tools.ts';
import { drive, getStep, scenarioOf } from './legs.ts';

const k6Path = requireTool('k6');
const scenario = scenarioOf([], {
  origins: { app: 'app.example' },
  load: { kind: 'closed', vus: 1 },
  journeys: [
    {
      name: 'page',
      steps: [getStep('document', '/'), ...Array.from({ length: 50 }, (_, index) => getStep(`asset-${index}`, `/asset/${index}`, { after: ['document'] }))],
    },
  ],
});

describe('over TLS', () => {
  let url: string;
  let close: () => void;
  const seen: { version: string; authority: string | undefined }[] = [];
  beforeAll(async () => {
    const server = createSecureServer({ ...(await developmentCertificate()), allowHTTP1: true }, (request, response) => {
      seen.push({ version: request.httpVersion, authority: request.authority ?? request.headers.host });
      setTimeout(() => response.end('{}'), 50);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => server.close();
  });
  afterAll(() => close());

  it.skipIf(k6Path === undefined)('k6 speaks HTTP/2 where the plan says so, the whole fan-out on one connection', async () => {
    seen.length = 0;
    const { requests, report } = await drive(k6Driver({ k6Path: k6Path ?? '' }), scenario, url, {
      plan: { target: { url, protocol: 'h2', insecureTls: true } },
    });
    expect(requests.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(new Set(requests.map(({ protocol }) => protocol))).toEqual(new Set(['h2']));
    expect(new Set(seen.map(({ version, authority }) => `${version} ${authority}`))).toEqual(new Set(['2.0 app.example']));
    expect(Object.values(report.connectionsOpened ?? {})).toEqual([1]);
    const fan = requests.filter(({ journeyId, step }) => journeyId === 0 && step !== 'document');
    // 50 at once, not 20 and not 6.
    expect(Math.max(...fan.map(({ sentAtMs }) => sentAtMs ?? 0)) - Math.min(...fan.map(({ sentAtMs }) => sentAtMs ?? 0))).toBeLessThan(45);
  });

  it.skipIf(k6Path === undefined)('k6 keeps to HTTP/1.1 where the plan says so, and 6 connections for one origin', async () => {
    seen.length = 0;
    const { requests, report } = await drive(k6Driver({ k6Path: k6Path ?? '' }), scenario, url, {
      plan: { target: { url, protocol: 'http/1.1', insecureTls: true } },
    });
    expect(new Set(requests.map(({ protocol }) => protocol))).toEqual(new Set(['http/1.1']));
    expect(new Set(seen.map(({ version }) => version))).toEqual(new Set(['1.1']));
    expect(Object.values(report.connectionsOpened ?? {})).toEqual([6]);
    expect(requests.find(({ step }) => step === 'document')?.connectMs).toBeGreaterThan(0);
  });

  it.skipIf(k6Path === undefined)('k6 checks the certificate unless the plan says otherwise', async () => {
    const { requests } = await drive(
      k6Driver({ k6Path: k6Path ?? '' }),
      scenarioOf([getStep('read', '/')], { durationMs: 1_000, load: { kind: 'constant', ratePerSecond: 3 } }),
      url,
      {
        plan: { target: { url, protocol: 'h2', insecureTls: false } },
      },
    );
    expect(requests.length).toBeGreaterThan(0);
    for (const sample of requests) expect(sample).toMatchObject({ outcome: 'failed', error: expect.stringMatching(/x509|certificate/) });
  });

  it('autocannon speaks HTTP/1.1', async () => {
    const { requests } = await drive(autocannonDriver, scenario, url, { plan: { target: { url, protocol: 'http/1.1', insecureTls: true } } });
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.filter(({ outcome, protocol }) => outcome !== 'ok' || protocol !== 'http/1.1')).toEqual([]);
  });
});
