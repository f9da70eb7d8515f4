import { findProgram } from '../support/gateway-process.ts';
import { startNginx } from '../support/nginx.ts';
import { gatewayContract } from './contract.ts';

const nginx = findProgram('nginx');

gatewayContract(
  'nginx with auth_request',
  nginx === undefined
    ? undefined
    : ({ scene, ...rest }) => startNginx(nginx, { issuer: scene.issuer, ...rest }),
);
