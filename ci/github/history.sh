#!/usr/bin/env bash
# Appends the gate in DIRECTORY to the branch HISTORY_BRANCH and looks for drifts: fails on one, and not on too few points. Writes history.html.
set -uo pipefail
[ -n "${DIRECTORY:-}" ] || { echo "::error title=plumbline history::the gate left no results"; exit 1; }
plumbline() { bash -c "$PLUMBLINE"' "$@"' plumbline "$@"; }
place=(--branch "$HISTORY_BRANCH" --remote origin)

plumbline history add "$DIRECTORY" "${place[@]}"
case $? in
  0) ;;
  75) echo "::warning title=plumbline history::tonight's gate is no point of the history; see its report" ;;
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
