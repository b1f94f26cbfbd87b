export interface Refusable {
  code(status: number): { send(body: object): unknown };
}

export interface Fault {
  path: string;
  message: string;
}

export function refuse(reply: Refusable, path: string, message: string): unknown {
  return refuseAll(reply, [{ path, message }]);
}

/** 400 with every fault, in the one error shape. */
export function refuseAll(reply: Refusable, faults: readonly Fault[]): unknown {
  const message = faults.map((fault) => fault.message).join('; ');
  return reply.code(400).send({ type: 'error', error: { type: 'invalid_request', message, faults } });
}
