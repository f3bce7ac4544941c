/** What the preload library leaves alone, its files of /proc, and a machine without a director. */
import { join } from 'node:path'
import t from 'tap'
import { GENL_MAX_ID } from '../../../src/ipvs/codec/genetlink.js'
import { emptyAnswer, type FakeIpvs, preloadLibrary } from '../../lib/fake-ipvs.js'
import {
  attribute,
  doneAnswer,
  errorAnswer,
  generic,
  type Message,
  message,
  NLM_F_MULTI,
} from '../../lib/netlink-message.js'
import { type ExecResult, execute } from '../../lib/process.js'
import { fakeIpvs } from './fixture.js'

const ENOENT = 2

t.test('programs that have nothing to do with IPVS do what they do without it', async (t) => {
  const fake = await fakeIpvs(t)
  const programs = [
    'ip link show',
    'ip -d address show',
    'ip route show table all',
    'ip tcp_metrics show 192.0.2.99',
    'ip macsec show',
    'genl ctrl list',
    'genl ctrl get name nlctrl',
    'genl ctrl get name nosuch',
    'ethtool lo',
    'ip link show nosuch',
    'cat /proc/version /proc/net/ip_vs_nosuch',
    'sh -c head -c 100000 /dev/zero | md5sum; exit 3',
  ]
  for (const program of programs) {
    const [file = '', ...words] = program.split(' ')
    const args = file === 'sh' ? ['-c', words.slice(1).join(' ')] : words
    t.same(await execute(file, args, { env: fake.env }), await execute(file, args), program)
  }
  t.equal(fake.connections, 0, 'nobody asked the director')
})

/** Two pieces of text, the first with an attribute that nobody knows. */
function pieces(request: Message, ...texts: Buffer[]): Buffer[] {
  const piece = (text: Buffer) =>
    message(GENL_MAX_ID, NLM_F_MULTI, request, generic(64, attribute(9, 'what'), attribute(2, text)))
  return [...texts.map(piece), doneAnswer(request)]
}

function readsFile(fake: FakeIpvs, ...command: [string, ...string[]]): Promise<ExecResult> {
  return execute(command[0], command.slice(1), { env: fake.env })
}

t.test('files of /proc/net', async (t) => {
  const fake = await fakeIpvs(t)
  const long = Buffer.alloc(9999, 'x')
  fake.answer = (request) => {
    const name = request.payload.subarray(8).toString().replace(/\0+$/, '')
    if (name === 'ip_vs_stats') return [errorAnswer(request, ENOENT)]
    return pieces(request, Buffer.from(`${name}\n`), long, Buffer.from('\nthe end\n'))
  }
  const text = (name: string) => `${name}\n${long}\nthe end\n`
  for (const path of ['/proc/net/ip_vs', '/proc/net/ip_vs_conn', '/proc/self/net/ip_vs']) {
    const name = path.replace(/.*\//, '')
    t.same(await readsFile(fake, 'cat', path), { status: 0, stdout: text(name), stderr: '' }, path)
  }
  t.same((await readsFile(fake, 'sh', '-c', 'cat < /proc/net/ip_vs')).stdout, text('ip_vs'), 'opened by a shell')
  t.match(await readsFile(fake, 'tail', '-n', '1', '/proc/net/ip_vs'), { stdout: 'the end\n' }, 'it can be sought in')
  t.match(await readsFile(fake, 'cat', '/proc/net/ip_vs_stats'), { status: 1, stderr: /No such file/ }, 'refused')
  t.match(
    await readsFile(fake, 'sh', '-c', 'echo > /proc/net/ip_vs'),
    { status: 2, stderr: /Permission denied/ },
    'not to be written',
  )
  const asked = fake.asked.length
  t.match(await readsFile(fake, 'cat', '/proc/net/ip_vs_app'), { status: 1 }, 'no file of ours')
  t.equal(fake.asked.length, asked)
})

t.test('a text that breaks off is read anew', async (t) => {
  const fake = await fakeIpvs(t)
  let count = 0
  fake.answer = (request) => {
    const [first, ...rest] = pieces(request, Buffer.from('one\n'), Buffer.from('two\n'))
    if (++count > 1) return [first as Buffer, ...rest]
    setImmediate(() => void fake.die().then(() => fake.listen()))
    return [first as Buffer, (rest[0] as Buffer).subarray(0, 10)]
  }
  t.same(await readsFile(fake, 'cat', '/proc/net/ip_vs'), { status: 0, stdout: 'one\ntwo\n', stderr: '' })
})

t.test('without a director it is a kernel without IPVS', async (t) => {
  const nowhere = { LD_PRELOAD: preloadLibrary, XLVS_IPVS_SOCKET: join(t.testdir(), 'ipvs.sock') }
  const tooLong = { ...nowhere, XLVS_IPVS_SOCKET: join(t.testdir(), 'x'.repeat(108)) }
  for (const env of [nowhere, tooLong]) {
    t.match(await execute('ipvsadm', ['-Ln'], { env }), {
      status: 2,
      stdout: '',
      stderr: "Can't initialize ipvs: Protocol not available\nAre you sure that IP Virtual Server",
    })
    t.match(await execute('genl', ['ctrl', 'get', 'name', 'IPVS'], { env }), { stderr: /No such file or directory/ })
    t.match(await execute('cat', ['/proc/net/ip_vs'], { env }), { status: 1, stderr: /No such file or directory/ })
  }
})

const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root, to become another user' }

t.test('a user who may not speak to the director is told so', needsRoot, async (t) => {
  const fake = await fakeIpvs(t)
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
  t.match(await execute('setpriv', [...nobody, 'ipvsadm', '-Ln'], { env: fake.env }), {
    status: 2,
    stderr: "Can't initialize ipvs: Permission denied (you must be root)\n",
  })
  const family = await execute('setpriv', [...nobody, 'genl', 'ctrl', 'get', 'name', 'IPVS'], { env: fake.env })
  t.match(family.stderr, /Operation not permitted/)
  const file = await execute('setpriv', [...nobody, 'cat', '/proc/net/ip_vs'], { env: fake.env })
  t.match(file, { status: 1, stderr: /Permission denied/ })
  t.equal(fake.connections, 0)
})

t.test('scripts find it, and ipvsadm in them', async (t) => {
  const fake = await fakeIpvs(t)
  fake.answer = emptyAnswer
  const { status, stdout } = await execute(
    'sh',
    ['-c', 'ipvsadm -Ln && ipvsadm -C && sh -c "ipvsadm --timeout; exit 5"'],
    {
      env: fake.env,
    },
  )
  t.match({ status, stdout }, { status: 5, stdout: /^IP Virtual Server version 1\.2\.1 \(size=4096\)\n/ })
})
