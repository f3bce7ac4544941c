import { InvalidArgumentError } from 'commander'

/** An option's whole number of at least 1. @throws InvalidArgumentError. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number of at least 1')
  return Number(text)
}
