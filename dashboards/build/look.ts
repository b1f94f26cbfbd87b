/** One look for all boards: the same colour, unit and order of everything, everywhere. */

import { dashboardIds } from '../../scenarios/names.ts';

/** From the outside in; panels and legends keep this order. */
export const hops = ['edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference'] as const;
export type Hop = (typeof hops)[number];

/** Distinct for colour-blind readers as well (Okabe and Ito's set, darkened where white text would not show). */
export const colours = {
  edge: '#0072B2',
  lb: '#56B4E9',
  mesh: '#009E73',
  service: '#E69F00',
  store: '#D55E00',
  cache: '#B8A200',
  inference: '#CC79A7',
  static: '#56B4E9',
  metadata: '#0072B2',
  crud: '#E69F00',
  completion: '#CC79A7',
  client: '#0072B2',
  server: '#E69F00',
  gap: '#8E8E8E',
  run: '#0072B2',
  base: '#8E8E8E',
  good: '#2E9E5B',
  warning: '#E6A700',
  bad: '#D1383F',
  neutral: '#5B6B7A',
} as const;
export type ColourName = keyof typeof colours;

/** Grafana's names of units. */
export const units = {
  seconds: 's',
  ratio: 'percentunit',
  requestsPerSecond: 'reqps',
  perSecond: 'count:/s',
  bytes: 'bytes',
  bytesPerSecond: 'Bps',
  count: 'short',
  plain: 'none',
} as const;
export type Unit = (typeof units)[keyof typeof units];

export const latencyClasses = ['static', 'metadata', 'crud', 'completion'] as const;

/** Boards by their fixed ids, in the order of their links. */
export const boards = {
  overview: { uid: dashboardIds.overview, title: 'Overview' },
  run: { uid: dashboardIds.run, title: 'Run' },
  path: { uid: dashboardIds.path, title: 'Path' },
  service: { uid: dashboardIds.service, title: 'Service' },
  streams: { uid: dashboardIds.streams, title: 'Streams' },
  data: { uid: dashboardIds.data, title: 'Data' },
  pageLoad: { uid: dashboardIds.pageLoad, title: 'Page load' },
  objectives: { uid: dashboardIds.objectives, title: 'Objectives' },
  compare: { uid: dashboardIds.compare, title: 'Compare' },
  telemetry: { uid: dashboardIds.telemetry, title: 'Telemetry health' },
} as const;
export type BoardName = keyof typeof boards;
