/** What the first event of a stream says of its trace, by the rules that every driver uses. Pure. */
export interface StreamStart {
  /** Of the server's spans. */
  traceId?: string;
  /** Whether that trace was chosen to be kept when the request came. */
  sampled?: boolean;
  requestId?: string;
  /** Of the answer that the stream carries: what it will be stored under. */
  messageId?: string;
}

/** `trace_id`, `sampled`, `request_id` and `id`, at the top or in `message`. Empty for what is no JSON. */
export function readStreamStart(data: string): StreamStart {
  let start: unknown;
  try {
    start = JSON.parse(data);
  } catch {
    return {};
  }
  const traceId = valueAt(start, 'trace_id');
  const sampled = valueAt(start, 'sampled');
  const requestId = valueAt(start, 'request_id');
  const messageId = valueAt(start, 'id');
  return {
    ...(typeof traceId === 'string' && { traceId }),
    ...(typeof sampled === 'boolean' && { sampled }),
    ...(typeof requestId === 'string' && { requestId }),
    ...(typeof messageId === 'string' && { messageId }),
  };
}

function valueAt(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  const found = (value as Record<string, unknown>)[name];
  if (typeof found === 'string' || typeof found === 'boolean') return found;
  return 'message' in value ? valueAt(value.message, name) : undefined;
}
