import { mintSetupLink } from './console/setup-link.ts';
import { ConfigError, loadConfig } from './config/load.ts';
import { AppError } from './errors.ts';
import { createLogger, type Logger } from './log.ts';
import { startServer, type Server } from './server.ts';
import { openServices, type Services } from './services.ts';

/** Configuration → services → server, and the way back on a signal. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ level: config.logLevel });
  for (const notice of config.notices) log.info(notice);

  const services = await openServices(config, log);
  const server = await startServer(services).catch(async (error: unknown) => {
    await services.close();
    throw error;
  });
  stopOnSignal(server, services, log);
  log.info({ issuer: config.issuer, port: server.port }, 'Guichet is ready');
  if (config.mode === 'development') log.info(firstSteps(config.issuer));
  await offerSetup(services);
}

function firstSteps(issuer: string): string {
  return `To get a first token, follow the README. Metadata: ${issuer}/.well-known/openid-configuration`;
}

/** On standard error and not in the log, which others keep: whoever follows the link rules this server. */
async function offerSetup(services: Services): Promise<void> {
  const link = await mintSetupLink(services, { onlyFirst: true });
  if (!link) return;
  const until = link.expiresAt.toISOString();
  process.stderr.write(
    `\nNobody looks after this server yet. Make its first administrator (once, until ${until}):\n\n  ${link.url}\n\n`,
  );
}

/** The first signal drains, the second leaves at once. */
function stopOnSignal(server: Server, services: Services, log: Logger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'stopping: no new requests, finishing those under way');
    server
      .close()
      .then(() => services.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.fatal({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a bug: leaving, so that a supervisor can start afresh');
    process.exit(1);
  });
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) console.error(error.message);
  else if (error instanceof AppError) console.error(`${error.message} (${error.code})`);
  else console.error(error);
  process.exit(1);
});
