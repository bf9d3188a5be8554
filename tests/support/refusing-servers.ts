import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';

export interface RefusingServer {
  port: number;
  close(): void;
}

async function listening(server: Server): Promise<RefusingServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** A language model's endpoint that refuses every key but `right`. */
export function startRefusingModel(): Promise<RefusingServer> {
  return listening(
    createServer((request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer right' ? 200 : 401).end('{}');
    }),
  );
}

/** What answers `status` to everything, with `body`; where chats are known they are refused with 400. */
export function startModels(
  status: number,
  body: object,
  { knowsChats = false }: { knowsChats?: boolean } = {},
): Promise<RefusingServer> {
  return listening(
    createServer((request, response) => {
      const isChat = knowsChats && request.url!.endsWith('/chat/completions');
      response.writeHead(isChat ? 400 : status).end(JSON.stringify(body));
    }),
  );
}

/** A mail server that greets, and refuses every sign-in. */
export function startRefusingMailServer(): Promise<RefusingServer> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('220 mail ready\r\n');
      socket.on('data', (line) => {
        const word = line.toString().slice(0, 4).toUpperCase();
        if (word === 'EHLO') socket.write('250-mail\r\n250 AUTH PLAIN\r\n');
        else if (word === 'AUTH') socket.write('535 no\r\n');
        else socket.end('221 bye\r\n');
      });
    }),
  );
}
