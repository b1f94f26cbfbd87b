import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a proxy does when the database has said that something was committed. */
export type Cut =
  /** Its client never hears of it: the connection breaks before. */
  | 'before it is told'
  /** Its client hears of it, and nothing more: all connections break, and new ones, until `mend`. */
  | 'after it is told';

export interface CuttingProxy {
  /** The database's URL, through the proxy. */
  url: string;
  /** At the next commit of a transaction; resolves when that has been cut. */
  cut(how: Cut): Promise<void>;
  /** Connections go through again. */
  mend(): void;
  stop(): Promise<void>;
}

/** The database's word for a committed transaction, as it is in its protocol. */
const committed = Buffer.from('COMMIT\0');

/** Between a server and its Postgres, to break what is between them at the worst moment. Of statements outside of a transaction it knows nothing. */
export async function cuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let armed: { how: Cut; done: () => void } | undefined;
  let isDown = false;
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy = createServer((client) => {
    if (isDown) {
      client.destroy();
      return;
    }
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        database.destroy();
      });
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => database.write(bytes));
    database.on('data', (bytes: Buffer) => {
      if (!armed || !bytes.includes(committed)) {
        client.write(bytes);
        return;
      }
      const { how, done } = armed;
      armed = undefined;
      if (how === 'before it is told') client.destroy();
      else {
        isDown = true;
        client.write(bytes, () => breakAll());
      }
      done();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.port = String((proxy.address() as AddressInfo).port);
  return {
    url: url.href,
    cut: (how) =>
      new Promise((done) => {
        armed = { how, done };
      }),
    mend() {
      isDown = false;
    },
    async stop() {
      breakAll();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
