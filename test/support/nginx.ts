import type { TestCertificate } from './certificates.ts';
import { configure, startGateway, type GatewayProcess } from './gateway-process.ts';

/** What Debian's own nginx.conf has around it, with everything it writes in one folder. */
const AROUND = `
  pid @FOLDER@/nginx.pid;
  error_log stderr warn;
  worker_processes 1;
  ${process.getuid?.() === 0 ? 'user root;' : ''}
  events { worker_connections 256; }
  http {
    access_log off;
    client_body_temp_path @FOLDER@/body;
    proxy_temp_path @FOLDER@/proxy;
    fastcgi_temp_path @FOLDER@/fastcgi;
    uwsgi_temp_path @FOLDER@/uwsgi;
    scgi_temp_path @FOLDER@/scgi;
    include @FOLDER@/guichet.conf;
  }`;

export interface NginxOptions {
  readonly issuer: string;
  /** Where it reaches Guichet and the API, and where it listens. */
  readonly guichetPort: number;
  readonly apiPort: number;
  readonly port: number;
  readonly certificate: TestCertificate;
}

/** gateways/nginx.conf in the real program. */
export function startNginx(
  program: string,
  { issuer, guichetPort, apiPort, port, certificate }: NginxOptions,
): Promise<GatewayProcess> {
  const site = configure('nginx.conf', {
    '127.0.0.1:3000': `127.0.0.1:${guichetPort}`,
    '127.0.0.1:8080': `127.0.0.1:${apiPort}`,
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    'server_name api.example.com': 'server_name localhost',
    '/etc/nginx/api.example.com.pem': '@FOLDER@/server.pem',
    '/etc/nginx/api.example.com.key': '@FOLDER@/server.key',
    'id.example.com': new URL(issuer).host,
    'https://api.example.com$request_uri': `https://localhost:${port}$request_uri`,
  });
  return startGateway(program, {
    port,
    files: {
      'nginx.conf': AROUND,
      'guichet.conf': site,
      'server.pem': certificate.certificatePem,
      'server.key': certificate.keyPem,
    },
    args: (folder) => ['-p', folder, '-c', `${folder}/nginx.conf`, '-e', 'stderr', '-g', 'daemon off;'],
  });
}
