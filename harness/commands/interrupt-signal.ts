/** Aborts at the first Ctrl-C or SIGTERM; a second one ends this process at once. `release` takes the handlers away. */
export function interruptSignal(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      // Nothing to wait for: the second Ctrl-C means now. The started server ends with us, it reads our end of its stdin.
      process.kill(process.pid, 'SIGKILL');
    }
    console.error('\nstopping: letting go of what is in flight, keeping what was measured (Ctrl-C again stops now)');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
