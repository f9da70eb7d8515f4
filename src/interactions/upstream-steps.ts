import type { Steps } from './context.ts';
import { arrive } from './upstream-arrive.ts';
import { decideConnect, showConnect } from './upstream-connect.ts';
import { leaveByButton } from './upstream-leave.ts';

/** Signing in with somebody else's identity provider: there, back, and connecting what came with an account here. */
export const UPSTREAM_STEPS = {
  upstream: { post: leaveByButton, hasItem: true },
  // A GET that uses something up: the provider's answer comes as one. It is good in the browser that left alone.
  arrive: { get: arrive, hasItem: true },
  connect: { get: showConnect, post: decideConnect },
} satisfies Steps;
