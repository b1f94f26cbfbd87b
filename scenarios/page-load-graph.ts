/** The steps of one page load, built from small tables. Who waits for whom is here; what each request costs is the server's. docs/page-load.md explains it. */
import { type Asset, assets } from './assets.ts';
import { sessionHeaders } from './session.ts';
import type { Json, RequestStep, Step, WorkStep } from './types.ts';

/**
 * Client work, which no request shows. Fitted so that on HTTP/2 and the profile `observed` the median DOMContentLoaded is 1.7 s and the median load 2.3 s
 * (system analysis, Latency Breakdown). The analysis gives only these two sums: the split among the parts is our choice.
 */
export const fitted = {
  /** HTML to DOM. */
  parseDocumentMs: 20,
  /** Parse and match the critical styles, for each 1,000 bytes. */
  styleMsPerKilobyte: 0.1,
  /** Parse, compile and execute a critical script, for each 1,000 bytes. Settles DOMContentLoaded. */
  scriptMsPerKilobyte: 1.05,
  /** The application takes over the DOM of the document. */
  hydrateMs: 120,
  /** Parse 190 KB of extension manifests and render the list. With `hydrateMs` and `paintMs` it settles load. */
  renderExtensionsMs: 290,
  /** Last layout and paint, after the last image. */
  paintMs: 30,
} as const;

/** A page asks for the items of a list from a loop, not at one instant: so far apart. Our choice. */
const apartMs = 1;

/** Recent conversations whose content and files the page asks for. */
export const conversationCount = 20;
/** Projects in the sidebar: all of the default seed. */
export const projectCount = 12;
/** Published artifacts: all of the default seed. */
export const artifactCount = 8;

const models = ['claude-opus-4-5-20251101', 'claude-sonnet-4-5-20250929', 'claude-haiku-4-5-20251001'];
const appHeaders = { ...sessionHeaders, 'accept-encoding': 'zstd, br, gzip' };
/** Streams are read as they are. */
const streamHeaders = sessionHeaders;

type More = Partial<Omit<RequestStep, 'id' | 'operation' | 'after'>>;
const app = (id: string, operation: string, after: string[], more: More = {}): RequestStep => ({ id, operation, after, headers: appHeaders, ...more });
const work = (id: string, after: string[], workMs: number, source: string): WorkStep => ({ id, after, workMs, source });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** `vendor-ui` of `vendor-ui-73190ea1228f1457.js`. */
const shortName = ({ name }: Asset): string => name.replace(/(-[0-9a-f]{16})?\.\w+$/, '');
const fetchId = (asset: Asset): string => `${asset.kind}-${shortName(asset)}`;
const fetchAsset = (asset: Asset, after: string[]): RequestStep => ({
  id: fetchId(asset),
  operation: asset.operation,
  after,
  params: { asset: asset.name },
  // Fonts and images are compressed already.
  ...(asset.origin === 'assets' && { headers: { 'accept-encoding': 'zstd, br, gzip' } }),
});

const scripts = assets.filter((asset) => asset.critical && asset.kind === 'script');
const styles = assets.filter((asset) => asset.critical && asset.kind === 'style');
const chunks = assets.filter((asset) => !asset.critical && asset.origin === 'assets');
const fonts = assets.filter((asset) => asset.kind === 'font');
const siteIcons = assets.filter((asset) => !asset.immutable);
const extensionImages = assets.filter((asset) => asset.kind === 'image' && asset.name.startsWith('extension-'));
const images = assets.filter((asset) => asset.kind === 'image' && asset.immutable && !asset.name.startsWith('extension-'));

const runId = (name: string): string => `run-${name}`;
const lastScript = runId(shortName(scripts.at(-1) as Asset));

function kilobytes(all: readonly Asset[]): number {
  return all.reduce((sum, asset) => sum + asset.bytes, 0) / 1_000;
}

/** The document, what it names, and the scripts run in its order on the one main thread. */
function documentSteps(): Step[] {
  const steps: Step[] = [
    { id: 'document', operation: 'assets.shell', after: [], headers: { ...appHeaders, accept: 'text/html' } },
    work('parse-document', ['document'], fitted.parseDocumentMs, 'fitted: fitted.parseDocumentMs'),
    ...[...styles, ...scripts].map((asset) => fetchAsset(asset, ['document'])),
    work(
      'apply-styles',
      [...styles.map(fetchId), 'parse-document'],
      Math.round(kilobytes(styles) * fitted.styleMsPerKilobyte),
      'fitted: bytes of the critical styles x fitted.styleMsPerKilobyte',
    ),
  ];
  let before = 'apply-styles';
  for (const script of scripts) {
    const id = runId(shortName(script));
    const workMs = Math.round((script.bytes / 1_000) * fitted.scriptMsPerKilobyte * 10) / 10;
    steps.push(work(id, [fetchId(script), before], workMs, 'fitted: bytes of the script x fitted.scriptMsPerKilobyte'));
    before = id;
  }
  return [...steps, ...fonts.map((font) => fetchAsset(font, ['apply-styles'])), ...siteIcons.map((icon) => fetchAsset(icon, ['parse-document']))];
}

/** Who am I, and what may I see: asked as soon as the application's main script has run. */
const bootstrapSteps: RequestStep[] = [
  app('bootstrap', 'account.bootstrap', ['run-main-app']),
  app('account', 'account.read', ['run-main-app']),
  app('features', 'settings.features.read', ['run-main-app']),
  app('experiences', 'settings.experiences.read', ['run-main-app']),
];

/** Reads in parallel, once the client knows the user and its data layer has run; those of a list's items wait for the list. */
function fanOutSteps(): RequestStep[] {
  const ready = [...bootstrapSteps.map(({ id }) => id), 'run-vendor-react-query'];
  const page = { limit: conversationCount };
  return [
    app('conversations', 'chat.conversations.list', ready, { query: { ...page, offset: 0 } }),
    app('conversations-next', 'chat.conversations.list', ['conversations'], { query: { ...page, offset: conversationCount } }),
    app('conversation-count', 'chat.conversations.count', ready),
    app('projects', 'projects.list', ready, { query: { limit: projectCount, offset: 0 } }),
    app('published-artifacts', 'projects.published_artifacts.list', ready),
    app('styles', 'settings.styles.list', ready),
    app('payment-method', 'billing.payment_method.read', ready),
    app('credits', 'billing.credits.read', ready),
    app('sync-gmail', 'sync.gmail.read', ready),
    app('sync-gcal', 'sync.gcal.read', ready),
    app('sync-drive', 'sync.drive.read', ready),
    app('ingestion', 'sync.ingestion.read', ready),
    app('skills', 'skills.list', ready),
    app('installed-extensions', 'skills.extensions.list', ready, { query: { installed_only: true } }),
    app('mcp-bootstrap', 'skills.mcp.bootstrap', ready, { headers: streamHeaders }),
    ...models.map((model, index) => app(`model-${index}`, 'model.configs.read', ready, { params: { model } })),
    ...upTo(conversationCount).flatMap((index) => {
      const params = { conversation_uuid: `{{conversation_${index}}}` };
      const delayMs = index * apartMs;
      return [
        app(`conversation-${index}`, 'chat.conversations.read', ['conversations'], { params, delayMs, query: { tree: 'True', consistency: 'eventual' } }),
        app(`files-${index}`, 'chat.files.list', ['conversations'], { params, delayMs, query: { prefix: '' } }),
      ];
    }),
    ...upTo(projectCount).flatMap((index) => {
      const params = { project_uuid: `{{project_${index}}}` };
      const delayMs = index * apartMs;
      return [
        app(`project-${index}`, 'projects.read', ['projects'], { params, delayMs }),
        app(`project-permissions-${index}`, 'projects.permissions.read', ['projects'], { params, delayMs }),
        app(`project-accounts-${index}`, 'projects.accounts.list', ['projects'], { params, delayMs }),
      ];
    }),
    ...upTo(4).map((index) =>
      app(`project-conversations-${index}`, 'chat.conversations.list', ['projects'], { query: { limit: 5, offset: 0, project_uuid: `{{project_${index}}}` } }),
    ),
    ...upTo(artifactCount).map((index) =>
      app(`artifact-versions-${index}`, 'chat.artifacts.versions', ['published-artifacts'], {
        params: { artifact_uuid: `{{artifact_${index}}}` },
        query: { source: 'w' },
      }),
    ),
  ];
}

/** The application takes over: panels load their code and icons, and the extensions, the largest answer, are shown last. */
function panelSteps(): Step[] {
  return [
    work('hydrate', [lastScript, ...bootstrapSteps.map(({ id }) => id)], fitted.hydrateMs, 'fitted: fitted.hydrateMs'),
    ...[...chunks, ...images].map((asset, index) => ({ ...fetchAsset(asset, ['hydrate']), delayMs: index * apartMs })),
    app('extensions', 'skills.extensions.list', ['hydrate'], { query: { limit: 100, offset: 0 } }),
    work(
      'render-extensions',
      ['extensions', 'script-extensions-list'],
      fitted.renderExtensionsMs,
      'fitted: fitted.renderExtensionsMs; "bound by extension manifests (190KB)" is the analysis',
    ),
    ...extensionImages.map((image) => fetchAsset(image, ['render-extensions'])),
    work('paint', [...extensionImages.map(fetchId)], fitted.paintMs, 'fitted: fitted.paintMs'),
  ];
}

const track = (id: string, event: string, after: string[], delayMs = 0): RequestStep => ({
  id,
  operation: 'ingest.track',
  after,
  delayMs,
  body: {
    event,
    type: 'track',
    properties: { account_uuid: '{{account_uuid}}', organization_uuid: '{{org_uuid}}', billing_type: 'stripe_subscription', surface: 'claude-ai' },
  },
});
const register = (id: string, event: string, after: string[], delayMs: number): RequestStep => {
  const events: Json = [{ eventName: event, user: { userID: '{{account_uuid}}' }, metadata: { gate: 'paprika_mode', gateValue: 'true' } }];
  return { id, operation: 'ingest.flags.register', after, delayMs, body: { events, statsigMetadata: { sdkType: 'js-client' } } };
};

const earlyEvents = [
  'app.loaded',
  'login.session_resumed',
  'sidebar.displayed',
  'composer.displayed',
  'cardamom_prompts.prompt_displayed',
  'model_picker.displayed',
];
const lateEvents = [
  'page.viewed',
  'recents.displayed',
  'projects.displayed',
  'extensions.displayed',
  'skills.displayed',
  'styles.displayed',
  'connectors.displayed',
  'billing.displayed',
  'performance.reported',
  'session.idle',
];

/** Analytics, flags and push: nothing waits for them, and they are in no milestone. Our choice of how many; the analysis names the calls. */
function thirdPartySteps(): RequestStep[] {
  const endpoint = 'https://push.example.org/wp/{{account_uuid}}';
  const key = 'BGEw2wsHgLwzerjvnMTkbKrFRxdmwJ5S';
  return [
    {
      id: 'flags-initialize',
      operation: 'ingest.flags.initialize',
      after: ['run-vendor-telemetry'],
      body: { user: { userID: '{{account_uuid}}' }, hash: 'djb2' },
    },
    register('flags-register-first', 'statsig::gate_exposure', ['flags-initialize'], 0),
    ...earlyEvents.map((event, index) => track(`track-early-${index}`, `claudeai.${event}`, [lastScript], index * 40)),
    ...lateEvents.map((event, index) => track(`track-late-${index}`, `claudeai.${event}`, ['paint'], 100 + index * 60)),
    register('flags-register-load', 'statsig::config_exposure', ['paint'], 200),
    register('flags-register-idle', 'statsig::layer_exposure', ['paint'], 600),
    {
      id: 'push-register',
      operation: 'ingest.push.register',
      after: ['paint'],
      delayMs: 300,
      params: { push_project: 'plumbline-web' },
      headers: { 'x-goog-api-key': 'none' },
      body: { web: { endpoint, auth: 'k8JV6sjdbhAi1n3_LDBLvA', p256dh: key } },
    },
  ];
}

const loadSteps: Step[] = [...documentSteps(), ...bootstrapSteps, ...fanOutSteps(), ...panelSteps()];

/** Every step of the page load; parents before their children. */
export const pageLoadSteps: Step[] = [...loadSteps, ...thirdPartySteps()];

/**
 * `domContentLoaded`: the document is parsed and its scripts, all deferred, have run.
 * `load`: all that the page asks for is there and painted, third parties left out. (A browser's own load event would not wait for data
 * that scripts fetch; the analysis' does, since it is bound by the extension manifests.)
 */
export const pageLoadMilestones: Record<string, string[]> = {
  domContentLoaded: ['parse-document', 'apply-styles', lastScript],
  load: loadSteps.map(({ id }) => id),
};
