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
/** proc(5): utime and stime are fields 14 and 15; counting begins behind the name, which is field 2. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

export function figuresOf(pid: number): ProcessFigures {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const seconds = (thread: string) => cpuSeconds(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'));
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      rssMegabytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
      cpuSeconds: threads.map(seconds).reduce((sum, one) => sum + one, 0),
      mainThreadSeconds: seconds(String(pid)),
    };
  } catch {
    return { rssMegabytes: Number.NaN, cpuSeconds: Number.NaN, mainThreadSeconds: Number.NaN };
  }
}

function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND;
}
