import { errorCode } from './error-code.ts';

export function isAlive(pid: number): boolean {
  return sendSignal(pid, 0);
}

/** False when there is no such process; true also when it is somebody else's, whom the signal does not reach. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    if (errorCode(error) === 'EPERM') return true;
    throw error;
  }
}
