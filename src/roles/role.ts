/**
 * Roles: a role belongs to one API and carries some of its scopes; people and clients have roles. Where an API enforces them, a
 * token for it carries what was asked for, what the client may ask for (`clients/`), and what the roles of whoever it acts for
 * carry: all three (RFC 6749 §3.3 lets the server issue less than was asked). This room does not own what a loss of roles ends:
 * the verbs that take something away are in `revocation/`.
 */
export interface Role {
  readonly id: string;
  readonly apiId: string;
  /** `[a-z0-9._:-]{1,60}`, one of its kind at its API. */
  readonly name: string;
  readonly description: string;
  /** Names, sorted; each is a scope of the API. */
  readonly scopes: readonly string[];
  /** A part of this server: nobody changes or deletes it. */
  readonly builtIn: boolean;
  /** How often it has lost scopes. */
  readonly narrowings: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Who has roles: a person, or a client that acts for itself. */
export type Subject = { readonly accountId: string } | { readonly clientId: string };

/** Whose word it is. Each gives and takes its own only; a role that two have given is lost when both have taken it. */
export type RoleSource = 'operator' | `identity-provider:${string}`;

export interface RoleAssignment {
  readonly id: string;
  readonly roleId: string;
  readonly subject: Subject;
  readonly source: RoleSource;
  readonly givenAt: Date;
  readonly givenBy: string;
}

/** A role that somebody has, as far as issuing a token needs it. */
export interface HeldRole {
  readonly assignmentId: string;
  readonly roleId: string;
  readonly apiId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly narrowings: number;
}

/** NOTIFY channel; the payload is {@link subjectKey} of whose roles changed, or empty when a role itself did. */
export const ROLES_CHANNEL = 'guichet_roles';

export function subjectKey(subject: Subject): string {
  return 'accountId' in subject ? `account:${subject.accountId}` : `client:${subject.clientId}`;
}

/** For events: under the columns that the audit log has for them. */
export function subjectColumns(subject: Subject): { accountId?: string; clientId?: string } {
  return { ...subject };
}

export function sourceOfProvider(providerId: string): RoleSource {
  return `identity-provider:${providerId}`;
}

/** The scopes that roles carry together. */
export function carriedBy(roles: readonly Pick<HeldRole, 'scopes'>[]): ReadonlySet<string> {
  return new Set(roles.flatMap(({ scopes }) => scopes));
}
