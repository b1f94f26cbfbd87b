#!/usr/bin/env bash
# The old commit that every night is compared with, as the output `base`: GIVEN_BASE, or what the history's last gate was compared with, or, on the first night, HEAD.
# It should change seldom: another base begins new series.
set -euo pipefail
base=${GIVEN_BASE:-}
history=
if [ -z "$base" ]; then
  # Without credentials a private repository is not fetched from: then what the checkout has fetched (fetch-depth: 0 is all branches) is as new.
  if git fetch --quiet --no-tags --depth=1 origin "refs/heads/$HISTORY_BRANCH" 2>/dev/null; then
    history=FETCH_HEAD
  elif git rev-parse --verify --quiet "refs/remotes/origin/$HISTORY_BRANCH" >/dev/null; then
    history=refs/remotes/origin/$HISTORY_BRANCH
  fi
fi
if [ -n "$history" ]; then
  commit=$(git show "$history:history.ndjson" | node -e '
    const rows = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
    console.log(rows.findLast(({ kind }) => kind === "gate")?.base?.commit ?? "");
  ')
  [ -z "$commit" ] || base=git:$commit
fi
[ -n "$base" ] || base=git:$(git rev-parse HEAD)
echo "base: $base"
echo "base=$base" >>"$GITHUB_OUTPUT"
