import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { operationsByName } from '../../scenarios/operations.ts';
import { checkTarget, isOwnHost } from '../plan/target.ts';
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
      const url = ownServer(flags.target);
      const signIn = operationsByName.get('account.sign_in');
      if (!signIn) throw new Error('operations.ts has no account.sign_in');
      // A server that was started with --tls made its certificate itself.
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
      const response = await request(new URL(signIn.path, url), {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: flags.email, device_id: randomUUID() }),
      }).catch((error: Error) => {
        throw new UsageError(
          'no_server',
          `no server at ${url.origin} (${error.message}); start one with: plumbline serve, or name it with --target (https:// after serve --tls)`,
        );
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

/** Signing in is for servers of this machine: their certificate is not checked, and the cookie goes to the terminal. */
function ownServer(text: string): URL {
  const host = URL.canParse(text) ? new URL(text).hostname : undefined;
  if (host !== undefined && host !== '' && !isOwnHost(host))
    throw new UsageError(
      'session_host',
      `--target: ${host} is not this machine; session signs in to a reference server on this machine only (plumbline serve)`,
    );
  return checkTarget(text, [], undefined);
}
