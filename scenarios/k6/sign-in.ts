/** A scenario's setup, once a user: the script's own, for plain `k6 run`; the harness hands its driver users that are ready. */
import http from 'k6/http';
import { resolveStep, type Variables } from '../request.ts';
import type { Scenario } from '../types.ts';
import { requestTags } from './record.ts';
import { prepare, told } from './send.ts';
import type { LegSettings } from './settings.ts';

/** Throws when a step fails: without users there is no load. Variables of a user: the scenario's, `user` (its number), and the captures. */
export function signIn(scenario: Scenario, settings: LegSettings): Record<string, string>[] {
  const users: Record<string, string>[] = [];
  for (let user = 0; user < settings.userCount; user += 1) {
    let variables: Variables = { ...scenario.variables, user: String(user) };
    for (const step of scenario.setup ?? []) {
      const place = { scenario, settings, arrival: user, journey: 'setup', phase: 'warm-up' as const, beganAtEpochMs: 0 };
      const prepared = prepare(resolveStep({ ...step, id: `setup.${step.id}` }), variables, place);
      // Thresholds select by the phase tag, and this is not load.
      delete prepared.request.params.tags[requestTags.phase];
      const { method, url, body, params } = prepared.request;
      const outcome = told(prepared, http.request(method, url, body, params), place, undefined);
      if (!outcome.ok) throw new Error(`setup step "${step.id}" of user ${user}: ${outcome.record.failure ?? outcome.record.error ?? 'no answer'}`);
      variables = { ...variables, ...outcome.variables };
    }
    users.push({ ...variables });
  }
  return users;
}
