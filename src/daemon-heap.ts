import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 collect before the heap is a third larger than what lives in it, and in small steps. Left to itself it trades
 * memory for speed: with 10,000 services of 4 servers it keeps 60 MB of garbage for the sake of a tenth of the time that
 * restoring them takes. Flags that a later V8 does not know change nothing.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30')
  setFlagsFromString('--semi-space-growth-factor=1')
}
