import type { Sample } from './sample.js'

/** What a group is told. */
export interface Session {
  /** Fewer cases and rounds: everything within three minutes. */
  readonly quick: boolean
  /** Tells the person who waits what is being done. */
  progress(sentence: string): void
}

/** Measures. @throws Error when what came out was wrong: no figure counts then. */
export type Group = (session: Session) => Promise<readonly Sample[]>
