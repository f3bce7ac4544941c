import { isInPlace, type Setting } from './setting.js'

/** Values of settings before they were changed, by name. */
export type Before = Readonly<Record<string, string>>

/** A setting as status reports it. */
export interface Piece {
  readonly name: string
  readonly ok: boolean
  /** The value found. */
  readonly value: string
}

/**
 * What to remember of the settings before they are applied: of each that will be changed, its value; of each that an
 * earlier start or another VIP has changed already, the value before that.
 */
export async function remember(settings: readonly Setting[], known: readonly Before[]): Promise<Before> {
  const before: Record<string, string> = {}
  for (const setting of settings) {
    const first = known.find((each) => each[setting.name] !== undefined)?.[setting.name]
    if (first !== undefined) before[setting.name] = first
    else if (!(await isInPlace(setting))) before[setting.name] = await setting.read()
  }
  return before
}

/** Writes those that are not in place, in order. */
export async function apply(settings: readonly Setting[]): Promise<void> {
  for (const setting of settings) {
    if (!(await isInPlace(setting))) await setting.write(setting.wanted[0])
  }
}

/** A setting and the value that it gets back. */
export interface Undo {
  readonly setting: Setting
  readonly value: string
}

/**
 * How to undo what was changed, in reverse order. Settings that others still need are left alone.
 * @param needed what the other VIPs remember.
 */
export function undosOf(settings: readonly Setting[], before: Before, needed: readonly Before[]): Undo[] {
  return settings.toReversed().flatMap((setting) => {
    const value = before[setting.name]
    const isNeeded = needed.some((each) => each[setting.name] !== undefined)
    return value === undefined || isNeeded ? [] : { setting, value }
  })
}

/** Writes back what was there before, but for settings that somebody has changed again since. */
export async function restore(undos: readonly Undo[]): Promise<void> {
  for (const { setting, value } of undos) {
    if (await isInPlace(setting)) await setting.write(value)
  }
}

/** One piece for each setting, in order. */
export async function inspect(settings: readonly Setting[]): Promise<Piece[]> {
  const pieces: Piece[] = []
  for (const setting of settings) {
    const value = await setting.read()
    pieces.push({ name: setting.name, ok: setting.wanted.includes(value), value })
  }
  return pieces
}
