import type { IdentityProviderDocument } from '../documents/identity-provider.ts';
import { AUTH_METHODS } from '../upstream/oidc-settings.ts';

/** What an operator may change of an identity provider, and what each thing is called by whom. */
export interface ProviderField {
  /** Member of the document, or of its settings. */
  readonly name: string;
  readonly isSetting?: true;
  readonly control: 'text' | 'words' | 'lines' | 'switch' | 'choice';
  readonly label: string;
  readonly hint?: string;
  readonly choices?: readonly (readonly [value: string, label: string])[];
  /** Of the command line; `--no-…` is its opposite. */
  readonly option: string;
  /** An empty field is null and not an empty text. */
  readonly isNullable?: true;
  /** Not among the first things one looks for. */
  readonly isFurther?: true;
}

const NAME: ProviderField = {
  name: 'name',
  control: 'text',
  label: 'Name',
  hint: 'On its button, and in sentences.',
  option: '--name',
};

const COMMON: readonly ProviderField[] = [
  {
    name: 'domains',
    control: 'words',
    label: 'E-mail domains',
    hint: 'Whoever types an address of one of them is sent there. Several with spaces between.',
    option: '--domain',
  },
  { name: 'has_button', control: 'switch', label: 'A button on the sign-in page', option: '--button' },
  {
    name: 'provisioning',
    control: 'choice',
    label: 'Strangers who come through it',
    choices: [
      ['create', 'get an account'],
      ['link-only', 'connect an account that they can sign in to'],
    ],
    option: '--provisioning',
    isFurther: true,
  },
  {
    name: 'trusts_email',
    control: 'switch',
    label: 'What it calls a verified address is verified',
    option: '--trust-email',
    isFurther: true,
  },
  {
    name: 'trusts_mfa',
    control: 'switch',
    label: 'Its second factor counts here',
    option: '--trust-mfa',
    isFurther: true,
  },
  {
    name: 'mapping',
    control: 'lines',
    label: 'Claims',
    hint: 'One a line: a claim of ours, =, what it is filled from. email=mail',
    option: '--map',
    isFurther: true,
  },
  {
    name: 'groups_attribute',
    control: 'text',
    label: 'Groups are in',
    hint: 'The claim or attribute that holds them; empty: where such providers write them.',
    option: '--groups',
    isNullable: true,
    isFurther: true,
  },
];

const OIDC: readonly ProviderField[] = [
  {
    name: 'issuer',
    isSetting: true,
    control: 'text',
    label: 'Issuer',
    hint: 'Exactly as in its discovery document. People of another issuer are other people.',
    option: '--issuer',
  },
  {
    name: 'client_id',
    isSetting: true,
    control: 'text',
    label: 'client_id',
    hint: 'What it registered this server as.',
    option: '--client-id',
  },
  {
    name: 'auth_method',
    isSetting: true,
    control: 'choice',
    label: 'How this server authenticates there',
    choices: AUTH_METHODS.map((method) => [method, method] as const),
    option: '--auth-method',
  },
  {
    name: 'scopes',
    isSetting: true,
    control: 'words',
    label: 'Scopes',
    hint: 'What it is asked for; openid is among them.',
    option: '--scope',
  },
  {
    name: 'acr_values',
    isSetting: true,
    control: 'words',
    label: 'acr_values',
    hint: 'How it is asked for a second factor.',
    option: '--acr-value',
    isFurther: true,
  },
];

const LDAP: readonly ProviderField[] = [
  {
    name: 'url',
    isSetting: true,
    control: 'text',
    label: 'Address',
    hint: 'ldaps://host[:port], or ldap://host[:port] with StartTLS.',
    option: '--url',
  },
  {
    name: 'start_tls',
    isSetting: true,
    control: 'switch',
    label: 'Begin with StartTLS',
    option: '--starttls',
  },
  {
    name: 'base',
    isSetting: true,
    control: 'text',
    label: 'Base',
    hint: 'Where people are searched for.',
    option: '--base',
  },
  {
    name: 'bind_dn',
    isSetting: true,
    control: 'text',
    label: 'Who searches',
    hint: 'The name (DN) of a service account; empty: nobody has to.',
    option: '--bind-dn',
    isNullable: true,
  },
  {
    name: 'filter',
    isSetting: true,
    control: 'text',
    label: 'Filter',
    hint: 'Finds one person; {identifier} stands for what they typed.',
    option: '--filter',
  },
  {
    name: 'subject',
    isSetting: true,
    control: 'text',
    label: 'Subject',
    hint: 'The attribute that is one person for ever. By another one, people are other people.',
    option: '--subject',
    isFurther: true,
  },
  {
    name: 'is_default',
    isSetting: true,
    control: 'switch',
    label: 'Asked for everybody who is in no domain of an identity provider',
    option: '--default',
    isFurther: true,
  },
];

const SAML: readonly ProviderField[] = [
  {
    name: 'start_url',
    isSetting: true,
    control: 'text',
    label: 'Start page',
    hint: 'Where people are led who began at the provider; empty: they are refused.',
    option: '--start-url',
    isNullable: true,
  },
  {
    name: 'signs_requests',
    isSetting: true,
    control: 'switch',
    label: 'Requests to it are signed',
    option: '--sign-requests',
  },
];

const OF_KIND: Readonly<Record<IdentityProviderDocument['kind'], readonly ProviderField[]>> = {
  oidc: OIDC,
  saml: SAML,
  ldap: LDAP,
};

export function providerFields(kind: IdentityProviderDocument['kind']): readonly ProviderField[] {
  return [NAME, ...OF_KIND[kind], ...COMMON];
}

/** What is typed to replace what there is and is not shown. */
export const SECRET_FIELDS = {
  oidc: {
    name: 'client_secret',
    label: 'Another client secret',
    hint: 'Takes the place of the present one. It is kept sealed and never shown again.',
  },
  ldap: {
    name: 'bind_password',
    label: 'Another password of who searches',
    hint: 'Takes the place of the present one. It is kept sealed and never shown again.',
  },
  saml: {
    name: 'metadata',
    label: 'Its metadata, anew',
    hint: 'XML, for new certificates or another address. It is of the same entity.',
  },
} as const;
