// A server that is somebody else's: GET /slow waits a little. What it does wrong is told by its arguments.
import { createServer } from 'node:http';

const port = Number(process.env.PORT);
const options = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')));
const waitMs = Number(options.wait ?? 20);
const paths = (options.path ?? '/slow').split(',');
let requests = 0;

if (options.start === 'no') {
  console.error('no database at db.example');
  process.exit(3);
}
createServer((request, response) => {
  requests += 1;
  if (request.url === '/') return response.end('up');
  if (options.dies && requests > Number(options.dies)) process.exit(7);
  if (options.fails && requests % Number(options.fails) === 0) return response.writeHead(500).end('out of memory');
  if (!paths.includes(request.url)) return response.writeHead(404).end('no such page');
  setTimeout(() => response.end('done'), waitMs);
}).listen(port, options.host ?? '127.0.0.1');
