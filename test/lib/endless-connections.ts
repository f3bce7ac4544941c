import type { MemoryDataplane } from './memory-dataplane.js'

/** What came of a listing that does not end. */
export interface EndlessConnections {
  /** Read so far. */
  readonly listed: number
  /** Resolves when the reader has given it up. */
  readonly returned: Promise<void>
}

/** Has the data plane list its connections over and over. */
export function endlessConnections(dataplane: MemoryDataplane): EndlessConnections {
  const list = dataplane.connections.bind(dataplane)
  let listed = 0
  const returned = new Promise<void>((resolve) => {
    dataplane.connections = async function* () {
      try {
        for (;;) {
          for await (const connection of list()) {
            yield connection
            listed++
          }
        }
      } finally {
        resolve()
      }
    }
  })
  return {
    get listed() {
      return listed
    },
    returned,
  }
}
