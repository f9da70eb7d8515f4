import { parseArgs } from 'node:util';

export interface Options {
  /** Length of one burst. */
  readonly seconds: number;
  readonly rounds: number;
  /** Instead of what each scenario says. */
  readonly connections: readonly number[] | undefined;
  /** Scenarios by the beginning of their names; all of them when empty. */
  readonly only: readonly string[];
  readonly json: boolean;
  /** Folder for CPU profiles of Guichet; nothing is compared then. */
  readonly profile: string | undefined;
  readonly idTokenAlg: IdTokenAlg;
}

export const ID_TOKEN_ALGS = ['RS256', 'ES256'] as const;
export type IdTokenAlg = (typeof ID_TOKEN_ALGS)[number];

export const USAGE = `npm run bench -- [options]

  --seconds N          length of one burst (2)
  --rounds N           bursts of every server in every scenario (3)
  --connections N,N    keep-alive connections, each with one request at a time (16; client-credentials-basic also 64)
  --only NAME          scenarios whose name begins so; may be repeated
  --id-token-alg ALG   RS256, which OpenID Connect demands by default, or ES256 (RS256)
  --profile FOLDER     instead of comparing, profile Guichet in every scenario and keep the .cpuprofile files
  --json               one JSON document on standard output
`;

/** Throws a sentence for the terminal. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      'id-token-alg': { type: 'string', default: 'RS256' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const idTokenAlg = ID_TOKEN_ALGS.find((alg) => alg === values['id-token-alg']);
  if (!idTokenAlg) throw new Error(`--id-token-alg is one of ${ID_TOKEN_ALGS.join(', ')}`);
  return {
    seconds: positive('seconds', values.seconds),
    rounds: whole('rounds', values.rounds),
    connections: values.connections?.split(',').map((text) => whole('connections', text)),
    only: values.only,
    json: values.json,
    profile: values.profile,
    idTokenAlg,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 600)) throw new Error(`--${name} is a number above 0 and at most 600`);
  return value;
}

function whole(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new Error(`--${name} is a whole number`);
  return value;
}
