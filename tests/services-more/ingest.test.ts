import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../scenarios/types.ts';
import { type Client, jsonOf, startClient } from './client.ts';

let client: Client;
beforeAll(async () => {
  client = await startClient('instant');
});
afterAll(() => client.server.stop());

const event = {
  event: 'claudeai.cardamom_prompts.prompt_displayed',
  type: 'track',
  properties: { account_uuid: '{{org_uuid}}', organization_uuid: '{{org_uuid}}', billing_type: 'stripe_subscription', surface: 'claude-ai' },
};

describe('third parties need no session', () => {
  it('track takes the captured envelope and lists the integrations of the analysis', async () => {
    const answer = await client.anonymous('ingest.track', { body: event });
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual({ success: true, integrations: { 'Segment.io': true, Amplitude: true, 'Facebook Pixel': false, DoubleClick: false } });
    const bad = await client.anonymous('ingest.track', { body: { ...event, type: 'identify' } });
    expect(bad.status).toBe(400);
    expect(bad.bytes.toString()).toContain('/body/type');
  });

  it('flags: a user keeps its values, another has others', async () => {
    interface Flags {
      feature_gates: Record<string, { value: boolean }>;
      dynamic_configs: object;
    }
    const flags = async (userID: string): Promise<Flags> => jsonOf<Flags>(await client.anonymous('ingest.flags.initialize', { body: { user: { userID } } }));
    const [one, same, other] = await Promise.all([flags('a'), flags('a'), flags('b')]);
    expect(Object.keys(one.feature_gates)).toHaveLength(36);
    expect(same.feature_gates).toEqual(one.feature_gates);
    expect(other.feature_gates).not.toEqual(one.feature_gates);
    expect(Object.keys(other.feature_gates)).toEqual(Object.keys(one.feature_gates));
  });

  it('flags: events are taken with 202', async () => {
    expect((await client.anonymous('ingest.flags.register', { body: { events: [{ eventName: 'statsig::gate_exposure' }] } })).status).toBe(202);
    expect((await client.anonymous('ingest.flags.register', { body: { events: [] } })).status).toBe(400);
  });

  it('push: the same subscription gets the same token, another a different one', async () => {
    const register = async (endpoint: string): Promise<string> => {
      const body: Json = { web: { endpoint, auth: 'k8JV6sjdbhAi1n3_LDBLvA', p256dh: 'BGEw2wsHgLwz' } };
      const answer = await client.anonymous('ingest.push.register', { params: { push_project: 'plumbline-web' }, body });
      expect(answer.status).toBe(200);
      return jsonOf<{ token: string }>(answer).token;
    };
    const token = await register('https://push.example.org/a');
    expect(await register('https://push.example.org/a')).toBe(token);
    expect(await register('https://push.example.org/b')).not.toBe(token);
  });

  it('a wrong media type is 415, and another origin does not serve it', async () => {
    expect((await client.anonymous('ingest.track', { bodyText: '<x/>', headers: { 'content-type': 'text/xml' } })).status).toBe(415);
    expect((await client.anonymous('ingest.track', { body: event, origin: 'app' })).status).toBe(404);
  });
});
