/** How a command line begins, for hints that can be pasted as they are. */
export const COMMAND = 'npm run --silent guichet --';
