const signals = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const

/** Ends the process by exit(), with the status that shells give, so that what is to be removed at its exit is removed. */
export function exitOnSignals(): void {
  for (const [signal, number] of signals) process.on(signal, () => process.exit(128 + number))
}
