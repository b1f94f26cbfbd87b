/** A server whose answers are work and no waiting: `node bench/work-server.ts <port> <bytes>` hashes so many bytes for each GET /work. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const [port = 0, bytes = 0] = process.argv.slice(2).map(Number);
const content = Buffer.alloc(bytes, 'work');

createServer((request, response) => {
  response.end(request.url === '/work' ? createHash('sha256').update(content).digest('hex') : 'up');
}).listen(port, '127.0.0.1');
