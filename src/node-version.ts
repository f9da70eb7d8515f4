/**
 * The server needs a newer Node than `guichet/resource-server`: oidc-provider supports 22 and later, and on 20 the compiled
 * part of argon2 ends the process with a segmentation fault. To be asked before any of it is imported.
 */
const SERVER_NODE_MIN = 22;

/** A sentence when this Node is too old. */
export function nodeProblem(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= SERVER_NODE_MIN) return undefined;
  return `Guichet's server needs Node ${SERVER_NODE_MIN} or newer, and this is Node ${version}.`;
}
