import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { applyConfiguration, planConfiguration, type Applied } from '../../src/configuration/apply.ts';
import type { ConfigurationContext } from '../../src/configuration/configuration.ts';
import { exportConfiguration } from '../../src/configuration/export.ts';
import type { PlanOptions, WorkingPlan } from '../../src/configuration/plan.ts';
import { readConfigurationText } from '../../src/configuration/read-configuration.ts';
import type { ReadReference } from '../../src/configuration/resolve-references.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';

/** A server's configuration without the server, on a database of its own. */
export interface Scene extends AsyncDisposable {
  readonly rooms: Rooms;
  readonly ctx: ConfigurationContext;
  /** What references stand for: set and unset at will. */
  readonly secrets: Map<string, string>;
  plan(text: string, options?: PlanOptions): Promise<WorkingPlan>;
  apply(text: string, options?: PlanOptions & { planDigest?: string }): Promise<Applied>;
  export(): Promise<string>;
}

export async function openScene(): Promise<Scene> {
  const rooms = await openRooms();
  const ctx: ConfigurationContext = {
    ...rooms,
    config: { ...rooms.config, issuer: 'https://login.example.com', tokens: { accessTtlSeconds: 300 } },
  };
  const secrets = new Map<string, string>();
  const read: ReadReference = {
    secret: (reference) => Promise.resolve(secrets.get('env' in reference ? reference.env : reference.file)),
    picture: () => Promise.reject(new Error('there are no pictures here')),
  };
  return {
    rooms,
    ctx,
    secrets,
    plan: (text, options = {}) => planConfiguration(ctx, readConfigurationText(text), { ...options, read }),
    apply: (text, options = {}) =>
      applyConfiguration(ctx, readConfigurationText(text), { ...options, read, actor: 'cli' }),
    export: async () => (await exportConfiguration(ctx)).text,
    [Symbol.asyncDispose]: () => rooms[Symbol.asyncDispose](),
  };
}

export interface Folder extends AsyncDisposable {
  write(name: string, text: string): Promise<string>;
}

export async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-configuration-'));
  return {
    async write(name, text) {
      const file = path.join(folder, name);
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** As this server makes them. */
export function secretNumber(number: number): string {
  return `gcs_${String(number).padStart(43, 'x')}`;
}
