import { seededModels } from '../models.ts';
import type { ModelConfigsTable, SettingsDocumentsTable, StylesTable } from '../tables.ts';
import { Chance, seedEndMicros, stamp } from './chance.ts';
import type { SeededOrganization } from './people.ts';

/** The five defaults of the analysis, in its order. */
const defaultStyles: readonly { name: string; summary: string; prompt: string }[] = [
  { name: 'Normal', summary: 'Default responses', prompt: 'Answer as you normally would.' },
  {
    name: 'Learning',
    summary: 'Patient, educational responses that build understanding',
    prompt: 'Lead the reader to the answer with questions and small steps.',
  },
  { name: 'Concise', summary: 'Shorter responses and more messages', prompt: 'Answer in as few words as the matter allows, and leave out what was not asked.' },
  { name: 'Explanatory', summary: 'Educational responses for learning', prompt: 'Explain the reasons behind the answer, with an example where one helps.' },
  { name: 'Formal', summary: 'Clear and well-structured responses', prompt: 'Write in a formal register, with complete sentences and a clear structure.' },
];

export function seedStyles(seed: number, { organization, members }: SeededOrganization): StylesTable[] {
  const owner = members[0];
  const chance = new Chance(seed, 'styles', organization.uuid);
  const styles: StylesTable[] = defaultStyles.map((style, index) => {
    const micros = Date.parse(organization.created_at) * 1_000 + index;
    return {
      uuid: chance.uuid(micros),
      organization_uuid: organization.uuid,
      user_uuid: null,
      key: style.name,
      name: style.name,
      summary: style.summary,
      prompt: style.prompt,
      is_default: 1,
      created_at: stamp(micros),
      updated_at: stamp(micros),
    };
  });
  if (owner) {
    const micros = seedEndMicros - 1_000_000;
    const created = stamp(micros);
    styles.push({
      uuid: chance.uuid(micros),
      organization_uuid: organization.uuid,
      user_uuid: owner.uuid,
      key: 'custom-house-style',
      name: 'House style',
      summary: chance.sentences(1),
      prompt: chance.sentences(3),
      is_default: 0,
      created_at: created,
      updated_at: created,
    });
  }
  return styles;
}

/** `feature_settings`: an object of flags. `experiences`: a list. Their services may give them another form. */
export function seedSettings(seed: number, { organization }: SeededOrganization): SettingsDocumentsTable[] {
  const chance = new Chance(seed, 'settings', organization.uuid);
  const features = Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`feature_${index}_${chance.words(1)}`, chance.happens(0.6)]));
  const experiences = Array.from({ length: 6 }, () => ({
    id: chance.hex(12),
    name: chance.words(2).replace(' ', '_'),
    shown: chance.happens(0.5),
    weight: chance.between(1, 100),
  }));
  const documents: [string, unknown][] = [
    ['feature_settings', features],
    ['experiences', experiences],
  ];
  return documents.map(([kind, body]) => ({ organization_uuid: organization.uuid, kind, body: JSON.stringify(body), updated_at: stamp(seedEndMicros) }));
}

export function seedModelConfigs(): ModelConfigsTable[] {
  return seededModels.map(({ model, displayName, contextTokens, maxOutputTokens }) => ({
    model,
    body: JSON.stringify({
      model,
      display_name: displayName,
      context_tokens: contextTokens,
      max_output_tokens: maxOutputTokens,
      capabilities: { images: true, documents: true, web_search: true, code_execution: true, extended_thinking: true, citations: true },
      thinking: { modes: [{ id: 'extended', title: 'Extended thinking', description: 'Works longer on the answer before it writes it.' }], default_mode: null },
      limits: { max_files: 20, max_file_bytes: 31_457_280, max_image_bytes: 10_485_760, max_prompt_chars: 600_000 },
    }),
  }));
}
