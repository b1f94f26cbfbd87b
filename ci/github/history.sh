#!/usr/bin/env bash
# Appends the gate in DIRECTORY to the branch HISTORY_BRANCH and looks for drifts: fails on one, and not on too few points. Writes history.html.
# A night without a point is a warning, the third in a row (MOST_NIGHTS_WITHOUT) a failure: a history that has ended finds nothing.
set -uo pipefail
fail() { echo "::error title=plumbline history::$1"; exit 1; }
[ -n "${DIRECTORY:-}" ] && [ -e "$DIRECTORY/gate.json" ] || fail "the gate left no results"
plumbline() { bash -c "$PLUMBLINE"' "$@"' plumbline "$@"; }
place=(--branch "$HISTORY_BRANCH" --remote origin)
most=${MOST_NIGHTS_WITHOUT:-3}

# How many nights the last point is old, or `none`. Half a night more or less is no night.
nights_since_last() {
  git fetch --quiet --no-tags --depth=1 origin "refs/heads/$HISTORY_BRANCH" 2>/dev/null || { echo none; return; }
  git show FETCH_HEAD:history.ndjson | node -e '
    const rows = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const times = rows.filter(({ kind }) => kind === "gate").map(({ at }) => Date.parse(at));
    console.log(times.length === 0 ? "none" : Math.round((Date.now() - Math.max(...times)) / 86_400_000));
  '
}

plumbline history add "$DIRECTORY" "${place[@]}"
case $? in
  0) ;;
  75)
    nights=$(nights_since_last)
    [ "$nights" != none ] || fail "tonight's gate is no point, and the history has none: see its report"
    [ "$nights" -lt "$most" ] || fail "no point for $nights nights: the gates of the main branch are invalid, see their reports"
    echo "::warning title=plumbline history::tonight's gate is no point of the history; see its report"
    ;;
  *) exit 1 ;;
esac
said=$(plumbline history check "${place[@]}" --html history.html)
code=$?
echo "$said"
# shellcheck disable=SC2016
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf '```\n%s\n```\n' "$said" >>"$GITHUB_STEP_SUMMARY"
case $code in
  99) echo "::error title=plumbline history::the main branch has become slower; the page of trends is in the artifact" ;;
  75) echo "too few points to tell yet"; code=0 ;;
esac
exit "$code"
