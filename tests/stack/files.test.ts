/** The stack's files as they are: what compose, promtool and one another take of them; of `full` this is all that can be checked without its images. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { tierServices as tiers } from '../../harness/stack/services.ts';
import { requireTool } from '../support/tools.ts';
import { dockerSays, hasContainers } from './containers.ts';
import { root } from './parts.ts';

const promtool = requireTool('promtool');

describe('the files of the stack', () => {
  const read = (file: string): unknown => parse(readFileSync(join(root, file), 'utf8'), { merge: true });

  interface Compose {
    services: Record<string, { image: string; ports?: string[]; profiles?: string[]; mem_limit?: string; healthcheck?: object; volumes?: string[] }>;
    volumes: Record<string, unknown>;
  }

  it('pin every image, bound the memory of every service, and publish on loopback alone', () => {
    const { services } = read('docker-compose.yml') as Compose;
    expect(Object.keys(services).sort()).toEqual(
      [...tiers, 'collector', 'collector-full', 'grafana', 'jaeger', 'k6', 'postgres', 'prometheus', 'redis', 'tempo'].sort(),
    );
    for (const [name, { image, ports = [], mem_limit: memory, profiles = [] }] of Object.entries(services)) {
      // Of Postgres the newest of a major: its data files fit all of them.
      expect(image, name).toMatch(/^[\w./-]+:(?:v?\d+\.\d+\.\d+|(?<=postgres:)15|(?<=redis:)7|\$\{STACK_SERVER_TAG:-local\})$/);
      expect(memory, name).toMatch(/^\d+[mg]$/);
      expect(profiles.length, name).toBeGreaterThan(0);
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\$\{STACK_\w+_PORT:-\d+\}:\d+$/);
    }
  });

  it('are taken by docker compose, in both profiles', { skip: !hasContainers([]) }, () => {
    const servicesIn = (...profiles: string[]): string[] => {
      const { code, text } = dockerSays('compose', ...profiles.flatMap((profile) => ['--profile', profile]), 'config', '--services');
      expect(code, text).toBe(0);
      return text.split('\n').sort();
    };
    expect(servicesIn('core')).toEqual([...tiers, 'collector', 'jaeger', 'prometheus'].sort());
    expect(servicesIn('full')).toEqual([...tiers, 'collector-full', 'grafana', 'prometheus', 'tempo'].sort());
    expect(servicesIn('core', 'k6')).toContain('k6');
    expect(servicesIn('core', 'postgres')).toContain('postgres');
    expect(servicesIn('core', 'redis')).toContain('redis');
  });

  it('are taken by promtool', { skip: !promtool }, () => {
    const { code, text } = dockerless(promtool as string, 'check', 'config', join(root, 'prometheus/prometheus.yml'));
    expect(code, text).toBe(0);
  });

  it('lead from an exemplar to its trace: label, data source and collector agree', () => {
    const { datasources } = read('grafana/provisioning/datasources/datasources.yaml') as {
      datasources: { uid: string; type: string; url: string; jsonData: { exemplarTraceIdDestinations?: { name: string; datasourceUid: string }[] } }[];
    };
    const [prometheus, tempo] = ['prometheus', 'tempo'].map((type) => datasources.find((source) => source.type === type));
    expect(prometheus?.jsonData.exemplarTraceIdDestinations).toMatchObject([{ name: 'trace_id', datasourceUid: tempo?.uid }]);
    const { server, distributor } = read('tempo/tempo.yaml') as {
      server: { http_listen_port: number };
      distributor: { receivers: { otlp: { protocols: { http: { endpoint: string } } } } };
    };
    expect(tempo?.url).toBe(`http://tempo:${server.http_listen_port}`);
    const { services } = read('docker-compose.yml') as { services: Record<string, { environment: Record<string, string> }> };
    const otlpPort = distributor.receivers.otlp.protocols.http.endpoint.split(':')[1];
    expect(services['collector-full']?.environment['COLLECTOR_TRACES_TO']).toBe(`http://tempo:${otlpPort}`);
  });
});

function dockerless(file: string, ...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}` };
}
