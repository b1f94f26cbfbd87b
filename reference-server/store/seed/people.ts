import type { MembershipsTable, OrganizationsTable, UsersTable } from '../tables.ts';
import { Chance, dayMicros, seedEndMicros, stamp } from './chance.ts';
import type { SeedSize } from './size.ts';

/** An organization with its members, the owner first. */
export interface SeededOrganization {
  organization: OrganizationsTable;
  members: UsersTable[];
  memberships: MembershipsTable[];
  /** Counts of what belongs to this organization. */
  size: SeedSize;
}

const givenNames = ['Ada', 'Edsger', 'Grace', 'Alan', 'Barbara', 'Tony', 'Radia', 'Niklaus', 'Frances', 'Leslie', 'Hedy', 'Donald'];
const familyNames = ['Vogel', 'Okafor', 'Lindqvist', 'Moreau', 'Tanaka', 'Haddad', 'Novak', 'Silva', 'Keller', 'Ngata', 'Iyer', 'Brandt'];

/**
 * Two organizations. `owner@` and `user-<n>@example.com` are of the first, `owner@` and `user-0@org2.example.com` of the second,
 * `consultant@example.com` of both.
 */
export function seedPeople(seed: number, size: SeedSize): SeededOrganization[] {
  const first = seedOrganization(seed, { name: 'Plumbline Works', domain: 'example.com', isDefault: true, daysOld: 400 }, size);
  const tenth = (count: number): number => (count === 0 ? 0 : Math.max(1, Math.round(count / 10)));
  const second = seedOrganization(
    seed,
    { name: 'Second Tenant', domain: 'org2.example.com', isDefault: false, daysOld: 200 },
    { ...size, users: 1, conversations: tenth(size.conversations), projects: tenth(size.projects), artifacts: tenth(size.artifacts) },
  );
  const chance = new Chance(seed, 'consultant');
  const micros = seedEndMicros - 150 * dayMicros;
  const consultant: UsersTable = {
    uuid: chance.uuid(micros),
    email: 'consultant@example.com',
    full_name: 'Robin Marchetti',
    display_name: 'Robin',
    created_at: stamp(micros),
  };
  first.members.push(consultant);
  for (const [index, { organization, memberships }] of [first, second].entries()) {
    memberships.push({ organization_uuid: organization.uuid, user_uuid: consultant.uuid, role: 'user', created_at: stamp(micros + index * dayMicros) });
  }
  return [first, second];
}

interface About {
  name: string;
  domain: string;
  isDefault: boolean;
  daysOld: number;
}

function seedOrganization(seed: number, about: About, size: SeedSize): SeededOrganization {
  const chance = new Chance(seed, 'organization', about.domain);
  const micros = seedEndMicros - about.daysOld * dayMicros;
  const organization: OrganizationsTable = {
    uuid: chance.uuid(micros),
    name: about.name,
    email_domain: about.domain,
    is_default: about.isDefault ? 1 : 0,
    billing_type: 'stripe_subscription',
    capabilities: JSON.stringify(['chat', 'projects', 'artifacts', 'extensions']),
    created_at: stamp(micros),
  };
  const members: UsersTable[] = [];
  const memberships: MembershipsTable[] = [];
  for (let index = -1; index < size.users; index += 1) {
    const createdMicros = micros + (index + 2) * dayMicros;
    const givenName = chance.pick(givenNames);
    const user: UsersTable = {
      uuid: chance.uuid(createdMicros),
      email: `${index < 0 ? 'owner' : `user-${index}`}@${about.domain}`,
      full_name: `${givenName} ${chance.pick(familyNames)}`,
      display_name: givenName,
      created_at: stamp(createdMicros),
    };
    members.push(user);
    memberships.push({ organization_uuid: organization.uuid, user_uuid: user.uuid, role: index < 0 ? 'owner' : 'user', created_at: user.created_at });
  }
  return { organization, members, memberships, size };
}
