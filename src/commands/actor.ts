/** Whoever may run commands has the database's credentials; more is not known of them. */
export const ACTOR = 'cli';
