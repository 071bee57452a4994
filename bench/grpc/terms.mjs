/** What is the same for every peer. */

/** Seconds that a token lives. */
export const LIFETIME = 24 * 60 * 60

export const SECRET_KEY = 'Q1JVREpUIGJlbmNoIGtleTogbm90IGEgc2VjcmV0ISE='
