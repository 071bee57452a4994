/** The kinds of stores that are killed. */

/** How the store is worked on. */
export const WAYS = ['process', 'threads', 'master'] as const

/** What kind of life it is. */
export interface Kind {
  readonly way: (typeof WAYS)[number]
  readonly journal: 'mapped' | 'plain'
  /** In which way its processes lie, for the test of the test. */
  readonly lie?: 'lost' | 'revived' | 'changed'
}
