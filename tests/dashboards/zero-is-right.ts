/** Of the run of this test: why these may be, or must be, at zero or below. */
export const zeroIsRight: Readonly<Record<string, string>> = {
  'plumbline-overview / Alerts': 'lists what fires',
  'plumbline-overview / Alerts firing': 'counts what fires',
  'plumbline-overview / Unhealthy for': '0 is healthy',
  'plumbline-overview / Budget left, 30 days': 'the errors of this test overdraw it',
  'plumbline-objectives / Budget left, worst': 'the same',
  'plumbline-objectives / Budget left, 30 days': 'the same',
  'plumbline-run / Dropped': 'everything was sent',
  'plumbline-run / Verdict': '0 is pass',
  'plumbline-run / Spans lost': 'none was',
  'plumbline-telemetry / Spans lost': 'none was',
  'plumbline-telemetry / Exports failed': 'none did',
  'plumbline-telemetry / Collector: could not pass on': 'it could',
  'plumbline-service / Given up by the client': 'nobody went',
  'plumbline-streams / Not done, share': 'all were',
  // The latency profile draws errors in services: what is behind them is not asked then.
  'plumbline-path / Store: errors': 'services fail before it',
  'plumbline-path / Cache: errors': 'services fail before it',
  'plumbline-path / Inference: errors': 'services fail before it',
  // A difference has either sign.
  'plumbline-compare / Median, difference': 'either sign',
  'plumbline-compare / Chosen quantile, difference': 'either sign',
  'plumbline-compare / Errors, difference': 'either sign',
};
