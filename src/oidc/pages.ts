import type { Context } from 'koa';

/** What the library asks of pages. The doors render them; the hall knows only what must be on them. */
export interface ProviderPages {
  signOut(ctx: Context, view: SignOutView): Promise<void>;
  signedOut(ctx: Context, view: { clientName?: string }): Promise<void>;
  deviceCode(ctx: Context, view: DeviceCodeView): Promise<void>;
  deviceConfirm(ctx: Context, view: DeviceConfirmView): Promise<void>;
  deviceDone(ctx: Context, view: { clientName: string }): Promise<void>;
  error(ctx: Context, view: ErrorView): Promise<void>;
}

export interface SignOutView {
  readonly action: string;
  readonly xsrf: string;
  readonly clientName?: string;
  readonly accountId: string;
  /** Where the client wants the person to go afterwards, for the page's `form-action`. */
  readonly redirectUri?: string;
}

export type DeviceCodeProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'aborted' | 'failed';

export interface DeviceCodeView {
  readonly action: string;
  readonly xsrf: string;
  readonly problem?: DeviceCodeProblem;
  readonly userCode?: string;
}

export interface DeviceConfirmView {
  readonly action: string;
  readonly xsrf: string;
  readonly clientName: string;
  readonly userCode: string;
}

export interface ErrorView {
  readonly status: number;
  readonly error: string;
  readonly description?: string;
  readonly requestId: string;
}
