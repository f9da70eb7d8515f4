import type { CommandContext } from './context.ts';
import { coloured } from './coloured.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Outcome } from './outcome.ts';

/** What a command line turned into: `options` as commander collected them, for the action's own schema to parse. */
export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export type Action = (context: CommandContext, invocation: Invocation) => Promise<Outcome>;

/** Runs an action with a database of its own and prints what it has to say. Never throws. */
export async function runAction(
  loadAction: () => Promise<Action>,
  invocation: Invocation,
  { schema }: { schema: 'current' | 'any' },
): Promise<ExitCode> {
  return report(invocation, async () => {
    const [action, { openContext }] = await Promise.all([loadAction(), import('./context.ts')]);
    await using context = await openContext({ schema });
    // `await`, because the context closes when this block ends, not when the promise settles.
    return await action(context, invocation);
  });
}

/** The same for a command that must not fail before it has begun (`doctor`). */
export async function runStandalone(
  loadAction: () => Promise<(invocation: Invocation) => Promise<Outcome>>,
  invocation: Invocation,
): Promise<ExitCode> {
  return report(invocation, async () => {
    const action = await loadAction();
    return action(invocation);
  });
}

async function report({ options }: Invocation, work: () => Promise<Outcome>): Promise<ExitCode> {
  const asJson = options['json'] === true;
  try {
    const { json, text, exitCode, isDiff, isPrinted } = await work();
    const shown = isDiff ? coloured(printable(text), process.stdout) : printable(text);
    if (!isPrinted) process.stdout.write(asJson ? `${JSON.stringify(json, null, 2)}\n` : `${shown}\n`);
    return exitCode ?? EXIT_CODES.ok;
  } catch (error) {
    const { describeFailure } = await import('./describe-failure.ts');
    const { exitCode, code, message, problems } = describeFailure(error);
    if (asJson) process.stdout.write(`${JSON.stringify({ error: code, message, problems }, null, 2)}\n`);
    process.stderr.write(`${printable(message)} (${code})\n`);
    return exitCode;
  }
}

/** Names come from outside; none of them may drive the operator's terminal, nor turn what stands beside it around. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
