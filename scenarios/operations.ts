import type { HttpMethod, LatencyClass, StreamDialect } from './types.ts';

export type ServiceName = 'account' | 'chat' | 'model' | 'projects' | 'sync' | 'billing' | 'skills' | 'settings' | 'ingest' | 'assets';
/** Origins of the analysis; `origins` gives their host names. */
export type OriginName = 'app' | 'assets' | 'static' | 'analytics' | 'flags' | 'push';

/** One API call by name. The server, the scenarios, the dashboards and the tests all take it from here. */
export interface Operation {
  /** `<service>.<resource>.<verb>` */
  name: string;
  method: HttpMethod;
  /** Template with `{name}` parameters. */
  path: string;
  origin: OriginName;
  latencyClass: LatencyClass;
  service: ServiceName;
  /** What is behind the service: decides the last hop. */
  backend: 'store' | 'cache' | 'inference' | 'none';
  /** Typical response body before compression, in bytes, on the default seed. */
  responseBytes: number;
  stream?: StreamDialect;
}

export const origins: Readonly<Record<OriginName, string>> = {
  app: 'claude.ai',
  assets: 'a-cdn.anthropic.com',
  static: 's-cdn.anthropic.com',
  analytics: 'a-api.anthropic.com',
  flags: 'statsig.anthropic.com',
  push: 'fcmregistrations.googleapis.com',
};

const org = '/api/organizations/{org_uuid}';
const conversation = `${org}/chat_conversations/{conversation_uuid}`;
const project = `${org}/projects/{project_uuid}`;

type Backend = Operation['backend'];
function app(
  service: ServiceName,
  latencyClass: LatencyClass,
  backend: Backend,
  name: string,
  method: HttpMethod,
  path: string,
  responseBytes: number,
  stream?: StreamDialect,
): Operation {
  const operation: Operation = { name, method, path, origin: 'app', latencyClass, service, backend, responseBytes };
  return stream ? { ...operation, stream } : operation;
}
function at(
  origin: OriginName,
  service: ServiceName,
  latencyClass: LatencyClass,
  name: string,
  method: HttpMethod,
  path: string,
  responseBytes: number,
): Operation {
  return { name, method, path, origin, latencyClass, service, backend: 'none', responseBytes };
}

/** Sizes: bodies on the default seed before compression, from the reference server's own tests; 5 KB of skills and 190 KB of extensions are the analysis'. */
export const operations: readonly Operation[] = [
  app('account', 'crud', 'store', 'account.sign_in', 'POST', '/api/auth/sign_in', 490),
  app('account', 'metadata', 'store', 'account.read', 'GET', '/api/account', 490),
  app('account', 'metadata', 'store', 'account.bootstrap', 'GET', '/api/bootstrap', 2_800),

  app('chat', 'crud', 'store', 'chat.conversations.list', 'GET', `${org}/chat_conversations`, 15_700),
  app('chat', 'crud', 'store', 'chat.conversations.count', 'GET', `${org}/chat_conversations/count_all`, 13),
  app('chat', 'crud', 'store', 'chat.conversations.create', 'POST', `${org}/chat_conversations`, 440),
  app('chat', 'crud', 'store', 'chat.conversations.read', 'GET', conversation, 3_000),
  app('chat', 'crud', 'store', 'chat.conversations.update', 'PUT', conversation, 500),
  app('chat', 'crud', 'store', 'chat.conversations.delete', 'DELETE', conversation, 0),
  app('chat', 'crud', 'store', 'chat.conversations.title', 'POST', `${conversation}/title`, 80),
  app('model', 'completion', 'inference', 'chat.completion', 'POST', `${conversation}/completion`, 6_000, 'plumbline'),
  app('chat', 'crud', 'store', 'chat.files.list', 'GET', `${org}/conversations/{conversation_uuid}/wiggle/list-files`, 540),
  app('chat', 'crud', 'store', 'chat.files.upload', 'POST', `${org}/conversations/{conversation_uuid}/wiggle/upload-file`, 160),
  app('chat', 'crud', 'store', 'chat.files.download', 'GET', `${org}/conversations/{conversation_uuid}/wiggle/download-file`, 1_700),
  app('chat', 'crud', 'store', 'chat.artifacts.versions', 'GET', `${org}/artifacts/{artifact_uuid}/versions`, 2_100),
  app('chat', 'crud', 'store', 'chat.artifacts.create_version', 'POST', `${org}/artifacts/{artifact_uuid}/versions`, 680),

  app('model', 'metadata', 'cache', 'model.configs.read', 'GET', `${org}/model_configs/{model}`, 510),

  app('projects', 'metadata', 'store', 'projects.list', 'GET', `${org}/projects`, 3_400),
  app('projects', 'crud', 'store', 'projects.create', 'POST', `${org}/projects`, 280),
  app('projects', 'metadata', 'store', 'projects.read', 'GET', project, 280),
  app('projects', 'crud', 'store', 'projects.update', 'PUT', project, 280),
  app('projects', 'crud', 'store', 'projects.delete', 'DELETE', project, 0),
  app('projects', 'metadata', 'store', 'projects.permissions.read', 'GET', `${project}/permissions`, 180),
  app('projects', 'metadata', 'store', 'projects.accounts.list', 'GET', `${project}/accounts`, 930),
  app('projects', 'crud', 'store', 'projects.accounts.add', 'POST', `${project}/accounts`, 190),
  app('projects', 'crud', 'store', 'projects.accounts.remove', 'DELETE', `${project}/accounts/{account_uuid}`, 0),
  app('projects', 'metadata', 'store', 'projects.published_artifacts.list', 'GET', `${org}/published_artifacts`, 2_500),

  app('sync', 'metadata', 'store', 'sync.gmail.read', 'GET', `${org}/sync/gmail`, 2_600),
  app('sync', 'metadata', 'store', 'sync.gcal.read', 'GET', `${org}/sync/gcal`, 2_300),
  app('sync', 'metadata', 'store', 'sync.drive.read', 'GET', `${org}/sync/drive`, 2_500),
  app('sync', 'crud', 'store', 'sync.ingestion.start', 'POST', `${org}/ingestion`, 230),
  app('sync', 'metadata', 'store', 'sync.ingestion.read', 'GET', `${org}/ingestion/{ingestion_uuid}`, 230),

  app('billing', 'metadata', 'store', 'billing.payment_method.read', 'GET', `${org}/payment_method`, 200),
  app('billing', 'metadata', 'store', 'billing.credits.read', 'GET', `${org}/prepaid/credits`, 130),

  app('skills', 'metadata', 'store', 'skills.list', 'GET', `${org}/skills/list-skills`, 5_000),
  app('skills', 'metadata', 'store', 'skills.extensions.list', 'GET', `${org}/dxt/extensions`, 191_000),
  app('skills', 'metadata', 'store', 'skills.mcp.bootstrap', 'GET', `${org}/mcp/v2/bootstrap`, 630, 'plain'),

  app('settings', 'metadata', 'cache', 'settings.features.read', 'GET', `${org}/feature_settings`, 640),
  app('settings', 'metadata', 'cache', 'settings.experiences.read', 'GET', `${org}/experiences`, 480),
  app('settings', 'metadata', 'cache', 'settings.styles.list', 'GET', `${org}/styles`, 2_000),
  app('settings', 'crud', 'store', 'settings.styles.create', 'POST', `${org}/styles`, 500),

  at('app', 'assets', 'static', 'assets.shell', 'GET', '/', 30_000),
  at('assets', 'assets', 'static', 'assets.bundle', 'GET', '/_next/static/{asset}', 46_000),
  at('static', 'assets', 'static', 'assets.media', 'GET', '/media/{asset}', 19_000),
  at('analytics', 'ingest', 'metadata', 'ingest.track', 'POST', '/v1/t', 110),
  at('flags', 'ingest', 'metadata', 'ingest.flags.initialize', 'POST', '/v1/initialize', 6_900),
  at('flags', 'ingest', 'metadata', 'ingest.flags.register', 'POST', '/v1/rgstr', 16),
  { ...at('push', 'ingest', 'metadata', 'ingest.push.register', 'POST', '/v1/projects/{push_project}/registrations', 220), backend: 'store' },
];

export const operationsByName: ReadonlyMap<string, Operation> = new Map(operations.map((operation) => [operation.name, operation]));
