/** A director that goes away under its clients, and comes back, or not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { IPVS_CMD } from '../../../src/ipvs/codec/ipvs.js'
import { type Answer, commandOf, emptyAnswer, type FakeIpvs } from '../../lib/fake-ipvs.js'
import { errorAnswer, type Message } from '../../lib/netlink-message.js'
import { type ExecResult, execute } from '../../lib/process.js'
import { waitFor } from '../../lib/wait-for.js'
import { buildProbe, fakeIpvs, retries } from './fixture.js'

const EEXIST = 17
const ENOENT = 2
const ESRCH = 3

function ipvsadm(fake: FakeIpvs, line: string): Promise<ExecResult> {
  return execute('ipvsadm', line.split(' '), { env: fake.env })
}

/** Answers as `then` does, but dies of the first request with a command, and is there again at once. */
function diesOnce(fake: FakeIpvs, command: number, then: (request: Message) => Answer): void {
  let hasDied = false
  fake.answer = (request) => {
    if (commandOf(request) !== command) return emptyAnswer(request)
    if (hasDied) return then(request)
    hasDied = true
    void fake.die().then(() => fake.listen())
    return []
  }
}

/** What a kernel answers. */
function asked(request: Message): readonly Buffer[] {
  return emptyAnswer(request) as readonly Buffer[]
}

t.test('between two requests: the second waits until it is there again', async (t) => {
  const fake = await fakeIpvs(t)
  const restore = spawn('ipvsadm', ['-R'], { env: { ...process.env, ...fake.env } })
  const ended = once(restore, 'close')
  const complaints = text(restore.stderr)
  restore.stdin.write('-A -t 192.0.2.10:80\n')
  await waitFor('the first service', () => fake.asked.includes(IPVS_CMD.NEW_SERVICE))
  await fake.die()
  restore.stdin.end('-A -t 192.0.2.10:81\n')
  await retries(restore.pid as number)
  await fake.listen()
  t.same([await ended, await complaints], [[0, null], ''])
  t.equal(fake.asked.filter((command) => command === IPVS_CMD.NEW_SERVICE).length, 2)
})

t.test('between two requests on one socket', async (t) => {
  const probe = await buildProbe(t)
  const fake = await fakeIpvs(t)
  const turns = spawn(probe, ['turns'], { env: { ...process.env, ...fake.env }, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(turns, 'close')
  turns.stdin.write('first\n')
  await once(turns.stdout, 'data')
  await fake.die()
  turns.stdin.end('second\n')
  await retries(turns.pid as number)
  await fake.listen()
  t.same(await ended, [0, null])
  t.same(fake.asked, [IPVS_CMD.GET_INFO, IPVS_CMD.GET_INFO])
})

t.test('between a request and its answer: it is asked again, and was done if it had been done before', async (t) => {
  const add = '-A -t 192.0.2.10:80'
  const cases: [line: string, command: number, errno: number, status: number, stderr: string][] = [
    [add, IPVS_CMD.NEW_SERVICE, 0, 0, ''],
    [add, IPVS_CMD.NEW_SERVICE, EEXIST, 0, ''],
    [add, IPVS_CMD.NEW_SERVICE, ENOENT, 255, 'Scheduler or persistence engine not found\n'],
    ['-D -t 192.0.2.10:80', IPVS_CMD.DEL_SERVICE, ESRCH, 0, ''],
    ['-d -t 192.0.2.10:80 -r 10.0.0.1', IPVS_CMD.DEL_DEST, ENOENT, 0, ''],
    ['-a -t 192.0.2.10:80 -r 10.0.0.1', IPVS_CMD.NEW_DEST, EEXIST, 0, ''],
    ['-a -t 192.0.2.10:80 -r 10.0.0.1', IPVS_CMD.NEW_DEST, ESRCH, 255, 'Service not defined\n'],
    ['-E -t 192.0.2.10:80', IPVS_CMD.SET_SERVICE, ESRCH, 255, 'No such service\n'],
  ]
  const fake = await fakeIpvs(t)
  for (const [line, command, errno, status, stderr] of cases) {
    fake.requests.length = 0
    diesOnce(fake, command, (request) => [errorAnswer(request, errno)])
    t.same(await ipvsadm(fake, line), { status, stdout: '', stderr }, `${line}: ${errno}`)
    const asked = fake.requests.filter((request) => commandOf(request) === command)
    t.equal(asked.length, 2, 'it was asked twice')
    t.same(asked[0]?.bytes, asked[1]?.bytes, 'for the same')
  }
  fake.answer = (request) =>
    commandOf(request) === IPVS_CMD.NEW_SERVICE ? [errorAnswer(request, EEXIST)] : emptyAnswer(request)
  t.match(await ipvsadm(fake, add), { status: 255, stderr: 'Service already exists\n' }, 'not without a restart')
})

t.test('a request that the director dies of is sent again, and not for ever', async (t) => {
  const fake = await fakeIpvs(t)
  fake.answer = (request) => {
    if (commandOf(request) !== IPVS_CMD.DEL_SERVICE) return emptyAnswer(request)
    void fake.die().then(() => fake.listen())
    return []
  }
  t.match(await ipvsadm(fake, '-D -t 192.0.2.10:80'), { status: 255, stdout: '', stderr: /./ })
  t.equal(fake.asked.filter((command) => command === IPVS_CMD.DEL_SERVICE).length, 3)
})

t.test('it went for good, with its directory: as on a kernel without IPVS, after one wait', async (t) => {
  const fake = await fakeIpvs(t)
  fake.answer = (request) => {
    if (commandOf(request) !== IPVS_CMD.NEW_SERVICE) return emptyAnswer(request)
    void fake.die().then(() => rm(fake.directory, { recursive: true }))
    return []
  }
  // If each of them were waited for, the test would not end in its time.
  const ports = Array.from({ length: 30 }, (_, i) => i + 1)
  const input = ports.map((port) => `-A -t 192.0.2.10:${port}\n`).join('')
  const { status, stderr } = await execute('ipvsadm', ['-R'], { env: fake.env, input })
  t.equal(status, 255)
  const complaints = stderr.trimEnd().split('\n')
  t.equal(complaints.length, ports.length)
  t.equal(complaints[0], 'Scheduler or persistence engine not found')
})

t.test('an answer that comes too late is not taken for the next one', async (t) => {
  const probe = await buildProbe(t)
  const fake = await fakeIpvs(t)
  let [first, connections]: [Message | undefined, number] = [undefined, 0]
  fake.answer = (request) => {
    if (first) return [...(fake.connections === connections ? asked(first) : []), ...asked(request)]
    first = request
    connections = fake.connections
    return []
  }
  t.same(await execute(probe, ['late'], { env: fake.env }), { status: 0, stdout: '', stderr: '' })
})

t.test('an answer that breaks off is an error, and none that is half of one', async (t) => {
  const half = (request: Message) => Buffer.concat(emptyAnswer(request) as readonly Buffer[]).subarray(0, 18)
  const nonsense = (request: Message) => {
    const [answer] = emptyAnswer(request) as readonly [Buffer]
    answer.writeUInt32LE(3)
    return answer
  }
  for (const [what, damaged] of [
    ['half a message', half],
    ['a message that cannot be one', nonsense],
  ] as const) {
    const fake = await fakeIpvs(t)
    let count = 0
    fake.answer = (request) => {
      if (commandOf(request) !== IPVS_CMD.GET_SERVICE) return emptyAnswer(request)
      if (++count === 1) setImmediate(() => void fake.die().then(() => fake.listen()))
      return count === 1 ? [damaged(request)] : emptyAnswer(request)
    }
    const { status, stdout } = await ipvsadm(fake, '-Ln')
    t.match({ status, stdout }, { status: 0, stdout: /^IP Virtual Server/ }, `${what}: asked again`)
    t.equal(count, 2, what)
  }
})
