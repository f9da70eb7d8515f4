import { interactionPolicy as library, type interactionPolicy as Policy } from 'oidc-provider';

const { base, Prompt } = library;

/** Sign in, choose an account if the client asks for it, consent: in this order. */
export function interactionPolicy(): Policy.DefaultPolicy {
  const policy = base();
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 1);
  return policy;
}
