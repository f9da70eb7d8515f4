import { configure, findProgram, startGateway } from '../support/gateway-process.ts';
import { gatewayContract, type Setting } from './contract.ts';

const caddy = findProgram('caddy');

/** Its own certificate, and nothing written outside of the folder. */
function start(program: string, { scene, guichetPort, apiPort, port }: Setting) {
  const site = configure('caddy.Caddyfile', {
    'api.example.com {': `{\n admin off\n auto_https disable_redirects\n storage file_system @FOLDER@/store\n skip_install_trust\n}\nlocalhost:${port} {`,
    'tls {': 'tls internal {',
    '127.0.0.1:3000': `127.0.0.1:${guichetPort}`,
    '127.0.0.1:8080': `127.0.0.1:${apiPort}`,
    'Host id.example.com': `Host ${new URL(scene.issuer).host}`,
    'X-Forwarded-Host api.example.com': `X-Forwarded-Host localhost:${port}`,
  });
  return startGateway(program, {
    port,
    files: { Caddyfile: site },
    args: (folder) => ['run', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile'],
  });
}
gatewayContract(
  'Caddy with forward_auth',
  caddy === undefined ? undefined : (setting) => start(caddy, setting),
);
