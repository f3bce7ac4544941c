/** Fields beside the sentence of a log line. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * Structured log: fields first, then a static sentence, as pino has it. info: a state changed;
 * debug: one check; warn: it will be retried; error: a person is needed. Nothing per packet.
 */
export interface Logger {
  debug(fields: LogFields, sentence: string): void
  info(fields: LogFields, sentence: string): void
  warn(fields: LogFields, sentence: string): void
  error(fields: LogFields, sentence: string): void
}
