import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel says of a process; NaN where there is no /proc. */
export interface ProcessFigures {
  readonly rssMegabytes: number;
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  /** Of the thread that runs JavaScript. */
  readonly mainThreadSeconds: number;
}

/** USER_HZ, which Linux fixes at 100 for what it shows in /proc. */
const TICKS_PER_SECOND = 100;
/** proc(5), counted behind the name: the parent is field 4, utime and stime are fields 14 and 15. */
const PARENT = 1;
const USER_TIME = 11;
const SYSTEM_TIME = 12;
/** Of a line of /proc/stat: what is neither idle nor waiting for a disk. */
const BUSY_COLUMNS = [1, 2, 3, 6, 7, 8];

export function figuresOf(pid: number): ProcessFigures {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      rssMegabytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
      cpuSeconds: cpuSeconds(`/proc/${pid}/stat`),
      mainThreadSeconds: cpuSeconds(`/proc/${pid}/task/${pid}/stat`),
    };
  } catch {
    return { rssMegabytes: Number.NaN, cpuSeconds: Number.NaN, mainThreadSeconds: Number.NaN };
  }
}

/** CPU time of everything on this machine. */
export function machineSeconds(): number {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    const columns = line.split(/\s+/).map(Number);
    return BUSY_COLUMNS.reduce((sum, column) => sum + (columns[column] ?? 0), 0) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/** CPU time of a process and its children. */
export function familySeconds(pid: number): number {
  try {
    const family = readdirSync('/proc')
      .map(Number)
      .filter((other) => other === pid || (other > 0 && parentOf(other) === pid));
    return family.map((one) => figuresOf(one).cpuSeconds || 0).reduce((sum, one) => sum + one, 0);
  } catch {
    return Number.NaN;
  }
}

function parentOf(pid: number): number {
  try {
    return Number(statFields(`/proc/${pid}/stat`)[PARENT]);
  } catch {
    return 0;
  }
}

function cpuSeconds(file: string): number {
  const fields = statFields(file);
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND;
}

/** From the third on: the second, the name, may hold spaces. */
function statFields(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
