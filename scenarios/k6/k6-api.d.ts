/** The part of k6's own modules that these scripts use. k6 brings the modules; this file is for the type checker alone. */
declare module 'k6' {
  export function sleep(seconds: number): void;
}

declare module 'k6/http' {
  export interface Response {
    status: number;
    proto: string;
    /** Empty when all went well. */
    error: string;
    error_code: number;
    body: string | null;
    headers: Record<string, string>;
    cookies: Record<string, { name: string; value: string }[]>;
    /** Milliseconds. */
    timings: { duration: number; blocked: number; connecting: number; tls_handshaking: number; sending: number; waiting: number; receiving: number };
  }
  export interface Params {
    headers: Record<string, string>;
    tags: Record<string, string>;
    timeout: number;
    redirects: number;
    responseType: 'text' | 'none';
    jar: CookieJar;
  }
  export interface BatchRequest {
    method: string;
    url: string;
    body: string | null;
    params: Params;
  }
  export class CookieJar {}
  const http: {
    request(method: string, url: string, body: string | null, params: Params): Response;
    batch(requests: BatchRequest[]): Response[];
    CookieJar: typeof CookieJar;
  };
  export default http;
}

declare module 'k6/execution' {
  const exec: {
    scenario: { iterationInTest: number /** Unix time in milliseconds. */; startTime: number };
    vu: { metrics: { metadata: Record<string, string> } };
    test: { abort(reason: string): never /** Consolidated; not while the file is loaded. */; options: { tags?: Record<string, string> } };
  };
  export default exec;
}

declare module 'k6/metrics' {
  export class Counter {
    constructor(name: string);
    add(value: number, tags?: Record<string, string>): void;
  }
  export class Rate {
    constructor(name: string);
    add(value: boolean | number, tags?: Record<string, string>): void;
  }
}

declare const __ENV: Record<string, string | undefined>;
declare function open(path: string): string;
declare const console: { log(message: string): void; warn(message: string): void };
