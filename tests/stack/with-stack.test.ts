import { expect, it } from 'vitest';
import { grafanaBackend, jaegerBackend } from '../../harness/report/trace-backend.ts';
import { withStack } from '../../harness/stack/with-stack.ts';

const stack = {
  target: 'http://127.0.0.1:8787',
  control: 'http://127.0.0.1:8788',
  otlp: 'http://127.0.0.1:4318',
  hostForContainers: '172.17.0.1',
  decisionWaitMs: 40_000,
};
const flags = { allowHost: [], seed: '1', metricsHost: '127.0.0.1', metricsLinger: '5' };

it('a run against the stack goes where the stack is, and its traces open in what the stack shows them with', () => {
  const jaeger = 'http://127.0.0.1:16686';
  const grafana = 'http://127.0.0.1:3000';
  expect(withStack(flags, { ...stack, jaeger })).toMatchObject({
    target: stack.target,
    control: stack.control,
    otlp: stack.otlp,
    metricsPort: '9464',
    metricsHost: '172.17.0.1',
    traceBackend: jaegerBackend(jaeger),
  });
  expect(withStack(flags, { ...stack, grafana })).toMatchObject({ grafana, traceBackend: grafanaBackend(grafana) });
  expect(withStack(flags, stack)).not.toHaveProperty('traceBackend');
});

it('what the user says of metrics, Grafana and where traces open stays', () => {
  const said = { ...flags, metricsPort: '0', grafana: 'http://g', traceUrl: 'http://x/{traceId}' };
  expect(withStack(said, { ...stack, jaeger: 'http://j', grafana: 'http://h' })).toMatchObject(said);
});
