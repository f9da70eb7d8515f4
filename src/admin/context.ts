import type { Services } from '../services.ts';

/** What this door needs of the house. */
export type AdminContext = Pick<
  Services,
  | 'config'
  | 'clock'
  | 'log'
  | 'db'
  | 'secrets'
  | 'seal'
  | 'passwords'
  | 'egress'
  | 'apis'
  | 'keys'
  | 'limits'
  | 'records'
>;
