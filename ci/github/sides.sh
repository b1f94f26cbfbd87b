#!/usr/bin/env bash
# Which commit to compare with, as the output `base`; empty where there is none. The gate itself goes back to the merge base.
# GIVEN_BASE: asked for by hand. PULL_BASE: the pull request's base. PUSH_BEFORE: where the branch was before a push.
set -euo pipefail
base=${GIVEN_BASE:-}
commit=${PULL_BASE:-${PUSH_BEFORE:-}}
# The first push of a branch has nothing before it.
case $commit in *[!0]*) ;; *) commit= ;; esac
if [ -z "$base" ] && [ -n "$commit" ]; then
  # A shallow clone has no merge base: the whole history, which a checkout with fetch-depth: 0 has already.
  if ! git merge-base "$commit" HEAD >/dev/null 2>&1; then
    if [ "$(git rev-parse --is-shallow-repository)" = true ]; then git fetch --quiet --unshallow origin || true; fi
    git cat-file -e "$commit^{commit}" 2>/dev/null || git fetch --quiet --no-tags origin "$commit" || true
  fi
  if git merge-base "$commit" HEAD >/dev/null 2>&1; then
    base=git:$commit
  else
    echo "::warning title=plumbline gate::no merge base of $commit and HEAD; check out with fetch-depth: 0"
  fi
fi
echo "base: ${base:-none}"
echo "base=$base" >>"$GITHUB_OUTPUT"
