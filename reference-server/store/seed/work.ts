import type { ArtifactsTable, ArtifactVersionsTable, ConversationsTable, ProjectAccountsTable, ProjectsTable, PublishedArtifactsTable } from '../tables.ts';
import { Chance, dayMicros, minuteMicros, pastMicros, seedEndMicros, stamp } from './chance.ts';
import type { SeededOrganization } from './people.ts';

/**
 * Projects, each with its creator as owner and about half of the other members. Private ones have all of them, so that each sees as many projects as the
 * scenarios ask for; who signs in with a new address sees the others.
 */
export function seedProjects(
  seed: number,
  { organization, members, memberships, size }: SeededOrganization,
): { projects: ProjectsTable[]; project_accounts: ProjectAccountsTable[] } {
  const projects: ProjectsTable[] = [];
  const accounts: ProjectAccountsTable[] = [];
  for (let index = 0; index < size.projects; index += 1) {
    const chance = new Chance(seed, 'project', organization.uuid, index);
    const createdMicros = pastMicros(chance, 120) - dayMicros;
    const creator = chance.pick(members);
    const uuid = chance.uuid(createdMicros);
    const name = chance.title(2, 4);
    const description = chance.sentences(1);
    const isPrivate = chance.happens(0.5);
    projects.push({
      uuid,
      organization_uuid: organization.uuid,
      creator_uuid: creator.uuid,
      name,
      description,
      is_private: isPrivate ? 1 : 0,
      is_harmony_project: chance.happens(0.1) ? 1 : 0,
      created_at: stamp(createdMicros),
      updated_at: stamp(createdMicros + chance.between(0, 24 * 60) * minuteMicros),
    });
    for (const { user_uuid } of memberships) {
      const isCreator = user_uuid === creator.uuid;
      if (!isCreator && !(chance.happens(0.5) || isPrivate)) continue;
      accounts.push({
        project_uuid: uuid,
        user_uuid,
        role: isCreator ? 'owner' : chance.pick(['editor', 'viewer'] as const),
        created_at: stamp(createdMicros + accounts.length * 1_000),
      });
    }
  }
  return { projects, project_accounts: accounts };
}

interface SeededArtifacts {
  artifacts: ArtifactsTable[];
  artifact_versions: ArtifactVersionsTable[];
  published_artifacts: PublishedArtifactsTable[];
}

/** Artifacts of the first conversations, each with its versions; every third is published. */
export function seedArtifacts(seed: number, { organization, size }: SeededOrganization, conversations: readonly ConversationsTable[]): SeededArtifacts {
  const result: SeededArtifacts = { artifacts: [], artifact_versions: [], published_artifacts: [] };
  if (conversations.length === 0) return result;
  for (let index = 0; index < size.artifacts; index += 1) {
    const chance = new Chance(seed, 'artifact', organization.uuid, index);
    const conversation = chance.pick(conversations);
    const createdMicros = pastMicros(chance, 60);
    const uuid = chance.uuid(createdMicros);
    result.artifacts.push({
      uuid,
      organization_uuid: organization.uuid,
      conversation_uuid: conversation.uuid,
      title: chance.title(2, 5),
      content_type: chance.pick(['text/markdown', 'application/vnd.ant.code', 'text/html']),
      created_at: stamp(createdMicros),
    });
    const lines = Array.from({ length: 6 }, () => chance.sentences(1));
    for (let version = 1; version <= size.versionsEach; version += 1) {
      // A version rewrites one line of the one before, as an edit does.
      lines[chance.between(0, lines.length - 1)] = chance.sentences(1);
      const micros = createdMicros + version * minuteMicros;
      result.artifact_versions.push({
        uuid: chance.uuid(micros),
        artifact_uuid: uuid,
        version,
        source: 'w',
        content: lines.join('\n'),
        created_at: stamp(micros),
      });
    }
    if (index % 3 !== 0 || size.versionsEach === 0) continue;
    const publishedMicros = Math.min(seedEndMicros, createdMicros + dayMicros);
    result.published_artifacts.push({
      uuid: chance.uuid(publishedMicros),
      organization_uuid: organization.uuid,
      artifact_uuid: uuid,
      user_uuid: conversation.user_uuid,
      version: size.versionsEach,
      published_at: stamp(publishedMicros),
    });
  }
  return result;
}
