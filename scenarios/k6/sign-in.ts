/** A scenario's setup, once a user: the script's own, for plain `k6 run`; the harness hands its driver users that are ready, made by the same rules. */
import http from 'k6/http';
import { keyedRandom, seededUuid } from '../random.ts';
import { buildRequest, requestVariables, resolveStep, type Variables } from '../request.ts';
import type { Scenario } from '../types.ts';
import { told, toK6 } from './send.ts';
import type { LegSettings } from './settings.ts';

/**
 * Variables of each user: `user` (its number), `uuid` (its own), the scenario's, and the captures. Throws when a step fails: without users there is no load.
 * The requests have no tags, so that no threshold counts them.
 */
export function signIn(scenario: Scenario, settings: LegSettings): Record<string, string>[] {
  const users: Record<string, string>[] = [];
  for (let user = 0; user < settings.userCount; user += 1) {
    const uuid = seededUuid(keyedRandom(settings.seed, scenario.name, 'user', user));
    let variables: Variables = { ...scenario.variables, user: String(user), uuid };
    for (const step of scenario.setup ?? []) {
      const resolved = resolveStep(step);
      const all: Variables = { ...requestVariables(variables, settings.seed, `${scenario.name}.setup`, user, step.id), uuid };
      const built = buildRequest(resolved, { ...scenario, headers: renderable(scenario.headers ?? {}, all) }, all);
      const request = toK6(built, resolved, settings, {});
      const response = http.request(request.method, request.url, request.body, request.params);
      const place = { scenario, settings, arrival: user, journey: 'setup', phase: 'warm-up', beganAtEpochMs: 0 } as const;
      const outcome = told({ resolved, key: all['key'] ?? '', request }, response, place, undefined);
      if (!outcome.ok) throw new Error(`setup step "${step.id}" of user ${user}: ${outcome.record.failure ?? outcome.record.error ?? 'no answer'}`);
      variables = { ...variables, ...outcome.variables };
    }
    users.push({ ...variables });
  }
  return users;
}

/** Headers of the scenario that need what no step has captured yet are left out until then. */
function renderable(headers: Record<string, string>, variables: Variables): Record<string, string> {
  const needed = (value: string): string[] => [...value.matchAll(/\{\{\s*([\w.-]+)\s*\}\}/g)].map((match) => match[1] ?? '');
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => needed(value).every((name) => variables[name] !== undefined)));
}
