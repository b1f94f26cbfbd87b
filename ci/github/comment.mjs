/**
 * One comment on the pull request for each gate, written the first time and replaced from then on. It is found by its hidden first line, which names the workflow and
 * the gate (COMMENT_NAME). It is `comment.md` of DIRECTORY; where there is none, it says that there is no verdict for HEAD_SHA, and why (VERDICT, CODE): the comment
 * that it replaces is of another commit. PULL_NUMBER, GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL. No right to write (a fork's token) or no answer is a warning:
 * the job summary and the artifact have the same.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const { PULL_NUMBER, GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL = 'https://api.github.com' } = process.env;
const pagesAtMost = 20;

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
  const response = await fetch(`${GITHUB_API_URL}${path}`, {
    ...init,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${GITHUB_TOKEN}`,
      'content-type': 'application/json',
      'x-github-api-version': '2022-11-28',
    },
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${(await response.text()).slice(0, 200)}`);
  return response.json();
}

/** Only of a bot: somebody who writes the marker into a comment of their own keeps it. @param {string} marker */
async function findOld(marker) {
  for (let page = 1; page <= pagesAtMost; page += 1) {
    const comments = await ask(`/repos/${GITHUB_REPOSITORY}/issues/${PULL_NUMBER}/comments?per_page=100&page=${page}`);
    const old = comments.find(({ body, user }) => user?.type === 'Bot' && body?.startsWith(marker));
    if (old || comments.length < 100) return old;
  }
  return undefined;
}

/** What a name may have: nothing that ends the marker, and no line of its own. @param {string | undefined} name */
function nameText(name) {
  return (name ?? '').replace(/[^\w .,/+-]/g, '_');
}

/** Without the marker that the file itself begins with. Undefined: the gate left none. */
async function report() {
  const { DIRECTORY } = process.env;
  if (!DIRECTORY) return undefined;
  const text = await readFile(join(DIRECTORY, 'comment.md'), 'utf8').catch(() => undefined);
  return text?.replace(/^<!-- .* -->\n/, '');
}

function noVerdict() {
  const { VERDICT, CODE, HEAD_SHA, GITHUB_SERVER_URL, GITHUB_RUN_ID } = process.env;
  const log = GITHUB_SERVER_URL && GITHUB_RUN_ID ? `[the log](${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID})` : 'the log';
  const whys = {
    'no-base': 'there is no base to compare with, so nothing was measured',
    '': `the gate did not come to an end; ${log} says why`,
  };
  return `⚠️ plumbline gate: **no verdict** for ${nameText(HEAD_SHA)}: ${whys[VERDICT ?? ''] ?? `the gate left no results (exit code ${CODE}); ${log} says why`}.\n`;
}

try {
  const marker = `<!-- plumbline-gate: ${nameText(process.env.GITHUB_WORKFLOW)} / ${nameText(process.env.COMMENT_NAME)} -->`;
  const body = `${marker}\n${(await report()) ?? noVerdict()}`;
  const old = await findOld(marker);
  const comment = old
    ? await ask(`/repos/${GITHUB_REPOSITORY}/issues/comments/${old.id}`, { method: 'PATCH', body: JSON.stringify({ body }) })
    : await ask(`/repos/${GITHUB_REPOSITORY}/issues/${PULL_NUMBER}/comments`, { method: 'POST', body: JSON.stringify({ body }) });
  console.log(`comment ${old ? 'replaced' : 'written'}: ${comment.html_url}`);
} catch (error) {
  const said = (error instanceof Error ? error.message : String(error)).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  console.log(`::warning title=plumbline gate::no comment (the job summary and the artifact have the report): ${said}`);
}
