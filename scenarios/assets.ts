/**
 * The static assets of the HTML shell. Names carry a content hash, but for the last two, which keep theirs for ever and are revalidated.
 * Sizes are of the body before compression: those of a web application with a rich editor; none was captured in the analysis.
 */
export type AssetKind = 'script' | 'style' | 'font' | 'image';

export interface Asset {
  /** The `{asset}` of the path of its operation. Unique. */
  name: string;
  /** `assets` serves code and styles (`assets.bundle`), `static` fonts and images (`assets.media`). */
  origin: 'assets' | 'static';
  operation: 'assets.bundle' | 'assets.media';
  kind: AssetKind;
  /** Body before compression. */
  bytes: number;
  contentType: string;
  /** The document names it and needs it before DOMContentLoaded. */
  critical: boolean;
  /** The name changes with the content, so it is cached for a year. */
  immutable: boolean;
}

function bundle(kind: AssetKind, contentType: string, name: string, bytes: number, critical: boolean): Asset {
  return { name, origin: 'assets', operation: 'assets.bundle', kind, bytes, contentType, critical, immutable: true };
}
function media(kind: AssetKind, contentType: string, name: string, bytes: number, immutable = true): Asset {
  return { name, origin: 'static', operation: 'assets.media', kind, bytes, contentType, critical: false, immutable };
}
const script = (name: string, bytes: number, load?: 'critical'): Asset => bundle('script', 'text/javascript; charset=utf-8', name, bytes, load === 'critical');
const style = (name: string, bytes: number, load?: 'critical'): Asset => bundle('style', 'text/css; charset=utf-8', name, bytes, load === 'critical');
const font = (name: string, bytes: number): Asset => media('font', 'font/woff2', name, bytes);
const icon = (name: string, bytes: number): Asset => media('image', 'image/svg+xml', name, bytes);
const image = (name: string, bytes: number): Asset => media('image', 'image/png', name, bytes);
const plainName = (name: string, contentType: string, bytes: number): Asset => media('image', contentType, name, bytes, false);

export const assets: readonly Asset[] = [
  script('webpack-caa7227955e4606b.js', 6_694, 'critical'),
  script('framework-5ba8afd43e34732c.js', 186_866, 'critical'),
  script('main-app-ecda24f78451a3a8.js', 141_745, 'critical'),
  script('polyfills-28890a5f5988e1e3.js', 90_769, 'critical'),
  script('app-layout-6297a77f6a00b219.js', 117_799, 'critical'),
  script('app-shell-a94ffbf12ea5f88d.js', 96_284, 'critical'),
  script('vendor-react-query-e1dc277ede37b961.js', 74_391, 'critical'),
  script('vendor-editor-3e0baf236580f83a.js', 267_717, 'critical'),
  script('vendor-ui-73190ea1228f1457.js', 151_916, 'critical'),
  script('vendor-intl-3b377c0b529ac896.js', 63_352, 'critical'),
  script('vendor-telemetry-c92acc30b8c2eec4.js', 58_326, 'critical'),
  script('page-new-chat-0f3e4b8954be8011.js', 83_768, 'critical'),
  script('sidebar-7b5ba68731f42446.js', 71_325, 'critical'),
  script('composer-e62b59a29e2ab987.js', 109_322, 'critical'),

  style('tokens-a5b466be12aeb889.css', 37_887, 'critical'),
  style('base-310abde3ef3f417c.css', 124_181, 'critical'),
  style('app-335b7f82952b1476.css', 86_858, 'critical'),
  style('composer-2367696c74599f5b.css', 29_209, 'critical'),

  script('markdown-675b53eaa39081e5.js', 18_001),
  script('math-5119c49059318b69.js', 58_156),
  script('code-highlight-498014455b51d990.js', 8_372),
  script('languages-web-4ea39a7e8e7baff1.js', 13_845),
  script('languages-systems-89ec44cc56ba8626.js', 58_092),
  script('languages-data-8fa35b37fe7bc98e.js', 36_001),
  script('artifact-frame-9a2ffc5f68aef7f9.js', 17_043),
  script('artifact-versions-941cfd6cc587c61b.js', 16_281),
  script('artifact-toolbar-ed828d407b708891.js', 33_647),
  script('project-list-abe05718f0ad00a7.js', 32_458),
  script('project-settings-2311484cd98b86eb.js', 21_758),
  script('project-members-777b118ac00222dd.js', 54_263),
  script('project-knowledge-558c3605e9182d84.js', 15_233),
  script('file-preview-83fb977e4300a9d0.js', 15_240),
  script('file-upload-00f9a5a1a814dda0.js', 25_735),
  script('image-viewer-056efb7a823e9685.js', 16_381),
  script('pdf-viewer-18fb6b8967203cc1.js', 11_899),
  script('table-viewer-f599065a9c690064.js', 14_069),
  script('chart-viewer-cbf449ecb787f39e.js', 21_895),
  script('diagram-viewer-0013b69e73d0a7a3.js', 15_899),
  script('voice-input-1a83cd8e3c154fd8.js', 43_486),
  script('style-picker-463795f017b8182d.js', 26_180),
  script('style-editor-26638937a51d25cf.js', 7_004),
  script('model-picker-3fd2950d849652d5.js', 19_911),
  script('feature-tour-c595b3b3c52465fa.js', 41_545),
  script('command-menu-4f43c225761ddcff.js', 11_198),
  script('search-panel-c0a3aad796a84183.js', 27_527),
  script('recents-6d1ef561cd342fea.js', 59_308),
  script('starred-ce0dfaeaf6768f0b.js', 21_272),
  script('share-dialog-f7cbb3b1737e90e2.js', 6_869),
  script('export-dialog-dfe246f4974b2749.js', 10_246),
  script('settings-account-f3e53b163cba5a32.js', 55_586),
  script('settings-billing-337cabbf00c17f30.js', 36_138),
  script('settings-privacy-4a8c5c4058dca573.js', 33_700),
  script('settings-connectors-b93a27d53d431259.js', 24_046),
  script('settings-profile-178fba07cb0452d7.js', 30_202),
  script('extensions-list-6ef22bcb2064059d.js', 53_010),
  script('extensions-detail-256503fd99f8a6ee.js', 29_108),
  script('extensions-install-f31dcc14fc46d99a.js', 30_710),
  script('skills-list-78f2bd77bfc25108.js', 32_401),
  script('skills-editor-2647ef3213e0103e.js', 48_625),
  script('connector-gmail-ca89421bd596b66f.js', 61_600),
  script('connector-calendar-e892502764720ea0.js', 25_026),
  script('connector-drive-c45f98c97c9ab6a8.js', 54_558),
  script('mcp-client-82362e77a8deb065.js', 17_536),
  script('notifications-b66e8d2508646158.js', 52_127),
  script('push-de495370758f691b.js', 7_231),
  script('toasts-a932ae6c09f6366b.js', 57_732),
  script('feedback-4e031473bb1d116d.js', 44_463),
  script('help-6c2ab3e4c60a7561.js', 15_500),
  script('date-format-56aaadcb40136836.js', 12_258),
  script('emoji-a60b3d57f8b9e682.js', 53_993),

  style('markdown-d09c973cb7d86a38.css', 15_184),
  style('code-a84c780ec9677776.css', 13_169),
  style('settings-baaf44240d2ac67e.css', 13_623),
  style('extensions-557d51f724b24dbc.css', 9_399),

  font('serif-regular-079660bfcbe9b793.woff2', 58_660),
  font('serif-medium-9e807f5f6b4fe7b9.woff2', 53_524),
  font('serif-italic-a49dcee7e993df5d.woff2', 54_153),
  font('sans-regular-0eb2735635d22d36.woff2', 70_005),
  font('sans-medium-f0ea90cb02894ac8.woff2', 68_663),
  font('sans-bold-644fb9cc93fb4011.woff2', 26_748),
  font('mono-regular-cc300693e9433fe7.woff2', 73_622),
  font('mono-bold-07deb795353167ca.woff2', 48_265),

  icon('logo-0525969e7058a0f4.svg', 3_960),
  icon('spark-fb50731308ea9e88.svg', 4_224),
  icon('new-chat-a1ce1425fa2390e6.svg', 1_122),
  icon('chats-0afe60be848197a0.svg', 3_810),
  icon('projects-3b91d98969d83d96.svg', 1_457),
  icon('artifacts-3f60f34f1544c6d0.svg', 2_527),
  icon('code-2d16b4943b09c588.svg', 1_990),
  icon('search-0112af4340fb3482.svg', 4_186),
  icon('attach-ccf55df2c4046cc2.svg', 4_540),
  icon('send-86b4663e1cbfc73a.svg', 3_342),
  icon('stop-df6881a41ac96885.svg', 1_639),
  icon('copy-8e92359f83c1c71b.svg', 2_014),
  icon('retry-5d21b6a58eed9a70.svg', 1_598),
  icon('thumb-up-cbe9f606baedcfb7.svg', 3_374),
  icon('thumb-down-89a6f612533ef791.svg', 4_100),
  icon('gmail-bfcd79e055db4c21.svg', 4_144),
  icon('calendar-7f72f9d9cf17038c.svg', 4_075),
  icon('drive-b620ec430e789b2d.svg', 3_195),
  icon('github-8be15cfc4435aa8b.svg', 1_996),
  icon('slack-9296b99d1fca4c62.svg', 3_872),
  icon('notion-399b4a64a928ba36.svg', 4_143),
  icon('figma-b07875b9a917e766.svg', 3_388),
  icon('linear-402f3f3728f48677.svg', 3_021),
  icon('terminal-eca10ac8787bf906.svg', 2_061),
  image('avatar-default-a9ab38ab82d51ec3.png', 34_040),
  image('onboarding-hero-0bff41ea3ed5edb5.png', 43_512),
  image('extension-files-9ec8226c8ab888cd.png', 41_965),
  image('extension-browser-ecc70897ea5a20c8.png', 34_489),
  image('extension-database-b5dc52b093a16ecc.png', 19_738),
  image('extension-calendar-0c0ed04945333304.png', 22_765),

  plainName('favicon.ico', 'image/x-icon', 15_086),
  plainName('apple-touch-icon.png', 'image/png', 9_412),
];

export const assetsByName: ReadonlyMap<string, Asset> = new Map(assets.map((asset) => [asset.name, asset]));
