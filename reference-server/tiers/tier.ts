/** Tiers that run in a process of their own, from the outside in. The mesh is the sidecar of the services; store and cache are theirs. */
const tiers = ['edge', 'lb', 'services', 'inference'] as const;
export type Tier = (typeof tiers)[number];
export type InnerTier = Exclude<Tier, 'edge'>;

/** Flag that names the tier behind each; inference has none. */
const behind = { edge: 'next', lb: 'next', services: 'inference', inference: undefined } as const satisfies Record<Tier, string | undefined>;

export interface TierConfig {
  tier?: Tier;
  next?: string;
  inference?: string;
}

/** A tier and the URL of the one behind it. Adds what is wrong to `faults`. */
export function readTier(given: string | undefined, urls: { next: string | undefined; inference: string | undefined }, faults: string[]): TierConfig {
  const tier = tiers.find((name) => name === given);
  if (given !== undefined && given !== '' && !tier) {
    faults.push(`--tier: "${given}" is none of ${tiers.join(', ')}; without it all of them run in one process`);
    return {};
  }
  const needed = tier && behind[tier];
  for (const flag of ['next', 'inference'] as const) {
    const url = urls[flag];
    if (url !== undefined && flag !== needed)
      faults.push(`--${flag}: given "${url}", but ${tier ? `the ${tier} tier calls nobody by it` : 'without --tier nobody is called'}`);
    else if (url === undefined && flag === needed)
      faults.push(`--${flag}: the ${tier} tier needs the URL of the tier behind it, such as http://127.0.0.1:8790`);
    else if (url !== undefined && !(/^http:\/\/./.test(url) && URL.canParse(url)))
      faults.push(`--${flag}: "${url}" is not an http URL, such as http://127.0.0.1:8790`);
  }
  return { ...(tier && { tier }), ...(urls.next !== undefined && { next: urls.next }), ...(urls.inference !== undefined && { inference: urls.inference }) };
}
