/** How the exports of other products name what we know; everything else in them is left behind. */
type Fields = Readonly<Record<string, unknown>>;

/** Ours is what docs/importing-people.md describes, and strict: a field that is not known may be a misspelt one. */
export const IMPORT_SOURCES = ['guichet', 'keycloak', 'firebase', 'auth0'] as const;
export type ImportSource = (typeof IMPORT_SOURCES)[number];

export const FROM: Readonly<Record<ImportSource, (fields: Fields) => Fields>> = {
  guichet: (fields) => fields,
  // `kc.sh export`, one of the members of `users`.
  keycloak: (user) => ({
    id: user['id'],
    username: user['username'],
    email: user['email'],
    email_verified: user['emailVerified'],
    name: fullName(user['firstName'], user['lastName']),
    given_name: user['firstName'],
    family_name: user['lastName'],
    credentials: user['credentials'],
    disabled: user['enabled'] === false,
    created_at: user['createdTimestamp'],
  }),
  // `firebase auth:export --format=json`, one of the members of `users`.
  firebase: (user) => ({
    id: user['localId'],
    email: user['email'],
    email_verified: user['emailVerified'],
    name: user['displayName'],
    picture: user['photoUrl'],
    phone_number: user['phoneNumber'],
    passwordHash: user['passwordHash'],
    salt: user['salt'],
    disabled: user['disabled'],
    created_at: milliseconds(user['createdAt']),
  }),
  // An export of users with their password hashes, which Auth0's support makes.
  auth0: (user) => ({
    id: user['user_id'] ?? auth0Id(user['_id']),
    username: user['username'],
    email: user['email'],
    email_verified: user['email_verified'],
    name: user['name'],
    given_name: user['given_name'],
    family_name: user['family_name'],
    nickname: user['nickname'],
    picture: user['picture'],
    phone_number: user['phone_number'],
    passwordHash: user['passwordHash'],
    disabled: user['blocked'],
    created_at: member(user['created_at'], '$date') ?? user['created_at'],
  }),
};

function fullName(first: unknown, last: unknown): string | undefined {
  const parts = [first, last].filter((part) => typeof part === 'string' && part !== '');
  return parts.length === 0 ? undefined : parts.join(' ');
}

/** Firebase writes them as text. */
function milliseconds(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

/** The `sub` of an account of its own database is made of the id in there. */
function auth0Id(id: unknown): unknown {
  const text = member(id, '$oid');
  return typeof text === 'string' ? `auth0|${text}` : undefined;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
