import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The files below a folder of `root`, at any depth, as names relative to `root`. A file is all there is below itself. */
export function filesBelow(root: string, folder: string): string[] {
  const path = join(root, folder)
  if (!lstatSync(path).isDirectory()) return [folder]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => !lstatSync(join(root, name)).isDirectory())
}
