/** `inside.js GROUP [--quick]`: measures a group in the network namespace that it runs in; the samples are its output. */
import { groups } from './groups.js'
import { type GroupName, groupNames } from './sample.js'

const [name, flag] = process.argv.slice(2)
if (!groupNames.includes(name as GroupName)) throw new Error(`no group ${name}`)
const group = await groups[name as GroupName].load()
const samples = await group({
  quick: flag === '--quick',
  progress: (sentence) => process.stderr.write(`${name}: ${sentence}\n`),
})
process.stdout.write(JSON.stringify(samples))
