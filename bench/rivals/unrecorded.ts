/**
 * Guichet without what makes its tokens revocable: nothing is written before a token leaves, and no place in a status list is
 * drawn. What the ledger and the lists cost is the difference; nobody should run this.
 */
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/log.ts';
import { startServer } from '../../src/server.ts';
import { openServices } from '../../src/services.ts';

const config = loadConfig();
const services = await openServices(config, createLogger({ level: config.logLevel }));
const nowhere = { listNo: 0, listId: '', index: 0 };
const server = await startServer({
  ...services,
  records: { ...services.records, issue: () => Promise.resolve('issued') },
  statusLease: { ...services.statusLease, allocate: () => Promise.resolve(nowhere) },
});
process.on('SIGTERM', () => {
  void server
    .close()
    .then(() => services.close())
    .then(() => process.exit(0));
});
