import qrcode from 'qrcode-generator';

/**
 * A QR code as an SVG path of horizontal lines, to be drawn one wide, in a square of `size` with the quiet zone. They lie on
 * the upper edges of their rows, half a module too high, so that the numbers stay whole and the page small.
 */
export interface QrCode {
  readonly size: number;
  readonly path: string;
}

/** ISO/IEC 18004 §9.1 asks for four modules around it. */
const QUIET_ZONE = 4;

export function qrCode(text: string): QrCode {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  const rows = Array.from({ length: count }, (_, row) => rowPath(code, row, count));
  return { size: count + 2 * QUIET_ZONE, path: rows.join('') };
}

/** Neighbours in one piece: a third of the length. */
function rowPath(code: ReturnType<typeof qrcode>, row: number, count: number): string {
  const pieces: string[] = [];
  for (let start = 0; start < count; start += 1) {
    let end = start;
    while (end < count && code.isDark(row, end)) end += 1;
    if (end === start) continue;
    pieces.push(`M${start + QUIET_ZONE} ${row + QUIET_ZONE}h${end - start}`);
    start = end;
  }
  return pieces.join('');
}
