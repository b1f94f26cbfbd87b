/**
 * One comment on the pull request, written the first time and replaced from then on. It is found by the hidden first line of the file.
 * COMMENT_FILE, PULL_NUMBER, GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL. No right to write (a fork's token) or no answer is a warning: the job summary and
 * the artifact have the same.
 */
import { readFile } from 'node:fs/promises';

const { COMMENT_FILE, PULL_NUMBER, GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL = 'https://api.github.com' } = process.env;
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

try {
  const body = await readFile(COMMENT_FILE, 'utf8');
  const marker = body.split('\n', 1)[0];
  if (!/^<!-- .+ -->$/.test(marker)) throw new Error(`${COMMENT_FILE} does not begin with a hidden marker`);
  const old = await findOld(marker);
  const comment = old
    ? await ask(`/repos/${GITHUB_REPOSITORY}/issues/comments/${old.id}`, { method: 'PATCH', body: JSON.stringify({ body }) })
    : await ask(`/repos/${GITHUB_REPOSITORY}/issues/${PULL_NUMBER}/comments`, { method: 'POST', body: JSON.stringify({ body }) });
  console.log(`comment ${old ? 'replaced' : 'written'}: ${comment.html_url}`);
} catch (error) {
  const said = (error instanceof Error ? error.message : String(error)).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  console.log(`::warning title=plumbline gate::no comment (the job summary and the artifact have the report): ${said}`);
}
