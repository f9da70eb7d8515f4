/** Loaded into the server under test by `--import`: SIGUSR2 begins a CPU profile, the next one ends and writes it. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';

import { PROFILE_FILE } from './profile-file.ts';

/** Fine enough for functions of microseconds; finer samples begin to cost more than what they see. */
const INTERVAL_MICROS = 250;

const folder = process.env['PROFILE_FOLDER'] ?? '.';
const session = new Session();
let running = false;

process.on('SIGUSR2', () => {
  running = !running;
  void (running ? begin() : end());
});

async function begin(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS });
  await session.post('Profiler.start');
}

async function end(): Promise<void> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  writeFileSync(path.join(folder, PROFILE_FILE), JSON.stringify(profile));
}
