import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';
import { AppError } from '../errors.ts';
import { isStorable } from '../db/text.ts';
import type { Grade, Report } from './report.ts';

export interface ReportLine {
  readonly id: string;
  readonly madeAt: Date;
  readonly madeBy: string;
  readonly grade: Grade;
  readonly summary: Report['summary'];
}

export async function insertReport(db: Queryable, report: Report): Promise<void> {
  await db('security_reports').insert({
    id: report.id,
    made_at: report.made_at,
    made_by: report.made_by,
    grade: report.grade,
    summary: JSON.stringify(report.summary),
    report: JSON.stringify(report),
  });
}

/** Throws `report_not_found`. */
export async function getReport(db: Queryable, id: string): Promise<Report> {
  const row = isStorable(id)
    ? await db<{ id: string; report: Report }>('security_reports').first('report').where({ id })
    : undefined;
  if (row) return row.report;
  throw new AppError('report_not_found', 'There is no such report.', { status: 404 });
}

/** Newest first; `after` is where the previous page ended. */
export async function listReports(
  db: Queryable,
  { limit, after }: { limit: number; after?: Place | undefined },
): Promise<ReportLine[]> {
  const { rows } = await db.raw<{
    rows: { id: string; made_at: Date; made_by: string; grade: Grade; summary: Report['summary'] }[];
  }>(
    `SELECT id, made_at, made_by, grade, summary FROM security_reports
     WHERE cast(:at AS timestamptz) IS NULL OR (made_at, id) < (:at, :id)
     ORDER BY made_at DESC, id DESC LIMIT :limit`,
    { at: after?.at ?? null, id: after?.id ?? null, limit },
  );
  return rows.map((row) => ({
    id: row.id,
    madeAt: row.made_at,
    madeBy: row.made_by,
    grade: row.grade,
    summary: row.summary,
  }));
}
