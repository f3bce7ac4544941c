import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import type { StatusView } from '../../../src/api/protocol.js'
import { controlClient } from '../../../src/cli/client.js'
import { type Actions, runProgram } from '../../../src/cli/program.js'
import { DirectorError } from '../../../src/core/errors.js'
import { fakeDirector } from '../../lib/fake-director.js'
import { TextSink, testNames } from '../../lib/run-ipvsadm.js'

async function xlvs(commandLine: string, env: Record<string, string> = {}, changes: Partial<Actions> = {}) {
  const [stdout, stderr] = [new TextSink(), new TextSink()]
  const calls: unknown[] = []
  const actions: Actions = {
    run: async (options) => void calls.push(['run', options]),
    down: async (options) => void calls.push(['down', options]),
    exec: async (options) => {
      calls.push(['exec', options])
      return { status: 127, reason: 'no such file or directory' }
    },
    preloadEnvironment: async (options) => ({ LD_PRELOAD: '/lib/x.so', IN: options.runtimeDir }),
    realServer: async (verb, options) => {
      calls.push([verb, options])
      return 0
    },
    ...changes,
  }
  const argv = commandLine.split(' ').filter((word) => word !== '')
  const status = await runProgram(argv, actions, {
    stdout,
    stderr,
    stdin: Readable.from([]),
    env,
    version: '1.2.3',
    client: controlClient,
    names: testNames,
  })
  return { status, stdout: stdout.text, stderr: stderr.text, calls }
}

const defaults = { runtimeDir: '/run/xlvs', pinDir: '/sys/fs/bpf/xlvs' }

t.test('hands options to the actions', async (t) => {
  const run = {
    ...defaults,
    serviceShare: 10,
    interfaces: ['eth0'],
    dataplane: 'auto',
    xdpMode: 'auto',
    logLevel: 'info',
  }
  const realServer = { vip: '192.0.2.10', tunnel: false, print: false, runtimeDir: '/run/xlvs' }
  const cases: [commandLine: string, env: Record<string, string>, call: unknown[]][] = [
    ['run --interface eth0', {}, ['run', run]],
    ['run --interface eth0 --interface eth1', {}, ['run', { ...run, interfaces: ['eth0', 'eth1'] }]],
    [
      'run --interface eth0 --xdp-mode native --conn-table-size 4096 --metrics [::1]:9110 --log-level debug',
      {},
      [
        'run',
        { ...run, xdpMode: 'native', connTableSize: 4096, metrics: { host: '::1', port: 9110 }, logLevel: 'debug' },
      ],
    ],
    ['run --interface eth0 --dataplane raw', {}, ['run', { ...run, dataplane: 'raw' }]],
    ['run --interface eth0', { XLVS_RUNTIME_DIR: '/run/b' }, ['run', { ...run, runtimeDir: '/run/b' }]],
    [
      'run --interface eth0 --runtime-dir /run/a --pin-dir /pins',
      { XLVS_RUNTIME_DIR: '/run/b' },
      ['run', { ...run, runtimeDir: '/run/a', pinDir: '/pins' }],
    ],
    ['down', {}, ['down', defaults]],
    ['realserver start --vip 192.0.2.10', {}, ['start', realServer]],
    [
      'realserver stop --vip 192.0.2.10 --tunnel --print --interface tunl0',
      {},
      ['stop', { ...realServer, tunnel: true, print: true, interface: 'tunl0' }],
    ],
    ['realserver status --vip 192.0.2.10', {}, ['status', realServer]],
  ]
  for (const [commandLine, env, call] of cases) {
    t.same(await xlvs(commandLine, env), { status: 0, stdout: '', stderr: '', calls: [call] }, commandLine)
  }
})

t.test('refuses wrong usage, naming the option, its value and what is allowed', async (t) => {
  const cases: [commandLine: string, message: RegExp][] = [
    ['run', /required option '--interface <name>' not specified/],
    ['run --interface a-name-that-is-too-long', /'--interface <name>' argument 'a-name-that-is-too-long'.*1 to 15/],
    ['run --interface eth0 --interface eth0', /'--interface <name>' argument 'eth0'.*twice/],
    ['run --interface eth/0', /'--interface <name>' argument 'eth\/0'/],
    ['run --interface eth0 --xdp-mode fast', /'--xdp-mode <mode>' argument 'fast'.*auto, native, generic/],
    ['run --interface eth0 --conn-table-size 1k', /'--conn-table-size <entries>' argument '1k'.*from 1024 to/],
    ['run --interface eth0 --conn-table-size 12', /argument '12'.*from 1024 to/],
    ['run --interface eth0 --metrics 9110', /'--metrics <addr:port>' argument '9110'.*127.0.0.1:9110/],
    ['run --interface eth0 --metrics localhost:9110', /'--metrics <addr:port>' argument 'localhost:9110'/],
    ['run --interface eth0 --metrics 127.0.0.1:70000', /argument '127.0.0.1:70000'/],
    ['run --interface eth0 --log-level loud', /'--log-level <level>' argument 'loud'.*debug, info, warn, error/],
    [`run --interface eth0 --runtime-dir /${'x'.repeat(98)}`, /'--runtime-dir <dir>'.*at most 97 characters/],
    ['run --interface eth0 eth1', /too many arguments/],
    ['down --bogus', /unknown option '--bogus'/],
    ['run --iface eth0', /unknown option '--iface'/],
    ['realserver start --vip-address 192.0.2.10', /unknown option '--vip-address'/],
    ['run eth0', /too many arguments/],
    ['stop', /unknown command 'stop'\n\(Did you mean down\?\)/],
    ['start --interface eth0', /unknown command 'start'\n\(Did you mean run\?\)/],
    ['statsu', /unknown command 'statsu'\n\(Did you mean status\?\)/],
    ['realserver stpo', /unknown command 'stpo'\n\(Did you mean stop\?\)/],
    ['realserver start', /required option '--vip <address>' not specified/],
    ['realserver start --vip 192.0.2', /'--vip <address>' argument '192.0.2'.*IPv4 address/],
    ['realserver start --vip 224.0.0.1', /'--vip <address>' argument '224.0.0.1'.*unicast/],
    ['bogus', /unknown command 'bogus'/],
    ['', /Usage: xlvs/],
  ]
  for (const [commandLine, message] of cases) {
    const { status, stdout, stderr, calls } = await xlvs(commandLine)
    t.same({ status, stdout, calls }, { status: 2, stdout: '', calls: [] }, commandLine)
    t.match(stderr, message, commandLine)
  }
})

t.test('help and version', async (t) => {
  t.same(await xlvs('version'), { status: 0, stdout: '1.2.3\n', stderr: '', calls: [] })
  t.same(await xlvs('--version'), { status: 0, stdout: '1.2.3\n', stderr: '', calls: [] })
  for (const commandLine of [
    '--help',
    'help',
    'help run',
    'run --help',
    'down -h',
    'status -h',
    'realserver -h',
    'realserver start -h',
  ]) {
    const { status, stdout } = await xlvs(commandLine)
    t.equal(status, 0)
    t.match(stdout, /^Usage: xlvs/, commandLine)
  }
})

t.test('a failure has status 1 and its sentence', async (t) => {
  const run = async () => {
    throw new DirectorError('BUSY', 'another director runs on these pins')
  }
  const outcome = await xlvs('run --interface eth0', {}, { run })
  t.match(outcome, { status: 1, stderr: 'xlvs: another director runs on these pins\n' })
  const incomplete = await xlvs('realserver status --vip 192.0.2.10', {}, { realServer: async () => 1 })
  t.equal(incomplete.status, 1)
  const bug = async () => {
    throw new TypeError('a bug')
  }
  await t.rejects(xlvs('down', {}, { down: bug }), { message: 'a bug' })
})

t.test('exec', async (t) => {
  const exec = (commandLine: string) => xlvs(`exec ${commandLine}`, { XLVS_RUNTIME_DIR: '/run/a' })
  const notFound = { status: 127, stdout: '', stderr: 'xlvs: ls: no such file or directory\n' }
  const command = ['ls', '-l', '--print-env']
  t.same(await exec('ls -l --print-env'), { ...notFound, calls: [['exec', { runtimeDir: '/run/a', command }]] })
  t.same(await exec('--runtime-dir /run/b -- ls'), {
    ...notFound,
    calls: [['exec', { runtimeDir: '/run/b', command: ['ls'] }]],
  })
  const environment = 'LD_PRELOAD=/lib/x.so\nIN=/run/a\n'
  t.same(await exec('--print-env'), { status: 0, stdout: environment, stderr: '', calls: [] })
  t.match(await exec(''), { status: 2, stderr: /missing required argument 'command'/, calls: [] })
  t.match(await exec('--print-env ls'), { status: 2, stderr: /'--print-env' runs no command/, calls: [] })
  t.match(await exec('--help'), { status: 0, stdout: /^Usage: xlvs exec .*127 it was not found/s, calls: [] })
})

t.test('everything after ipvsadm is ipvsadm’s', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const env = { XLVS_RUNTIME_DIR: director.runtimeDir }
  t.match(await xlvs('ipvsadm -h', env), { status: 0, stdout: /^ipvsadm v1.31/ })
  t.match(await xlvs('ipvsadm --version', env), { status: 0, stdout: /^ipvsadm v1.31/ })
  t.match(await xlvs('ipvsadm', env), { status: 0, stdout: /^IP Virtual Server/ })
  t.match(await xlvs('ipvsadm -L --bogus', env), { status: 255, stderr: '--bogus: unknown option\n' })
  t.match(await xlvs('ipvsadm -A -t 192.0.2.10', env), { status: 2, stderr: /^Zero port/ })
  t.match(await xlvs('ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.11 -w 2', env), { status: 0, stderr: '' })
  t.match(director.commands, [{ type: 'add-server', server: { weight: 2 } }])
})

t.test('status', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const status: StatusView = {
    version: '0.1.0',
    pid: 4711,
    pinDir: '/sys/fs/bpf/xlvs',
    refusals: [{ what: 'native XDP on eth1', reason: 'the driver has no XDP (EOPNOTSUPP)' }],
    dataplane: 'xdp',
    interfaces: [
      { name: 'eth0', mode: 'native' },
      { name: 'eth1', mode: 'generic' },
    ],
    services: 2,
    servers: 1234,
    connections: {
      inUse: 262144,
      capacity: 1048576,
      assured: 230000,
      evicted: 7,
      expired: 1000,
      nearlyFull: true,
      shareLimit: 104858,
      largest: { service: { protocol: 'tcp', vip: '192.0.2.10', vport: 80 }, assured: 200000 },
    },
    verdicts: { pass_no_service: 12, route_tx: 1234567, drop_ttl: 0 },
    unresolved: ['10.0.0.12', '10.0.0.13'],
  }
  director.status = status
  const env = { XLVS_RUNTIME_DIR: director.runtimeDir }
  const text = `xlvs          0.1.0, process 4711
data plane    xdp
not used      native XDP on eth1: the driver has no XDP (EOPNOTSUPP)
interfaces    eth0 (native), eth1 (generic)
services      2, with 1,234 real servers
connections   262,144 of 1,048,576 (25.0 %), nearly full
              230,000 assured; 1,000 expired, 7 evicted
              TCP 192.0.2.10:80 has the most, 200,000: over its share of 104,858, it gets no more
unresolved    10.0.0.12, 10.0.0.13
packets
  pass_no_service               12
  route_tx               1,234,567
`
  t.same(await xlvs('status', env), { status: 0, stdout: text, stderr: '', calls: [] })
  t.match((await xlvs('status --all', env)).stdout, /^ {2}drop_ttl +0$/m)
  t.same(JSON.parse((await xlvs('status --json', env)).stdout), status)
  const none = await xlvs('status', { XLVS_RUNTIME_DIR: join(tmpdir(), 'xlvs-no-director-here') })
  t.match(none, { status: 1, stdout: '', stderr: /^xlvs: no director answers at .*xlvs.sock\n$/ })
})
