/** How far something long is, on one line of a terminal that is drawn over and over; elsewhere it says nothing. */
export interface Progress {
  update(done: { readonly items: number; readonly bytes: number }): void;
  /** Leaves an empty line behind. */
  end(): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Often enough to look alive. */
const DRAWN_EVERY_MS = 200;

const BAR_WIDTH = 24;

/** @param bytesTotal undefined where nobody knows, as of a pipe: then there is no bar and no time left */
export function createProgress(
  terminal: Terminal,
  {
    noun,
    bytesTotal,
    nowMs = () => performance.now(),
  }: { noun: string; bytesTotal: number | undefined; nowMs?: () => number },
): Progress {
  const startedAtMs = nowMs();
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  return {
    update({ items, bytes }) {
      const now = nowMs();
      if (terminal.isTTY !== true || now - drawnAtMs < DRAWN_EVERY_MS) return;
      drawnAtMs = now;
      const seconds = Math.max((now - startedAtMs) / 1000, 0.001);
      const rate = `${numeral(items)} ${noun}  ${numeral(Math.round(items / seconds))}/s`;
      const share = bytesTotal === undefined ? undefined : Math.min(bytes / Math.max(bytesTotal, 1), 1);
      terminal.write(
        `\r\u001b[K${share === undefined ? rate : `${bar(share)}  ${rate}  ${left(share, seconds)}`}`,
      );
    },
    end() {
      if (terminal.isTTY === true && drawnAtMs > Number.NEGATIVE_INFINITY) terminal.write('\r\u001b[K');
    },
  };
}

function bar(share: number): string {
  const full = Math.round(share * BAR_WIDTH);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${percent}`;
}

function left(share: number, seconds: number): string {
  if (share === 0) return '';
  const remaining = Math.ceil((seconds * (1 - share)) / share);
  return remaining < 120 ? `${remaining} s left` : `${Math.ceil(remaining / 60)} min left`;
}

/** `12 345`, as people group digits. */
function numeral(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');
}
