import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { BenchError } from '../error.js'
import { type Result, resultFormat } from '../sample.js'
import { figuresOf } from './figures.js'
import { page } from './page.js'
import { readmeTable } from './readme.js'
import { type NamedResult, partsOf } from './rows.js'

/**
 * Reads results of `--json` and writes the page. A run is called what its file is called, with its folder if that is needed to tell them apart.
 * @returns the table for the README.
 * @throws BenchError if a file is no result, or the page cannot be written.
 */
export async function writeReport(files: readonly string[], out: string): Promise<string> {
  const names = files.map((file) => basename(file, '.json'))
  const areUnique = new Set(names).size === names.length
  const results = files.map((file, i): NamedResult => {
    return { name: (areUnique && names[i]) || file, result: readResult(file) }
  })
  const parts = partsOf(results)
  const drawn = await Promise.all(parts.map(async (part) => ({ part, figures: await figuresOf(part) })))
  const html = page(results, drawn)
  try {
    writeFileSync(out, html)
  } catch (cause) {
    throw new BenchError(`--out ${out}: ${(cause as Error).message}`, { cause })
  }
  return readmeTable(results)
}

function readResult(file: string): Result {
  let result: Partial<Result>
  try {
    result = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new BenchError(`${file}: it cannot be read as JSON: ${(cause as Error).message}`, { cause })
  }
  const isResult =
    [result?.sections, result?.targets].every(Array.isArray) &&
    [result.started, result.command].every((text) => typeof text === 'string')
  if (!isResult || result.format !== resultFormat) {
    throw new BenchError(`${file}: no result of --json, or one of another version: format ${resultFormat} is allowed`)
  }
  return result as Result
}
