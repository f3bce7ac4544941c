import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readmeTable } from '../../../bench/report/readme.js'
import { partsOf } from '../../../bench/report/rows.js'
import { writeReport } from '../../../bench/report/write.js'
import type { Result, Sample, Section } from '../../../bench/sample.js'
import { emulated, hardware, resultOf, rounds } from './fixture.js'

const compared: Sample[] = ['xlvs DR', 'IPVS DR'].flatMap((subject, i) => {
  const of = { measure: 'established', subject, unit: 'packets/s' } as const
  return [1, 60_000].flatMap((connections) => rounds({ ...of, connections }, i === 0 ? [1200, 1300] : [100, 100]))
})
const inVm: Section = { group: 'ipvs', environment: emulated, samples: compared }
const onHost: Section = { group: 'ipvs', environment: hardware, samples: compared }

t.test('what was measured on an emulated processor stays apart', (t) => {
  const parts = partsOf([
    { name: 'one', result: resultOf([inVm]) },
    { name: 'two', result: resultOf([inVm, onHost]) },
  ])
  t.strictSame(
    parts.map(({ byRun, rows }) => [[...byRun.keys()], rows.length]),
    [
      [['one', 'two'], 8],
      [['two'], 4],
    ],
  )
  const row = parts[0]?.rows.find(({ subject, connections }) => subject === 'xlvs DR' && connections === 1)
  t.match(row, { run: 'one', median: 1250, low: 1200, high: 1300 })
  t.end()
})

t.test('the table for the README', (t) => {
  const text = readmeTable([{ name: 'one', result: resultOf([onHost]) }])
  t.match(text, '| packets/s | 1 connection | 60,000 connections |')
  t.match(text, '| IPVS DR, established | 100 | 100 |')
  t.match(text, 'Linux 6.1.0')
  t.match(text, '`bench`')
  t.end()
})

t.test('the page', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'xlvs-bench-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const write = (name: string, result: Result | object) => {
    const file = join(directory, name)
    writeFileSync(file, JSON.stringify(result))
    return file
  }
  const out = join(directory, 'page.html')
  const target = { what: 'faster <than>', bound: 'at least', limit: 20, measured: 12.5, unit: 'x' } as const

  await t.test('says where figures are from, draws them, and judges', async (t) => {
    await writeReport(
      [write('a.json', { ...resultOf([inVm]), targets: [target] }), write('b.json', resultOf([onHost]))],
      out,
    )
    const page = readFileSync(out, 'utf8')
    t.match(page, /emulated processor.*counts instructions and hides/s)
    t.match(page, 'its tables change in 7.x kernels')
    t.match(page, '<td>faster &lt;than&gt;</td><td>at least 20 x</td><td>12.5 x</td>')
    t.match(page, 'MISSED')
    t.equal(page.match(/<svg/g)?.length, 4, 'throughput and ratio, for each kind of processor')
    t.notMatch(page, /(src|href)="(?!#)/, 'needs no other file')
    t.notMatch(page, 'NaN')
  })

  await t.test('refuses what is no result', async (t) => {
    await t.rejects(writeReport([write('c.json', { format: 99, sections: [] })], out), /c\.json: .*format 1 is allowed/)
    await t.rejects(writeReport([write('d.json', { format: 1, sections: [] })], out), /d\.json: no result of --json/)
    await t.rejects(writeReport([join(directory, 'none.json')], out), /none\.json: it cannot be read/)
  })

  await t.test('refuses a place where no page can be', async (t) => {
    const nowhere = join(directory, 'missing', 'page.html')
    await t.rejects(writeReport([write('e.json', resultOf([inVm]))], nowhere), {
      name: 'BenchError',
      message: /^--out .*page\.html: ENOENT/,
    })
  })
})
