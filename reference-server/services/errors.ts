import { HttpError } from '../exchange.ts';

/** The same words for what does not exist and for what is somebody else's, so that nothing leaks. */
export function notFound(what: string): HttpError {
  return new HttpError(404, 'not_found', `no such ${what}`);
}

/** One fault that only the data could show; the path is as the door's validation gives it, `/body/model`. */
export function invalid(path: string, message: string): HttpError {
  return new HttpError(400, 'invalid_request', 'the request has faults', [{ path, message }]);
}

export function conflict(message: string): HttpError {
  return new HttpError(409, 'conflict', message);
}
