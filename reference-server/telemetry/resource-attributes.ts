import { type Attributes, diag, DiagLogLevel } from '@opentelemetry/api';
import { resourceAttributesEnvDetector } from '@opentelemetry/resources';

const serviceName = 'service.name';
const failure = /^\w+ failed: (.*)/s;

/**
 * What `OTEL_RESOURCE_ATTRIBUTES` says of this server: it goes to the spans of every tier, and wins over what the server says of itself. But for `service.name`: a
 * tier is told from another by it, so it stays the tier's own, here and in spite of `OTEL_SERVICE_NAME`.
 * @param onFault once when the variable is malformed: all of it is left out then, as OpenTelemetry's specification has it
 */
export function givenResourceAttributes(onFault: (message: string) => void): Attributes {
  const listener = {
    // Where the detector tells its faults, and the API its own doings.
    debug(message: string): void {
      const [, fault] = failure.exec(message) ?? [];
      if (fault !== undefined) onFault(`OTEL_RESOURCE_ATTRIBUTES is left out: ${fault}`);
    },
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    verbose: () => undefined,
  };
  diag.setLogger(listener, { logLevel: DiagLogLevel.DEBUG, suppressOverrideMessage: true });
  const { attributes = {} } = resourceAttributesEnvDetector.detect();
  diag.disable();
  return Object.fromEntries(Object.entries(attributes as Attributes).filter(([name]) => name !== serviceName));
}
