/** Megabytes, as memory limits are told. */
export function peakBytesText(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
