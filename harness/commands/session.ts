import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { operationsByName } from '../../scenarios/operations.ts';
import { checkTarget } from '../plan/target.ts';
import { UsageError } from '../usage-error.ts';
import { type AddCommand, example } from './command.ts';

interface SessionFlags {
  target: string;
  email: string;
  json?: boolean;
}

interface SignedIn {
  account: { memberships: { organization: { uuid: string } }[] };
}

export const addSession: AddCommand = (program) => {
  program
    .command('session')
    .description('sign in to a running reference server; print a cookie header and an organization uuid for curl')
    .option('--target <url>', 'the server', 'http://127.0.0.1:8787')
    .option('--email <address>', 'who signs in', 'user-0@example.com')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('plumbline session\neval "$(plumbline session)"; curl -H "$COOKIE" "$TARGET/api/organizations/$ORG/chat_conversations?limit=2"'),
    )
    .action(async (flags: SessionFlags) => {
      const url = checkTarget(flags.target, [], undefined);
      const signIn = operationsByName.get('account.sign_in');
      if (!signIn) throw new Error('operations.ts has no account.sign_in');
      const response = await request(new URL(signIn.path, url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: flags.email, device_id: randomUUID() }),
      }).catch((error: Error) => {
        throw new UsageError('no_server', `no server at ${url.origin} (${error.message}); start one with: plumbline serve`);
      });
      const text = await response.body.text();
      if (response.statusCode !== 200)
        throw new UsageError('sign_in_refused', `${url.origin} answered ${response.statusCode} to the sign-in: ${text.slice(0, 500)}`);
      const cookies = [response.headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';')[0]);
      const organization = (JSON.parse(text) as SignedIn).account.memberships[0]?.organization.uuid ?? '';
      const cookie = `cookie: ${cookies.join('; ')}`;
      if (flags.json) console.log(JSON.stringify({ target: url.origin, cookie, organization }));
      else console.log(`TARGET='${url.origin}'\nCOOKIE='${cookie}'\nORG='${organization}'`);
    });
};
