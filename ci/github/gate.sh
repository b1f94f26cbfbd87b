#!/usr/bin/env bash
# Runs the gate and tells what came of it as the outputs `verdict`, `exit-code` and `directory`. It succeeds itself: the comment and the artifact come after it, and the
# last step of the action ends with the exit code.
set -uo pipefail
tell() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }

if [ -z "${GATE_BASE:-}" ]; then
  # shellcheck disable=SC2016
  text='plumbline gate: **no base**, nothing to compare with, so nothing was measured. A first commit has none; a shallow checkout hides it (`fetch-depth: 0`).'
  [ -z "${GITHUB_STEP_SUMMARY:-}" ] || echo "$text" >>"$GITHUB_STEP_SUMMARY"
  echo "::warning title=plumbline gate::no base: nothing to compare with, nothing was measured"
  tell verdict no-base
  # Nothing is passed for lack of data, unless the workflow says that it may.
  case ${GATE_ON_INCONCLUSIVE:-} in warn) tell exit-code 0 ;; fail) tell exit-code 99 ;; *) tell exit-code 75 ;; esac
  exit 0
fi

out=$(mktemp -d "${RUNNER_TEMP:-/tmp}/plumbline-gate-XXXXXX")
args=(gate --base "$GATE_BASE" --head "${GATE_HEAD:-git:HEAD}" --out "$out")
while IFS= read -r scenario; do
  scenario=${scenario//[[:space:]]/}
  [ -z "$scenario" ] || args+=(--scenario "$scenario")
done <<<"${GATE_SCENARIO//,/$'\n'}"
[ -z "${GATE_MARGIN:-}" ] || args+=(--margin "$GATE_MARGIN")
[ -z "${GATE_MAX_MINUTES:-}" ] || args+=(--max-minutes "$GATE_MAX_MINUTES")
[ -z "${GATE_ON_INCONCLUSIVE:-}" ] || args+=(--on-inconclusive "$GATE_ON_INCONCLUSIVE")
while IFS= read -r arg; do [ -z "$arg" ] || args+=("$arg"); done <<<"${GATE_ARGS:-}"

plumbline=${PLUMBLINE:-node \"\$GITHUB_ACTION_PATH/harness/cli.ts\"}
bash -c "$plumbline"' "$@"' plumbline "${args[@]}"
code=$?

# The last of them where it was measured again.
directory=$(find "$out" -mindepth 2 -maxdepth 2 -name gate.json -printf '%T@ %h\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
verdict=fault
[ -z "$directory" ] || verdict=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1])).verdict.verdict' "$directory/gate.json")
tell verdict "$verdict"
tell exit-code "$code"
tell directory "$directory"
