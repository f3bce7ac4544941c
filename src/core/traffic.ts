/** Traffic from clients since the start or the last `-Z`. Bytes are IP total lengths. Exact below 2^53. */
export interface Traffic {
  readonly conns: number
  readonly inPackets: number
  readonly inBytes: number
}

export const noTraffic: Traffic = { conns: 0, inPackets: 0, inBytes: 0 }

export function addTraffic(a: Traffic, b: Traffic): Traffic {
  return {
    conns: a.conns + b.conns,
    inPackets: a.inPackets + b.inPackets,
    inBytes: a.inBytes + b.inBytes,
  }
}

/** Adds up the traffic of services or servers. */
export function sumOfTraffic(rows: Iterable<{ readonly traffic: Traffic }>, start = noTraffic): Traffic {
  let sum = start
  for (const { traffic } of rows) sum = addTraffic(sum, traffic)
  return sum
}
