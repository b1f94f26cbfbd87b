import { assets } from '../../scenarios/assets.ts';

function first(operation: string): string {
  const found = assets.find((asset) => asset.operation === operation);
  if (!found) throw new Error(`no asset of ${operation}`);
  return found.name;
}

export const scenarioAssets = { bundle: first('assets.bundle'), media: first('assets.media') };
