/** For what shows a person or a client. */
export function rolesInWords(roles: readonly { audience: string; name: string; source: string }[]): string {
  return roles
    .map(
      ({ audience, name, source }) => `${name}  ${audience}${source === 'operator' ? '' : `  by ${source}`}`,
    )
    .join('\n');
}
